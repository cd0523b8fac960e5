/* SPDX-License-Identifier: MIT */
/* spawn.h - a program started by posix_spawn(), for process.c. Knows nothing of the loop. */
#ifndef LOOPHOUND_RUNTIME_SPAWN_H
#define LOOPHOUND_RUNTIME_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct spawn {
	const char *const *argv, *const *env;
	const char *cwd; /* NULL: ours */
	int fds[3];	 /* of ours, which become the child's 0, 1 and 2; -1: what we have there */
	const int *pass_fds;
	size_t pass_fd_count;
	bool new_session, new_group;

	pid_t pid;	     /* of the child; 0: there is none */
	const char *culprit; /* what the failure is about: argv[0] or cwd; NULL: neither */
};

/* Starts struct spawn *arg: 0 or a negative errno. Blocks until the child has become the program. */
int spawn_run(void *arg);

#endif
