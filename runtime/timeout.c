/* SPDX-License-Identifier: MIT */
/*
 * timeout.c - asyncio.timeout() and wait_for().
 *
 * At the deadline the task is cancelled like by anybody else; at the end of the stretch the count of
 * cancellations tells whether the deadline was the only one, and only then does ASYNC_ECANCELED
 * become ASYNC_ETIMEOUT.
 */
#include <math.h>

#include "runtime/cancel.h"
#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/scope.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

static void expire(void *arg)
{
	struct async_timeout *limit = arg;

	trace_cause(loop_current, TRACE_BY_TIMER, 0);
	limit->stage = ASYNC_TIMEOUT_EXPIRING;
	limit->expired = true;
	cancel_from_depth(limit->task, limit->depth);
}

static void arm(struct async_timeout *limit, double seconds)
{
	must(!isnan(seconds), "the timeout begun at %s: Invalid delay: NaN (not a number)",
	     limit->begun_at);
	limit->when = seconds == ASYNC_NO_TIMEOUT ? seconds : async_time() + seconds;
	if (seconds == ASYNC_NO_TIMEOUT)
		return;
	if (!(seconds > 0))
		async_call_soon(&limit->timer.handle, expire, limit);
	else
		async_call_later(&limit->timer, seconds, expire, limit);
}

void async_timeout_begin_at(const char *here, struct async_timeout *limit, double seconds)
{
	struct task *task = task_here(here, "async_timeout_begin");

	*limit = (struct async_timeout){
		.stage = ASYNC_TIMEOUT_ENTERED,
		.task = task,
		.depth = scope_depth(task),
		.outer = task->limit,
		.begun_at = here,
	};
	task->limit = limit;
	task->limit_begun_at = here;
	/*
	 * A cancellation that was asked for before and is not delivered yet will end the first wait
	 * inside. A limit that is over before that is not to take it for its own work, as CPython does
	 * (gh-134471): it counts as one that came during the stretch.
	 */
	limit->saved_cancelling = seconds > 0 ? task->cancelling : scope_saved_cancelling(task);
	arm(limit, seconds);
}

/* Its own failure, whatever the task has failed with before. */
static int time_out(struct task *task)
{
	task_set_record(task, ASYNC_ETIMEOUT, NULL);
	return ASYNC_ETIMEOUT;
}

int async_timeout_end(struct async_timeout *limit, int rc)
{
	struct task *task = limit->task;

	must(limit->stage != ASYNC_TIMEOUT_OUTSIDE, "async_timeout_end: %s",
	     "Timeout has not been entered");
	must(loop_current && task == loop_current->current,
	     "async_timeout_end: called by another task than async_timeout_begin");
	must(task->limit == limit, "async_timeout_end: the timeout begun at %s is inside this one",
	     task->limit_begun_at);
	task->limit = limit->outer;
	task->limit_begun_at = limit->outer ? limit->outer->begun_at : NULL;
	async_timer_cancel(&limit->timer);
	if (limit->stage == ASYNC_TIMEOUT_EXPIRING &&
	    task_uncancel(task) <= limit->saved_cancelling && rc == ASYNC_ECANCELED)
		rc = time_out(task);
	limit->stage = ASYNC_TIMEOUT_OUTSIDE;
	return rc;
}

bool async_timeout_expired(const struct async_timeout *limit)
{
	return limit->expired;
}

double async_timeout_when(const struct async_timeout *limit)
{
	return limit->when;
}

void async_timeout_reschedule(struct async_timeout *limit, double seconds)
{
	must(limit->stage == ASYNC_TIMEOUT_ENTERED, "async_timeout_reschedule: %s",
	     limit->stage == ASYNC_TIMEOUT_EXPIRING ? "Cannot change state of expiring Timeout"
						    : "Timeout has not been entered");
	async_timer_cancel(&limit->timer);
	arm(limit, seconds);
}

/* ---- wait_for -------------------------------------------------------------------------------- */

struct ending {
	struct async_future waiter;
	const struct async_future *future;
};

static void describe(struct wait_view *view, const struct async_future *waiter)
{
	struct ending ending;
	uint64_t id;

	if (!wait_peek_around(view, &ending, waiter, waiter) ||
	    (id = wait_on(view, ending.future)) == 0)
		return;
	wait_say(view, " of ");
	wait_say_task(view, id);
}

static const struct async_future_kind kind = { &kind, "cancelled end", NULL, describe };

static void release_waiter(void *waiter)
{
	async_future_set_result(waiter, 0);
}

/* Cancels and waits for the end, whatever it is; a turn later than an await would, as in asyncio. */
static int cancel_and_wait(struct task *task, const char *here, struct async_future *future)
{
	struct ending ending = { .waiter.kind = &kind, .future = future };
	struct async_handle callback = { 0 };
	int rc;

	async_future_add_done_callback(future, &callback, release_waiter, &ending.waiter);
	async_future_cancel(future);
	rc = future_wait(task, here, &ending.waiter);
	async_handle_cancel(&callback);
	if (rc < 0)
		return rc;
	rc = future_wait(task, here, future);
	return rc == ASYNC_ECANCELED ? time_out(task) : rc;
}

int async_wait_for_future_at(const char *here, struct async_future *future, double seconds)
{
	struct task *task = task_here(here, "async_wait_for");
	struct async_timeout limit;

	future->kept = true;
	if (isnan(seconds))
		return async_raise(ASYNC_EINVAL, "Invalid timeout: NaN (not a number)");
	must(future, "async_wait_for at %s: the future is NULL", here);
	if (future == &task->future)
		return task_await_itself(here);
	if (seconds <= 0)
		return async_future_done(future) ? future_wait(task, here, future)
						 : cancel_and_wait(task, here, future);
	async_timeout_begin_at(here, &limit, seconds);
	return async_timeout_end(&limit, future_wait(task, here, future));
}

int async_wait_for_at(const char *here, struct async_task *handle, double seconds)
{
	struct task *child = task_of(here, "async_wait_for", handle);
	int rc;

	task_take(child);
	rc = async_wait_for_future_at(here, &child->future, seconds);
	task_drop(child);
	return rc;
}
