/* SPDX-License-Identifier: MIT */
/*
 * process_pipe.c - the child's stdin, stdout and stderr: pipes, /dev/null, somebody's fd.
 *
 * Each end of a pipe has flags of its own: ours does not block, the child's does, as programs expect.
 */
#include <fcntl.h>
#include <unistd.h>

#include "runtime/base.h"
#include "runtime/portable.h"
#include "runtime/process.h"

static int open_pipe(struct async_process *process, int number, int *childs)
{
	int ends[2], ours = number == 0 ? 1 : 0;

	if (portable_pipe(ends) < 0)
		return -errno;
	process->pipes[number] = ends[ours];
	*childs = ends[1 - ours];
	return fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_one(struct async_process *process, int number, int choice,
		    struct process_stdio *stdio)
{
	int rc = 0;

	switch (choice) {
	case ASYNC_INHERIT:
		return 0;
	case ASYNC_PIPE:
		rc = open_pipe(process, number, &stdio->opened[number]);
		break;
	case ASYNC_DEVNULL:
		stdio->opened[number] = open("/dev/null", O_RDWR | O_CLOEXEC);
		rc = stdio->opened[number] < 0 ? -errno : 0;
		break;
	case ASYNC_STDOUT:
		if (number != 2)
			return async_raise(ASYNC_EINVAL, "STDOUT can only be used for stderr");
		stdio->fds[2] = stdio->fds[1] < 0 ? 1 : stdio->fds[1];
		return 0;
	default:
		if (choice < 0)
			return async_raise(ASYNC_EINVAL, "not an fd for a child: %d", choice);
		stdio->fds[number] = choice;
		return 0;
	}
	stdio->fds[number] = stdio->opened[number];
	return rc < 0 ? async_raise(rc, "no %s for a child: %s",
				    choice == ASYNC_PIPE ? "pipe" : "/dev/null", async_strerror(rc))
		      : 0;
}

int process_open_stdio(struct async_process *process, struct process_stdio *stdio,
		       const struct async_process_options *options)
{
	const int choices[3] = { options->stdin_from, options->stdout_to, options->stderr_to };
	int rc = 0;

	*stdio = (struct process_stdio){ { -1, -1, -1 }, { -1, -1, -1 } };
	for (int i = 0; i < 3; i++)
		process->pipes[i] = -1;
	process->feeds = options->stdin_from == ASYNC_PIPE;
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = open_one(process, i, choices[i], stdio);
	return rc;
}

void process_close_stdio(struct process_stdio *stdio)
{
	for (int i = 0; i < 3; i++)
		if (stdio->opened[i] >= 0)
			close(stdio->opened[i]);
}

void process_close_pipes(struct async_process *process)
{
	for (int i = 0; i < 3; i++)
		async_process_close_pipe(process, i);
}

/* ---- Public ---------------------------------------------------------------------------------- */

int async_process_pipe(const struct async_process *process, int number)
{
	must(number >= 0 && number < 3, "async_process_pipe: %d is not 0, 1 or 2", number);
	return process->pipes[number];
}

int async_process_detach(struct async_process *process, int number)
{
	int fd = async_process_pipe(process, number);

	must(!process->communicating, "async_process_detach: a task is in communicate()");
	process->pipes[number] = -1;
	return fd;
}

int async_process_close_pipe(struct async_process *process, int number)
{
	int fd = async_process_pipe(process, number);

	process->pipes[number] = -1;
	return fd < 0 ? 0 : async_close(fd);
}
