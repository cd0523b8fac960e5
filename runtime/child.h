/* SPDX-License-Identifier: MIT */
/*
 * child.h - a child of this process, from its start until it is reaped, for process.c.
 *
 * Who waits is a pidfd in the poller (child_pidfd.c; where there are none, child_no_pidfd.c stands
 * for it), or a thread that sees the end but does not reap (child_thread.c). In both cases the loop's
 * own thread reaps: until then the pid is the child's, whatever it does, and so a signal sent from
 * this thread cannot meet another process.
 */
#ifndef LOOPHOUND_RUNTIME_CHILD_H
#define LOOPHOUND_RUNTIME_CHILD_H

#include <sys/types.h>

#include "runtime/future.h"

struct job;

struct child {
	pid_t pid;
	bool ended;	/* and reaped */
	int returncode; /* as asyncio's: negative for a signal */
	void (*has_ended)(struct child *child);

	/* Who waits; private to child*.c. */
	int pidfd;		     /* -1: none */
	struct async_future exit;    /* completed by the pidfd */
	struct async_handle noticed; /* when it is */
	struct job *job;	     /* the thread's; NULL: none */
};

/* Watches child->pid; has_ended(child) runs on the loop once. 0 or a negative code. */
int child_watch(struct child *child);

/*
 * Ends the watch before has_ended(). A thread that still waits, because the child is not even reaped,
 * is left behind when the loop closes.
 */
void child_unwatch(struct child *child);

/* 0 or a negative errno; -ESRCH when it is reaped. */
int child_signal(const struct child *child, int signo);

/* False: it still runs. Else it is reaped, and ended. flags: 0 or WNOHANG. */
bool child_reap(struct child *child, int flags);

/* child_pidfd.c: 0, or a negative errno, and then a thread has to do. */
int child_pidfd_watch(struct child *child);
void child_pidfd_unwatch(struct child *child);
int child_pidfd_signal(const struct child *child, int signo);

/* child_thread.c: 0 or a negative code. */
int child_thread_watch(struct child *child);
void child_thread_unwatch(struct child *child);

#endif
