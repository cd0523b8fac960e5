/* SPDX-License-Identifier: MIT */
/*
 * gather.c - asyncio.gather(): a future over many.
 *
 * The outer future ends when the last child has, or with the first failure in the mode that raises.
 * Each child calls child_done, a turn after it ended; that completes outer, whose waiter runs a
 * turn later: the hops are asyncio's. Cancelling outer cancels the children and then waits for them.
 */
#include <stdlib.h>

#include "runtime/async.h"
#include "runtime/cancel.h"
#include "runtime/chain.h"
#include "runtime/children.h"
#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"

struct async_gathering {
	struct async_future outer;
	enum async_gather_mode mode;
	size_t finished;
	bool cancel_requested;
	struct children children;
};

/* One that is named twice is asked twice, as in asyncio: its count of cancellations tells. */
static bool cancel_children(struct async_future *outer)
{
	struct async_gathering *gather = container_of(outer, struct async_gathering, outer);
	bool any = false;

	for (size_t i = 0; i < gather->children.count; i++)
		any |= async_future_cancel(gather->children.list[i].future);
	if (any)
		gather->cancel_requested = true;
	return any;
}

static void describe(struct wait_view *view, const struct async_future *outer)
{
	struct async_gathering gather;

	if (wait_peek_around(view, &gather, outer, outer))
		children_describe(view, &gather.children);
}

static const struct async_future_kind kind = { &kind, "gather", cancel_children, describe };

/*
 * The outer future ends as the child did, with its message. A child's cancellation is a failure. One
 * that has swallowed the cancellation asked for still gives its message.
 */
static void end_as(struct async_gathering *gather, struct async_future *child, int code)
{
	if (child->result == code)
		gather->outer.record = task_take_record(child);
	else
		gather->outer.record = error_record_take(cancel_asked(child));
	future_complete(&gather->outer, ASYNC_FINISHED, code);
}

static void child_done(void *arg)
{
	struct child *child = arg;
	struct async_gathering *gather = child->owner;
	struct children *children = &gather->children;
	int result = child->future->result;

	trace_cause_future(child->future);
	gather->finished++;
	child->future->retrieved = true;
	if (async_future_done(&gather->outer))
		return;
	if (gather->mode == ASYNC_RAISE && result < 0)
		end_as(gather, child->future, result);
	else if (gather->finished < children->unique)
		return;
	else if (gather->cancel_requested)
		end_as(gather, children->list[children->count - 1].future, ASYNC_ECANCELED);
	else
		future_complete(&gather->outer, ASYNC_FINISHED, 0);
}

const struct async_future *gather_leads_to(const struct async_handle *handle)
{
	struct child child;

	if (handle->run != child_done || !chain_peek(&child, handle->arg, sizeof child))
		return NULL;
	return &((const struct async_gathering *)child.owner)->outer;
}

/* Those that are done count at once, when all callbacks are in place; so do asyncio's. */
static void start(struct async_gathering *gather)
{
	struct children *children = &gather->children;

	for (size_t i = 0; i < children->count; i++)
		if (!children->list[i].repeated && !async_future_done(children->list[i].future))
			children_watch(&children->list[i], child_done);
	for (size_t i = 0; i < children->count; i++)
		if (!children->list[i].repeated && !list_linked(&children->list[i].handle.node))
			child_done(&children->list[i]);
	if (children->count == 0)
		future_complete(&gather->outer, ASYNC_FINISHED, 0);
}

static struct async_gathering *begin(struct children *children, int rc, enum async_gather_mode mode)
{
	struct async_gathering *gather = rc == 0 ? calloc(1, sizeof *gather) : NULL;

	task_set_last_error(gather ? 0 : ASYNC_ENOMEM);
	if (!gather) {
		if (rc == 0)
			children_close(children);
		return NULL;
	}
	gather->outer.kind = &kind;
	gather->mode = mode;
	gather->children = *children;
	for (size_t i = 0; i < children->count; i++)
		gather->children.list[i].owner = gather;
	start(gather);
	return gather;
}

struct async_gathering *async_gather_begin_at(const char *here, struct async_task *const *tasks,
					      size_t n, enum async_gather_mode mode)
{
	struct children children;

	return begin(&children, children_of_tasks(&children, here, "async_gather", tasks, n), mode);
}

struct async_gathering *async_gather_begin_futures(struct async_future *const *futures, size_t n,
						   enum async_gather_mode mode)
{
	struct children children;

	return begin(&children, children_of_futures(&children, futures, n), mode);
}

struct async_future *async_gathering_future(struct async_gathering *gather)
{
	return &gather->outer;
}

/* What still runs is left alone; its failure counts as read, as it would have been by its callback. */
void async_gather_end(struct async_gathering *gather, int *results)
{
	struct children *children = &gather->children;

	must(list_empty(&gather->outer.callbacks), "async_gather_end: a task still waits for it");
	for (size_t i = 0; i < children->count; i++) {
		struct async_future *future = children->list[i].future;

		if (results)
			results[i] =
				async_future_done(future) ? future->result : ASYNC_EINVALIDSTATE;
		future->retrieved = true;
	}
	children_leave(children);
	children_close(children);
	error_record_drop(gather->outer.record);
	free(gather);
}

int async_gather_at(const char *here, struct async_task *const *tasks, size_t n,
		    enum async_gather_mode mode, int *results)
{
	struct task *task = task_here(here, "async_gather");
	struct async_gathering *gather;
	int rc;

	if (n == 0)
		return 0;
	gather = async_gather_begin_at(here, tasks, n, mode);
	if (!gather)
		return async_raise(ASYNC_ENOMEM, "no memory to gather %zu tasks", n);
	rc = future_wait(task, here, &gather->outer);
	async_gather_end(gather, results);
	return rc;
}
