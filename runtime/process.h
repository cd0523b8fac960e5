/* SPDX-License-Identifier: MIT */
/* process.h - a process from the inside, for process*.c. */
#ifndef LOOPHOUND_RUNTIME_PROCESS_H
#define LOOPHOUND_RUNTIME_PROCESS_H

#include "runtime/child.h"

struct process_output {
	char *data;
	size_t size, capacity; /* there is room for a NUL after capacity */
};

struct async_process {
	struct async_list node; /* in loop->processes */
	struct child child;	/* pid 0: not started */
	struct async_list waiters;
	int users; /* tasks in a wait of its: it is not freed under them */
	bool closed;

	int pipes[3]; /* our ends; -1: none */
	bool feeds;   /* stdin was a pipe */

	/* communicate() */
	bool communicating;
	size_t max_output, fed;
	struct process_output outputs[2];
};

/* Frees it when it is closed, has ended, and nobody is in it. */
void process_drop(struct async_process *process);

/* What the child gets as 0, 1 and 2, until it has been started. */
struct process_stdio {
	int fds[3];    /* as struct spawn has them */
	int opened[3]; /* those of them that are to be closed; -1 */
};
/* Makes the pipes; ours go into process->pipes. 0 or a negative code; close it in any case. */
int process_open_stdio(struct async_process *process, struct process_stdio *stdio,
		       const struct async_process_options *options);
void process_close_stdio(struct process_stdio *stdio);
void process_close_pipes(struct async_process *process);

#endif
