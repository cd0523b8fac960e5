/* SPDX-License-Identifier: MIT */
/* children.h - children of a loop: run, started, heard out; all of them reaped. */
#ifndef LOOPHOUND_TESTS_CHILDREN_H
#define LOOPHOUND_TESTS_CHILDREN_H

#include <stdlib.h>
#include <sys/wait.h>

#include "runtime/async.h"
#include "tests/harness.h"

typedef struct async_process_options options;

static inline int run(int (*fn)(void *arg))
{
	int rc = async_run(fn, NULL);

	/* Reaped, all of them. */
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	return rc;
}

/* The returncode of a shell command. */
static inline int shell(const char *command)
{
	struct async_process *process;
	int returncode = 0;

	CHECK_INT(async_create_subprocess_shell(&process, command, NULL), 0);
	CHECK_INT(async_process_wait(process, &returncode), 0);
	async_process_close(process);
	return returncode;
}

static inline struct async_process *start(const char *command, const options *chosen)
{
	struct async_process *process;

	CHECK_INT(async_create_subprocess_shell(&process, command, chosen), 0);
	return process;
}

#endif
