/* SPDX-License-Identifier: MIT */
/*
 * bench_stamp.c - runs a program and writes down when each line of its output came.
 *
 *     bench-stamp COMMAND [ARGUMENT...]
 *
 * What the program says on stdout and stderr goes through one pipe; each line is printed with the
 * CLOCK_MONOTONIC seconds of its first byte's arrival in front, which is never too early. Exits with
 * the program's own status.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void stamp(int fd)
{
	char bytes[4096];
	bool begins = true;
	ssize_t count;

	while ((count = read(fd, bytes, sizeof(bytes))) != 0) {
		double when = now();

		if (count < 0 && errno != EINTR)
			break;
		for (ssize_t i = 0; i < count; i++) {
			if (begins)
				printf("%.6f ", when);
			putchar(bytes[i]);
			begins = bytes[i] == '\n';
		}
	}
	if (!begins)
		putchar('\n');
}

int main(int argc, char **argv)
{
	int ends[2], status = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-stamp COMMAND [ARGUMENT...]\n");
		return 2;
	}
	if (pipe(ends) < 0)
		return perror("bench-stamp"), 2;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0)
		return perror("bench-stamp"), 2;
	stamp(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
