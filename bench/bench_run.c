/* SPDX-License-Identifier: MIT */
/*
 * bench_run.c - runs a program and writes down what it took.
 *
 *     bench-run RESULT COMMAND [ARGUMENT...]
 *
 * RESULT takes one line: wall_s=5.020 cpu_s=0.310 rss_mb=12.4 status=0. MB are 1,000,000 bytes of
 * the most that was resident. Exits with the program's own status.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: bench-run RESULT COMMAND [ARGUMENT...]\n");
		return 2;
	}
	FILE *result = fopen(argv[1], "we");
	if (result == NULL) {
		perror(argv[1]);
		return 2;
	}
	double start = now();
	/* vfork(): the child's figures must not begin with a copy of ours. */
	pid_t pid = vfork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while (pid > 0 && wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	if (pid < 0) {
		perror("bench-run");
		return 2;
	}
	double wall = now() - start;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fprintf(result, "wall_s=%.3f cpu_s=%.3f rss_mb=%.1f status=%d\n", wall,
		seconds(usage.ru_utime) + seconds(usage.ru_stime),
		(double)usage.ru_maxrss * 1024 / 1e6, status);
	return fclose(result) == 0 ? status : 2;
}
