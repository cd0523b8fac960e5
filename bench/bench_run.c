/* SPDX-License-Identifier: MIT */
/*
 * bench_run.c - runs a program and writes down what it took.
 *
 *     bench-run RESULT COMMAND [ARGUMENT...]
 *
 * RESULT takes one line of JSON: {"wall_s":5.020,"cpu_s":0.310,"rss_mb":12.4,"cpu_wait_s":0.002}. MB are
 * 1,000,000 bytes of the most that was resident; cpu_wait_s is how long its main thread could have run
 * and there was no CPU for it, null where the system does not tell. Exits with the program's own status.
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

/* Field 2 of schedstat, which a process still has when it has ended and nobody has waited for it. */
static void print_waited(FILE *result, pid_t pid)
{
	unsigned long long waited = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file != NULL && fscanf(file, "%*u %llu", &waited) == 1)
		fprintf(result, "%.6f", (double)waited / 1e9);
	else
		fprintf(result, "null");
	if (file != NULL)
		fclose(file);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	siginfo_t end;
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
	if (pid < 0) {
		perror("bench-run");
		return 2;
	}
	while (waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	double wall = now() - start;
	fprintf(result, "{\"cpu_wait_s\":");
	print_waited(result, pid);
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	fprintf(result, ",\"wall_s\":%.3f,\"cpu_s\":%.3f,\"rss_mb\":%.1f}\n", wall,
		seconds(usage.ru_utime) + seconds(usage.ru_stime),
		(double)usage.ru_maxrss * 1024 / 1e6);
	if (fclose(result) != 0)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
