/* SPDX-License-Identifier: MIT */
/* reports.c - eager start, and what the exception handler hears. Names as in asyncio_probe.py. */
#include "tests/conformance/trace.h"

struct eager {
	struct async_task *creator;
	const char *name;
	int yields;
};

static int eager_worker(void *arg)
{
	const struct eager *eager = arg;

	trace("%s runs inside create_task(); current_task() is the new task %s", eager->name,
	      async_current_task() != eager->creator ? "True" : "False");
	yield(eager->yields);
	trace("%s end", eager->name);
	return value(eager->name);
}

static struct async_task *start_eagerly(const char *name, int yields)
{
	struct eager eager = { async_current_task(), name, yields };

	return async_create_task_with(
		eager_worker, &eager,
		(&(struct async_task_options){ .copy = sizeof eager, .eager_start = true }));
}

SCENARIO(eager_start)
{
	struct async_task *a = start_eagerly("a", 0), *b;

	trace("a %s", status(a));
	b = start_eagerly("b", 1);
	trace("b %s", status(b));
	async_await(b);
	return 0;
}

/* Python names the function by where it is defined, C by its name: bad(). */
static void hear_callback(const struct async_context *context, void *arg)
{
	static const char ours[] = "Exception in callback bad() at tests/conformance/reports.c:";

	(void)arg;
	if (strncmp(context->message, ours, sizeof ours - 1) == 0)
		trace("handler: Exception in callback callback_exception_goes_to_handler. %s",
		      describe(context->error));
	else
		trace("handler: %s", context->message);
}

static int bad(void *arg)
{
	(void)arg;
	return exception("ValueError('cb')");
}

static void log_text(void *text)
{
	trace("%s", (const char *)text);
}

SCENARIO(callback_exception_goes_to_handler)
{
	struct async_callback callback = { 0 };
	struct async_handle next = { 0 };

	async_set_exception_handler(hear_callback, NULL);
	async_call_soon_checked(&callback, bad, NULL);
	async_call_soon(&next, log_text, "next callback still runs");
	yield(1);
	async_set_exception_handler(NULL, NULL);
	return 0;
}

static void log_with_keys(const struct async_context *context, void *arg)
{
	(void)arg;
	trace("handler: %s | keys %s", context->message, keys(context));
}

static int raise_x(void *arg)
{
	(void)arg;
	return exception("ValueError('x')");
}

SCENARIO(never_retrieved)
{
	struct async_task *task = async_create_task(raise_x, NULL);
	struct async_future future;

	async_set_exception_handler(log_with_keys, NULL);
	yield(1);
	async_task_release(task);
	async_future_init(&future);
	async_future_set_exception(&future, exception("ValueError('y')"), "y");
	async_future_close(&future);
	task = async_create_task(raise_x, NULL);
	yield(1);
	async_cancel(task);
	async_task_release(task);
	trace("(after cancel() on the done task: silent)");
	async_set_exception_handler(NULL, NULL);
	return 0;
}

static int wait_for_ever(void *arg)
{
	return async_future_await(arg);
}

SCENARIO(destroyed_pending)
{
	struct async_future never;
	struct async_task *task;

	async_future_init(&never);
	async_set_exception_handler(log_with_keys, NULL);
	task = async_create_task(wait_for_ever, &never);
	yield(1);
	async_task_destroy(task);
	async_set_exception_handler(NULL, NULL);
	return 0;
}
