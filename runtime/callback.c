/* SPDX-License-Identifier: MIT */
/*
 * callback.c - callbacks that may fail: "Exception in callback ...", and the loop goes on.
 */
#include <stdio.h>

#include "runtime/async.h"
#include "runtime/task.h"

static void report(const struct async_loop *loop, const struct async_callback *callback, int code)
{
	struct error_record *record = error_record_for(loop->raised, code);
	struct async_error bare = {
		.code = code,
		.message = async_strerror(code),
		.function = callback->label,
		.file = callback->here,
	};
	struct async_context context = { .error = record ? &record->error : &bare };
	char message[256];

	snprintf(message, sizeof message, "Exception in callback %s() at %s", callback->label,
		 callback->here);
	context.message = message;
	async_call_exception_handler(&context);
}

/* A copy, since the callback may free what it was called with. */
static void run_checked(void *arg)
{
	const struct async_callback callback = *(struct async_callback *)arg;
	struct async_loop *loop = loop_current;
	int rc;

	error_record_drop(loop->raised);
	loop->raised = NULL;
	rc = callback.run(callback.arg);
	if (rc < 0)
		report(loop, &callback, rc);
}

static void fill(struct async_callback *callback, const char *here, const char *label,
		 int (*fn)(void *arg), void *arg)
{
	callback->run = fn;
	callback->arg = arg;
	callback->label = label;
	callback->here = here;
}

void async_call_soon_checked_at(const char *here, const char *label,
				struct async_callback *callback, int (*fn)(void *arg), void *arg)
{
	fill(callback, here, label, fn, arg);
	async_call_soon(&callback->timer.handle, run_checked, callback);
}

void async_call_later_checked_at(const char *here, const char *label,
				 struct async_callback *callback, double seconds,
				 int (*fn)(void *arg), void *arg)
{
	fill(callback, here, label, fn, arg);
	async_call_later(&callback->timer, seconds, run_checked, callback);
}

void async_future_add_done_callback_checked_at(const char *here, const char *label,
					       struct async_future *future,
					       struct async_callback *callback,
					       int (*fn)(void *arg), void *arg)
{
	fill(callback, here, label, fn, arg);
	async_future_add_done_callback(future, &callback->timer.handle, run_checked, callback);
}

void async_callback_cancel(struct async_callback *callback)
{
	async_timer_cancel(&callback->timer);
}
