/* SPDX-License-Identifier: MIT */
/* timeouts.c - timeout() and wait_for(). Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

#define TRUTH(condition) ((condition) ? "True" : "False")

static int cancelling(void)
{
	return async_cancelling(async_current_task());
}

SCENARIO(wait_for_timeout_waits_for_cleanup)
{
	struct async_task *task = WORKER("T", .n = 1, .dt = 10, .cleanup = 3);

	if (async_wait_for(task, 1) == ASYNC_ETIMEOUT)
		trace("TimeoutError; T %s", status(task));
	return 0;
}

SCENARIO(wait_for_zero_not_started)
{
	if (async_wait_for(WORKER("T"), 0) == ASYNC_ETIMEOUT)
		trace("TimeoutError");
	return 0;
}

/* A coroutine that wait_for() is given is no task: it runs in the caller. */
SCENARIO(wait_for_inner_raises_on_cancel)
{
	struct async_timeout limit;
	int rc;

	async_timeout_begin(&limit, 1);
	async_sleep(10);
	rc = async_timeout_end(&limit, exception("KeyError('k')"));
	trace("%s", outcome(rc));
	return 0;
}

SCENARIO(wait_for_zero_done)
{
	struct async_future future;

	async_future_init(&future);
	async_future_set_result(&future, 1);
	trace("%d", async_wait_for_future(&future, 0));
	return 0;
}

static int wait_for_future(void *arg)
{
	return async_wait_for_future(*(struct async_future **)arg, 5);
}

SCENARIO(wait_for_cancel_same_tick_as_result)
{
	struct async_future future, *pointer = &future;
	struct async_task *task;

	async_future_init(&future);
	task = async_create_task_copy(wait_for_future, &pointer, sizeof pointer);
	yield(1);
	async_future_set_result(&future, value("v"));
	async_cancel(task);
	wait_one(task);
	trace("t %s", status(task));
	return 0;
}

SCENARIO(timeout_basic)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 1);
	if (async_timeout_end(&limit, async_sleep(5)) == ASYNC_ETIMEOUT)
		trace("TimeoutError expired %s cancelling %d", TRUTH(async_timeout_expired(&limit)),
		      cancelling());
	return 0;
}

SCENARIO(timeout_inner_first)
{
	struct async_timeout outer, inner;

	async_timeout_begin(&outer, 2);
	async_timeout_begin(&inner, 1);
	if (async_timeout_end(&inner, async_sleep(5)) == ASYNC_ETIMEOUT)
		trace("inner TimeoutError");
	if (async_timeout_end(&outer, async_sleep(5)) == ASYNC_ETIMEOUT)
		trace("outer TimeoutError");
	return 0;
}

SCENARIO(timeout_body_swallows)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 1);
	if (async_sleep(5) == ASYNC_ECANCELED)
		trace("swallowed");
	if (async_timeout_end(&limit, 0) == 0)
		trace("no TimeoutError; expired %s cancelling %d",
		      TRUTH(async_timeout_expired(&limit)), cancelling());
	return 0;
}

static int sleep_limited(void *arg)
{
	struct async_timeout limit;
	int rc;

	(void)arg;
	async_timeout_begin(&limit, 1);
	rc = async_timeout_end(&limit, async_sleep(5));
	if (rc == ASYNC_ETIMEOUT)
		trace("TimeoutError");
	else if (rc == ASYNC_ECANCELED)
		trace("CE; expired %s cancelling %d", TRUTH(async_timeout_expired(&limit)),
		      cancelling());
	return rc;
}

static void cancel_task(void *task)
{
	async_cancel(task);
}

SCENARIO(timeout_external_cancel_same_tick)
{
	struct async_task *task = async_create_task(sleep_limited, NULL);
	struct async_timer timer = { 0 };

	async_call_later(&timer, 1, cancel_task, task);
	wait_one(task);
	trace("%s", status(task));
	return 0;
}

static int sleep_in_long_limit(void *arg)
{
	struct async_timeout limit;
	int rc;

	(void)arg;
	async_timeout_begin(&limit, 10);
	rc = async_sleep(5);
	trace("expired %s", TRUTH(async_timeout_expired(&limit)));
	return async_timeout_end(&limit, rc);
}

SCENARIO(timeout_foreign_cancel_not_expired)
{
	struct async_task *task = async_create_task(sleep_in_long_limit, NULL);

	yield(1);
	async_cancel(task);
	wait_one(task);
	trace("%s", status(task));
	return 0;
}

SCENARIO(timeout_zero_no_await)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 0);
	trace("body");
	async_timeout_end(&limit, 0);
	trace("expired %s", TRUTH(async_timeout_expired(&limit)));
	return 0;
}

SCENARIO(timeout_reschedule)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 1);
	async_sleep(0.5);
	async_timeout_reschedule(&limit, 2);
	async_sleep(1);
	trace("alive");
	if (async_timeout_end(&limit, async_sleep(5)) == ASYNC_ETIMEOUT)
		trace("TimeoutError");
	return 0;
}

static int cancel_self_before_limit(void *arg)
{
	struct async_timeout limit;
	int rc;

	(void)arg;
	async_cancel(async_current_task());
	async_timeout_begin(&limit, 0);
	rc = async_timeout_end(&limit, async_sleep(1));
	if (rc == ASYNC_ETIMEOUT)
		trace("TimeoutError (cancel swallowed)");
	else if (rc == ASYNC_ECANCELED)
		trace("CE");
	return rc == ASYNC_ECANCELED ? rc : value("ran on");
}

SCENARIO(timeout0_swallows_prior_cancel)
{
	struct async_task *task = async_create_task(cancel_self_before_limit, NULL);

	wait_one(task);
	trace("%s cancelling %d", status(task), async_cancelling(task));
	return 0;
}
