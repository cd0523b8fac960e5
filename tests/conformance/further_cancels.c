/* SPDX-License-Identifier: MIT */
/* further_cancels.c - messages, uncancel, eager start, futures. Names as in further_probe.py. */
#include "tests/conformance/trace.h"

static const char *got(int rc)
{
	struct async_error error = { .code = rc, .message = async_cancelled_message() };

	return describe(&error);
}

SCENARIO(msg_twice)
{
	struct async_task *task = WORKER("T", .n = 1, .dt = 10);

	yield(1);
	async_cancel_message(task, "a");
	async_cancel_message(task, "b");
	wait_one(task);
	task = WORKER("U", .n = 2);
	yield(1);
	async_cancel_message(task, "a");
	async_cancel_message(task, "b");
	wait_one(task);
	return 0;
}

struct awaiter {
	struct async_task *task;
	const char *name;
};

static int await_named(void *arg)
{
	const struct awaiter *awaiter = arg;
	int rc = async_await(awaiter->task);

	if (rc == ASYNC_ECANCELED)
		trace("%s %s", awaiter->name, got(rc));
	return rc;
}

SCENARIO(msg_chain_two_awaiters)
{
	struct async_task *b = WORKER("B", .n = 1, .dt = 10), *tasks[2];
	struct awaiter x = { b, "x" }, y = { b, "y" };

	tasks[0] = async_create_task(await_named, &x);
	tasks[1] = async_create_task(await_named, &y);
	yield(2);
	async_cancel_message(tasks[0], "m");
	wait_all(tasks, 2);
	trace("%s %s %d", status(tasks[0]), status(tasks[1]), async_cancelling(tasks[1]));
	trace("main %s", got(async_await(tasks[0])));
	trace("main2 %s", got(async_await(tasks[0])));
	return 0;
}

SCENARIO(msg_not_started)
{
	struct async_task *task = WORKER("T");

	async_cancel_message(task, "a");
	async_cancel_message(task, "b");
	trace("%s", got(async_await(task)));
	return 0;
}

SCENARIO(msg_future)
{
	struct async_future future;

	async_future_init(&future);
	async_future_cancel_message(&future, "fm");
	trace("%s", got(async_future_await(&future)));
	trace("%s", got(async_future_await(&future)));
	async_future_close(&future);
	return 0;
}

static int cancel_self_and_wait(void *arg)
{
	int rc;

	(void)arg;
	async_cancel_message(async_current_task(), "self");
	trace("%s", got(async_sleep(10)));
	rc = async_sleep(10);
	trace("%s", got(rc));
	return rc;
}

SCENARIO(msg_self_then_second)
{
	struct async_task *task = async_create_task(cancel_self_and_wait, NULL);

	yield(2);
	async_cancel(task);
	wait_one(task);
	trace("%s", status(task));
	return 0;
}

static int uncancel_self(void *arg)
{
	struct async_task *me = async_current_task();
	int rc;

	(void)arg;
	async_cancel_message(me, "x");
	trace("%d", async_uncancel(me));
	yield(1);
	trace("alive");
	async_cancel(me);
	async_cancel(me);
	async_uncancel(me);
	rc = async_sleep(0);
	trace("%s %d", got(rc), async_cancelling(me));
	return 0;
}

SCENARIO(uncancel_clears)
{
	async_await(async_create_task(uncancel_self, NULL));
	return 0;
}

static int lose_value(void *arg)
{
	(void)arg;
	async_cancel_message(async_current_task(), "lost");
	return 1;
}

SCENARIO(cancel_awaiting_done_then_value_lost)
{
	struct async_task *task = async_create_task(lose_value, NULL);

	wait_one(task);
	trace("%s", got(async_await(task)));
	trace("%s", got(async_await(task)));
	return 0;
}

static const struct async_task_options eager = { .eager_start = true };

static int inner(void *arg)
{
	trace("inner %s", async_current_task() != *(struct async_task **)arg ? "True" : "False");
	yield(1);
	trace("inner2");
	return 1;
}

static int outer(void *arg)
{
	struct async_task *mine = async_current_task();
	struct async_task *task = async_create_task_with(inner, arg, &eager);
	int rc;

	trace("outer again %s", async_current_task() == mine ? "True" : "False");
	rc = async_await(task);
	trace("outer got %d", rc);
	return rc;
}

static int fail(void *arg)
{
	(void)arg;
	return exception("ValueError('b')");
}

static int log_cancellation(void *arg)
{
	int rc = async_sleep(10);

	(void)arg;
	trace("%s", got(rc));
	return rc;
}

SCENARIO(eager_nested_and_errors)
{
	struct async_task *me = async_current_task(), *task;

	task = async_create_task_with(outer, &me, &eager);
	trace("%s", status(task));
	trace("%s", status(async_create_task_with(fail, NULL, &eager)));
	trace("%s", status(async_create_task_with(lose_value, NULL, &eager)));
	trace("%d", async_await(task));
	task = async_create_task_with(log_cancellation, NULL, &eager);
	async_cancel_message(task, "ex");
	wait_one(task);
	trace("%s", status(task));
	return 0;
}

static void log_text(void *text)
{
	trace("%s", (const char *)text);
}

SCENARIO(future_exc_and_callbacks)
{
	struct async_handle callbacks[2] = { 0 };
	struct async_future future;

	async_future_init(&future);
	async_future_add_done_callback(&future, &callbacks[0], log_text, "cb");
	async_future_add_done_callback(&future, &callbacks[1], log_text, "cb2");
	trace("%d", async_future_remove_done_callback(&future, &callbacks[0]));
	async_future_set_exception(&future, exception("ValueError('f')"), "f");
	trace("%d", async_future_remove_done_callback(&future, &callbacks[0]));
	trace("%s", outcome(async_future_await(&future)));
	yield(1);
	async_future_close(&future);
	return 0;
}
