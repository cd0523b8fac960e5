/* SPDX-License-Identifier: MIT */
/* cancellation.c - edge-triggered, counted, and never lost. Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

#define TRUTH(condition) ((condition) ? "True" : "False")

SCENARIO(cancel_before_start)
{
	struct async_task *task = WORKER("T", .n = 1);
	bool rc = async_cancel(task);

	trace("cancel -> %s cancelled? %s cancelling %d", TRUTH(rc),
	      TRUTH(async_task_cancelled(task)), async_cancelling(task));
	yield(1);
	trace("after 1: %s", status(task));
	return 0;
}

/* Awaits the future in arg and logs what it got. */
static int await_future(void *arg)
{
	struct async_future *future = *(struct async_future **)arg;
	int rc = async_future_await(future);

	if (rc == ASYNC_ECANCELED)
		trace("T CancelledError");
	else
		trace("T value %d", rc);
	return rc;
}

SCENARIO(cancel_beats_ready_result)
{
	struct async_future future, *pointer = &future;
	struct async_task *task;

	async_future_init(&future);
	task = async_create_task_copy(await_future, &pointer, sizeof pointer);
	yield(1);
	async_future_set_result(&future, 42);
	trace("cancel -> %s", TRUTH(async_cancel(task)));
	yield(1);
	trace("%s fut result %d", status(task), future.result);
	return 0;
}

static int cancel_self(void *arg)
{
	(void)arg;
	async_cancel(async_current_task());
	return 12;
}

SCENARIO(cancel_self_at_end)
{
	struct async_task *task = async_create_task(cancel_self, NULL);

	yield(1);
	trace("%s", status(task));
	return 0;
}

static int cancel_self_then_await_done(void *arg)
{
	struct async_future *future = *(struct async_future **)arg;
	int rc;

	async_cancel(async_current_task());
	trace("done fut gives %s", outcome(async_future_await(future)));
	rc = async_sleep(0);
	if (rc == ASYNC_ECANCELED)
		trace("CE at sleep(0)");
	return rc;
}

SCENARIO(cancel_self_await_done_not_delivered)
{
	struct async_future future, *pointer = &future;
	struct async_task *task;

	async_future_init(&future);
	async_future_set_result(&future, value("v"));
	task = async_create_task_copy(cancel_self_then_await_done, &pointer, sizeof pointer);
	yield(2);
	trace("%s", status(task));
	return 0;
}

static int catch_once(void *arg)
{
	(void)arg;
	if (async_sleep(10) == ASYNC_ECANCELED)
		trace("first CE, cancelling %d", async_cancelling(async_current_task()));
	if (async_sleep(0) == 0)
		trace("not hit again");
	return value("ok");
}

SCENARIO(cancel_twice_one_exception)
{
	struct async_task *task = async_create_task(catch_once, NULL);
	bool first, second;

	yield(1);
	first = async_cancel(task);
	second = async_cancel(task);
	trace("%s %s", TRUTH(first), TRUTH(second));
	yield(2);
	trace("%s cancelling %d", status(task), async_cancelling(task));
	return 0;
}

SCENARIO(cancel_swallowed_runs_on)
{
	struct async_task *task = WORKER("T", .n = 1, .dt = 10, .swallow = true);

	yield(1);
	async_cancel(task);
	yield(1);
	trace("%s cancelling %d cancel again -> %s", status(task), async_cancelling(task),
	      TRUTH(async_cancel(task)));
	return 0;
}

struct chain {
	struct async_future future;
	struct async_task *b;
};

static int chain_b(void *arg)
{
	struct chain *chain = *(struct chain **)arg;
	int rc = async_future_await(&chain->future);

	if (rc == ASYNC_ECANCELED)
		trace("B CE");
	return rc;
}

static int chain_a(void *arg)
{
	struct chain *chain = *(struct chain **)arg;
	int rc = async_await(chain->b);

	if (rc == ASYNC_ECANCELED)
		trace("A CE");
	return rc;
}

SCENARIO(cancel_chain_order)
{
	struct chain chain, *pointer = &chain;
	struct async_task *a;

	async_future_init(&chain.future);
	chain.b = async_create_task_copy(chain_b, &pointer, sizeof pointer);
	a = async_create_task_copy(chain_a, &pointer, sizeof pointer);
	yield(1);
	async_cancel(a);
	trace("fut %s b %s b.cancelling %d a.cancelling %d",
	      TRUTH(chain.future.state == ASYNC_CANCELLED), status(chain.b),
	      async_cancelling(chain.b), async_cancelling(a));
	for (int i = 0; i < 3; i++) {
		yield(1);
		trace("a %s b %s", status(a), status(chain.b));
	}
	return 0;
}

static int replace_by_error(void *arg)
{
	(void)arg;
	return async_sleep(10) == ASYNC_ECANCELED ? exception("ValueError('boom')") : 0;
}

SCENARIO(cancel_replaced_by_error)
{
	struct async_task *task = async_create_task(replace_by_error, NULL);

	yield(1);
	async_cancel(task);
	wait_one(task);
	trace("%s cancelled? %s", status(task), TRUTH(async_task_cancelled(task)));
	return 0;
}

static int raise_cancelled(void *arg)
{
	(void)arg;
	return ASYNC_ECANCELED;
}

SCENARIO(raise_cancelled_without_cancel)
{
	struct async_task *task = async_create_task(raise_cancelled, NULL);

	wait_one(task);
	trace("cancelled? %s cancelling %d", TRUTH(async_task_cancelled(task)),
	      async_cancelling(task));
	return 0;
}

SCENARIO(cancel_done_returns_false)
{
	struct async_task *task = WORKER("T");
	bool rc;

	async_await(task);
	rc = async_cancel(task);
	trace("cancel -> %s cancelling %d", TRUTH(rc), async_cancelling(task));
	return 0;
}

static int await_itself(void *arg)
{
	return async_await(*(struct async_task **)arg);
}

SCENARIO(task_awaits_itself)
{
	struct async_task *task;

	task = async_create_task(await_itself, &task);
	if (async_await(task) == ASYNC_ESELF)
		trace("RuntimeError True");
	return 0;
}

static int await_x(void *arg)
{
	int rc = async_future_await(*(struct async_future **)arg);

	if (rc == ASYNC_ECANCELED)
		trace("T CE");
	else
		trace("T value %d", rc);
	return rc;
}

static void cancel_task(void *task)
{
	trace("cb: cancel -> %s", TRUTH(async_cancel(task)));
}

SCENARIO(cancel_from_done_callback)
{
	struct async_future x, *pointer = &x;
	struct async_handle callback = { 0 };
	struct async_task *task;

	async_future_init(&x);
	task = async_create_task_copy(await_x, &pointer, sizeof pointer);
	async_future_add_done_callback(&x, &callback, cancel_task, task);
	yield(1);
	async_future_set_result(&x, 1);
	wait_one(task);
	trace("%s", status(task));
	return 0;
}
