/* SPDX-License-Identifier: MIT */
/*
 * gather.c - asyncio.gather(): a future over many tasks.
 *
 * The outer future ends when the last child has, or with the first failure in the mode that raises.
 * Each child calls child_done, a turn after it ended; that completes outer, whose waiter runs a
 * turn later: the hops are asyncio's. Cancelling outer cancels the children and then waits for them.
 */
#include <stdlib.h>

#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/task.h"

struct child {
	struct async_handle handle;
	struct gather *gather;
	struct task *task;
	bool repeated; /* the same task stands further left */
};

struct gather {
	struct async_future outer;
	enum async_gather_mode mode;
	size_t count, unique, finished;
	bool cancel_requested;
	struct task *failed; /* whose failure ended it */
	struct child children[];
};

static bool cancel_children(struct async_future *outer)
{
	struct gather *gather = container_of(outer, struct gather, outer);
	bool any = false;

	for (size_t i = 0; i < gather->count; i++)
		if (!gather->children[i].repeated && task_cancel(gather->children[i].task, NULL))
			any = true;
	if (any)
		gather->cancel_requested = true;
	return any;
}

static void child_done(void *arg)
{
	struct child *child = arg;
	struct gather *gather = child->gather;
	int result = child->task->future.result;

	gather->finished++;
	child->task->retrieved = true;
	if (async_future_done(&gather->outer))
		return;
	if (gather->mode == ASYNC_RAISE && result < 0) {
		gather->failed = child->task;
		future_complete(&gather->outer, ASYNC_FINISHED, result);
	} else if (gather->finished == gather->unique) {
		future_complete(&gather->outer, ASYNC_FINISHED,
				gather->cancel_requested ? ASYNC_ECANCELED : 0);
	}
}

/* Those that are done count at once, when all callbacks are in place; so do asyncio's. */
static void start(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++) {
		struct child *child = &gather->children[i];

		if (!child->repeated && !async_future_done(&child->task->future))
			async_future_add_done_callback(&child->task->future, &child->handle,
						       child_done, child);
	}
	for (size_t i = 0; i < gather->count; i++) {
		struct child *child = &gather->children[i];

		if (!child->repeated && async_future_done(&child->task->future) &&
		    !list_linked(&child->handle.node))
			child_done(child);
	}
}

/* What still runs is left alone; its failure counts as read, as it would have been by its callback. */
static void finish(struct gather *gather, int *results)
{
	for (size_t i = 0; i < gather->count; i++) {
		struct child *child = &gather->children[i];
		struct task *task = child->task;

		if (results)
			results[i] = async_future_done(&task->future) ? task->future.result
								      : ASYNC_EINVALIDSTATE;
		async_handle_cancel(&child->handle);
		if (!child->repeated) {
			task->retrieved = true;
			task_drop(task);
		}
	}
}

static struct gather *prepare(const char *here, struct async_task *const *tasks, size_t n,
			      enum async_gather_mode mode)
{
	struct gather *gather = calloc(1, sizeof *gather + n * sizeof gather->children[0]);

	if (!gather)
		return NULL;
	gather->outer.cancel = cancel_children;
	gather->mode = mode;
	gather->count = n;
	for (size_t i = 0; i < n; i++) {
		struct child *child = &gather->children[i];

		child->gather = gather;
		child->task = task_of(here, "async_gather", tasks[i]);
		/* mark is 0 but during this loop; it makes looking for repetitions linear. */
		child->repeated = child->task->mark;
		child->task->mark = true;
		if (!child->repeated) {
			gather->unique++;
			task_take(child->task);
		}
	}
	for (size_t i = 0; i < n; i++)
		gather->children[i].task->mark = false;
	return gather;
}

int async_gather_at(const char *here, struct async_task *const *tasks, size_t n,
		    enum async_gather_mode mode, int *results)
{
	struct task *task = task_here(here, "async_gather");
	struct gather *gather;
	int rc;

	if (n == 0)
		return 0;
	gather = prepare(here, tasks, n, mode);
	if (!gather)
		return async_raise(ASYNC_ENOMEM, "no memory to gather %zu tasks", n);
	start(gather);
	rc = future_wait(task, here, &gather->outer);
	if (gather->failed)
		task_inherit(task, gather->failed, rc);
	finish(gather, results);
	free(gather);
	return rc;
}
