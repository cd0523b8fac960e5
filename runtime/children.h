/* SPDX-License-Identifier: MIT */
/*
 * children.h - the futures that gather, wait and as_completed look after, for runtime/ only.
 *
 * A list of futures with a callback record for each. Tasks among them are kept alive until the list
 * is closed. The same future may be named twice: only the first place counts.
 */
#ifndef LOOPHOUND_RUNTIME_CHILDREN_H
#define LOOPHOUND_RUNTIME_CHILDREN_H

#include "runtime/task.h"
#include "runtime/wait.h"

struct child {
	struct async_handle handle;
	struct async_list node; /* as_completed: among those that have finished */
	struct async_future *future;
	void *owner;
	bool repeated; /* the same future stands further left */
};

struct children {
	struct child *list;
	size_t count, unique;
};

/* 0 or ASYNC_ENOMEM. A stale handle aborts, naming what and here. */
int children_of_tasks(struct children *children, const char *here, const char *what,
		      struct async_task *const *tasks, size_t n);
int children_of_futures(struct children *children, struct async_future *const *futures, size_t n);

/* run(child) in the turn after its end, or in the next if it is done. */
void children_watch(struct child *child, void (*run)(void *child));

/* For describe: " of 3, 1 done"; the waiter waits for each that is not. */
void children_describe(struct wait_view *view, const struct children *children);

/*
 * Before children_close(), where asyncio leaves its callbacks on what has not finished: they do nothing
 * any more, but a turn goes by with them.
 */
void children_leave(struct children *children);

/* Takes all callbacks back, also those that are on their way, and lets the tasks go. */
void children_close(struct children *children);

#endif
