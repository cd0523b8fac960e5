/* SPDX-License-Identifier: MIT */
/*
 * waiting.c - asyncio.wait(): a callback on each, which counts, and one future that it completes.
 *
 * What is done is looked at when the waiter runs again, so it may be more than what woke it.
 */
#include <math.h>

#include "runtime/async.h"
#include "runtime/chain.h"
#include "runtime/children.h"
#include "runtime/future.h"
#include "runtime/trace/trace.h"

struct wait {
	struct async_future waiter;
	struct children children;
	enum async_return_when when;
	size_t left;
	struct async_timer limit;
};

static void describe(struct wait_view *view, const struct async_future *waiter)
{
	struct wait wait;

	if (!wait_peek_around(view, &wait, waiter, waiter))
		return;
	children_describe(view, &wait.children);
	if (!wait.limit.pending)
		return;
	wait_say(view, ", at most ");
	wait_say_time_until(view, wait.limit.when);
}

static const struct async_future_kind kind = { &kind, "wait", NULL, describe };

static void time_is_up(void *waiter)
{
	trace_cause(loop_current, TRACE_BY_TIMER, 0);
	async_future_set_result(waiter, 0);
}

static void release(void *waiter)
{
	async_future_set_result(waiter, 0);
}

static void child_done(void *arg)
{
	struct child *child = arg;
	struct wait *wait = child->owner;
	struct async_future *future = child->future;
	bool failed = future->state == ASYNC_FINISHED && future->result < 0;

	trace_cause_future(future);
	if (--wait->left == 0 || wait->when == ASYNC_FIRST_COMPLETED) {
		release(&wait->waiter);
	} else if (wait->when == ASYNC_FIRST_EXCEPTION && failed) {
		/* Whoever looks for a failure has read it; so it is in asyncio. */
		future->retrieved = true;
		release(&wait->waiter);
	}
}

const struct async_future *wait_leads_to(const struct async_handle *handle)
{
	struct child child;

	if (handle->run != child_done || !chain_peek(&child, handle->arg, sizeof child))
		return NULL;
	return &((const struct wait *)child.owner)->waiter;
}

static int count_done(const struct wait *wait, size_t *pending)
{
	size_t done = 0;

	for (size_t i = 0; i < wait->children.count; i++)
		if (!wait->children.list[i].repeated &&
		    async_future_done(wait->children.list[i].future))
			done++;
	if (pending)
		*pending = wait->children.unique - done;
	return (int)done;
}

static int wait_limited(struct wait *wait, struct task *task, const char *here, double seconds)
{
	int rc;

	wait->waiter = (struct async_future){ .kind = &kind };
	wait->left = wait->children.unique;
	if (seconds != ASYNC_NO_TIMEOUT)
		async_call_later(&wait->limit, seconds, time_is_up, &wait->waiter);
	for (size_t i = 0; i < wait->children.count; i++) {
		wait->children.list[i].owner = wait;
		if (!wait->children.list[i].repeated)
			children_watch(&wait->children.list[i], child_done);
	}
	rc = future_wait(task, here, &wait->waiter);
	async_timer_cancel(&wait->limit);
	return rc;
}

static int check(size_t n, enum async_return_when when, double seconds)
{
	if (n == 0)
		return async_raise(ASYNC_EINVAL, "Set of Tasks/Futures is empty.");
	if (when > ASYNC_FIRST_EXCEPTION)
		return async_raise(ASYNC_EINVAL, "Invalid return_when value: %d", (int)when);
	if (isnan(seconds))
		return async_raise(ASYNC_EINVAL, "Invalid timeout: NaN (not a number)");
	return 0;
}

static int finish(struct wait *wait, struct task *task, const char *here, double seconds, int rc,
		  size_t *pending)
{
	if (rc < 0)
		return async_raise(rc, "no memory to wait for so many");
	rc = wait_limited(wait, task, here, seconds);
	if (rc == 0)
		rc = count_done(wait, pending);
	children_close(&wait->children);
	return rc;
}

int async_wait_at(const char *here, struct async_task *const *tasks, size_t n,
		  enum async_return_when when, double seconds, size_t *pending)
{
	struct task *task = task_here(here, "async_wait");
	struct wait wait = { .when = when };
	int rc = check(n, when, seconds);

	if (rc < 0)
		return rc;
	rc = children_of_tasks(&wait.children, here, "async_wait", tasks, n);
	return finish(&wait, task, here, seconds, rc, pending);
}

int async_wait_futures_at(const char *here, struct async_future *const *futures, size_t n,
			  enum async_return_when when, double seconds, size_t *pending)
{
	struct task *task = task_here(here, "async_wait");
	struct wait wait = { .when = when };
	int rc = check(n, when, seconds);

	if (rc < 0)
		return rc;
	rc = children_of_futures(&wait.children, futures, n);
	return finish(&wait, task, here, seconds, rc, pending);
}
