/* SPDX-License-Identifier: MIT */
/* scheduling.c - who runs in which turn. The names are those of asyncio_probe.py. */
#include <math.h>

#include "tests/conformance/trace.h"

static void log_text(void *text)
{
	trace("%s", (const char *)text);
}

SCENARIO(sched_lazy_create)
{
	struct async_task *a = WORKER("A"), *b = WORKER("B");

	trace("main after create");
	yield(1);
	trace("main after sleep(0) %s %s", status(a), status(b));
	return 0;
}

SCENARIO(sched_call_soon_vs_task)
{
	struct async_handle soon[4] = { 0 };
	struct async_future future;
	struct async_task *task;

	async_call_soon(&soon[0], log_text, "soon1");
	task = WORKER("T");
	async_call_soon(&soon[1], log_text, "soon2");
	async_future_init(&future);
	async_future_add_done_callback(&future, &soon[3], log_text, "fut cb");
	async_future_set_result(&future, 1);
	async_call_soon(&soon[2], log_text, "soon3");
	trace("main yields");
	yield(1);
	trace("main back");
	yield(1);
	async_task_release(task);
	return 0;
}

static void outer(void *inner)
{
	trace("outer");
	async_call_soon(inner, log_text, "inner");
}

SCENARIO(sched_nested_call_soon_next_tick)
{
	struct async_handle handles[3] = { 0 };

	async_call_soon(&handles[0], outer, &handles[2]);
	async_call_soon(&handles[1], log_text, "peer");
	yield(1);
	trace("main");
	yield(1);
	trace("main2");
	return 0;
}

SCENARIO(sched_timer_order)
{
	struct async_timer timers[3] = { 0 };

	async_call_later(&timers[0], 0.3, log_text, "timer 0.3");
	async_call_later(&timers[1], 0.1, log_text, "timer 0.1");
	async_call_later(&timers[2], 0.2, log_text, "timer 0.2");
	async_sleep(0.25);
	trace("main 0.25");
	async_sleep(0.1);
	trace("main 0.35");
	return 0;
}

SCENARIO(await_done_no_suspend)
{
	struct async_handle soon[2] = { 0 };
	struct async_future future;
	struct async_task *task;

	async_future_init(&future);
	async_future_set_result(&future, 5);
	async_call_soon(&soon[0], log_text, "soon");
	trace("await done fut -> %d", async_future_await(&future));
	task = WORKER("T");
	yield(1);
	async_call_soon(&soon[1], log_text, "soon2");
	trace("await done task -> %s", outcome(async_await(task)));
	yield(1);
	return 0;
}

SCENARIO(await_task_latency)
{
	struct async_task *task = WORKER("T", .n = 2);
	struct async_handle callback = { 0 };
	int rc;

	async_task_add_done_callback(task, &callback, log_text, "cb registered before await");
	rc = async_await(task);
	trace("main got %s", outcome(rc));
	return 0;
}

SCENARIO(future_set_twice)
{
	struct async_future future;

	async_future_init(&future);
	async_future_set_result(&future, 1);
	for (int i = 0; i < 2; i++)
		if (async_future_set_result(&future, i ? exception("ValueError()") : 2) ==
		    ASYNC_EINVALIDSTATE)
			trace("InvalidStateError");
	trace("cancel -> %s", async_future_cancel(&future) ? "True" : "False");
	return 0;
}

SCENARIO(sleep_negative_and_nan)
{
	async_sleep(-1);
	trace("sleep(-1) == sleep(0)");
	if (async_sleep(NAN) == ASYNC_EINVAL)
		trace("ValueError %s", "Invalid delay: NaN (not a number)");
	return 0;
}

SCENARIO(cancel_sleep_frees_timer)
{
	struct async_task *task = WORKER("T", .n = 1, .dt = 3600);
	struct async_counts counts;

	yield(1);
	async_cancel(task);
	yield(2);
	async_count(&counts);
	trace("live timers %zu at virtual time %.1f", counts.timers, async_time());
	return 0;
}

static void log_current(void *arg)
{
	(void)arg;
	trace("current_task in callback: %s", async_current_task() ? "a task" : "None");
}

SCENARIO(current_task_none_in_callback)
{
	struct async_handle handle = { 0 };

	async_call_soon(&handle, log_current, NULL);
	yield(1);
	trace("in task: %s", async_current_task() ? "True" : "False");
	return 0;
}
