/* SPDX-License-Identifier: MIT */
/*
 * completion.c - asyncio.as_completed(): those that have finished stand in a queue, in that order.
 *
 * Who asks takes the first or waits for the next; the time's end puts one blank into the queue for
 * each that has not finished. The queue is asyncio's: a waiter that was woken and then cancelled
 * passes the wake-up on, and one who was overtaken waits again at the end.
 */
#include <math.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "runtime/chain.h"
#include "runtime/children.h"
#include "runtime/trace/trace.h"
#include "runtime/waiter.h"

struct async_completion {
	struct async_list waiters;
	struct async_list finished; /* of struct child */
	struct async_timer timer;
	size_t blanks; /* behind all that finished in time */
	size_t unfinished, unasked;
	struct children children;
};

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct async_completion completion;

	if (!waiter_peek_owner(view, future, &completion, sizeof completion))
		return;
	children_describe(view, &completion.children);
	if (!completion.timer.pending)
		return;
	wait_say(view, ", at most ");
	wait_say_time_until(view, completion.timer.when);
}

static const struct async_future_kind kind = { &kind, "as_completed", NULL, describe };

static void child_done(void *arg)
{
	struct child *child = arg;
	struct async_completion *completion = child->owner;

	trace_cause_future(child->future);
	list_append(&completion->finished, &child->node);
	waiter_wake_next(&completion->waiters);
	if (--completion->unfinished == 0)
		async_timer_cancel(&completion->timer);
}

/* Whoever asks for the next, if anybody does. */
const struct async_future *completion_leads_to(const struct async_handle *handle)
{
	const struct async_completion *at;
	struct async_completion copy;
	struct child child;

	if (handle->run != child_done || !chain_peek(&child, handle->arg, sizeof child))
		return NULL;
	at = child.owner;
	if (!chain_peek(&copy, at, sizeof copy) || !copy.waiters.next ||
	    copy.waiters.next == &at->waiters)
		return NULL;
	return &waiter_of(copy.waiters.next)->future;
}

static void time_is_up(void *arg)
{
	struct async_completion *completion = arg;
	struct children *children = &completion->children;

	trace_cause(loop_current, TRACE_BY_TIMER, 0);
	for (size_t i = 0; i < children->count; i++)
		async_handle_cancel(&children->list[i].handle);
	for (; completion->unfinished; completion->unfinished--) {
		completion->blanks++;
		waiter_wake_next(&completion->waiters);
	}
}

static struct async_completion *begin(struct children *children, int rc, double seconds)
{
	struct async_completion *completion = rc == 0 ? calloc(1, sizeof *completion) : NULL;

	task_set_last_error(completion ? 0 : ASYNC_ENOMEM);
	if (!completion) {
		if (rc == 0)
			children_close(children);
		return NULL;
	}
	completion->children = *children;
	completion->unfinished = completion->unasked = children->unique;
	for (size_t i = 0; i < children->count; i++) {
		children->list[i].owner = completion;
		if (!children->list[i].repeated)
			children_watch(&children->list[i], child_done);
	}
	if (children->count && seconds != ASYNC_NO_TIMEOUT)
		async_call_later(&completion->timer, seconds, time_is_up, completion);
	return completion;
}

static bool is_limit(double seconds)
{
	if (isnan(seconds))
		task_set_last_error(ASYNC_EINVAL);
	return !isnan(seconds);
}

struct async_completion *async_as_completed_at(const char *here, struct async_task *const *tasks,
					       size_t n, double seconds)
{
	struct children children;

	if (!is_limit(seconds))
		return NULL;
	return begin(&children, children_of_tasks(&children, here, "async_as_completed", tasks, n),
		     seconds);
}

struct async_completion *async_as_completed_futures(struct async_future *const *futures, size_t n,
						    double seconds)
{
	struct children children;

	if (!is_limit(seconds))
		return NULL;
	return begin(&children, children_of_futures(&children, futures, n), seconds);
}

static bool empty(const struct async_completion *completion)
{
	return list_empty(&completion->finished) && completion->blanks == 0;
}

static int take(struct async_completion *completion, size_t *which)
{
	struct async_list *node = list_take(&completion->finished);

	if (!node) {
		completion->blanks--;
		return async_raise(ASYNC_ETIMEOUT, "not finished in time");
	}
	if (which)
		*which = (size_t)(container_of(node, struct child, node) -
				  completion->children.list);
	return 1;
}

int async_as_completed_next_at(const char *here, struct async_completion *completion, size_t *which)
{
	struct task *task = task_here(here, "async_as_completed_next");

	if (completion->unasked == 0)
		return 0;
	completion->unasked--;
	while (empty(completion)) {
		struct waiter waiter;
		int rc = waiter_wait(&waiter, &completion->waiters, task, here, &kind, completion);

		if (rc == 0)
			continue;
		if (waiter_woken(&waiter) && !empty(completion))
			waiter_wake_next(&completion->waiters);
		return rc;
	}
	return take(completion, which);
}

void async_as_completed_end(struct async_completion *completion)
{
	must(list_empty(&completion->waiters),
	     "async_as_completed_end: a task is still waiting for the next");
	async_timer_cancel(&completion->timer);
	children_leave(&completion->children);
	children_close(&completion->children);
	free(completion);
}
