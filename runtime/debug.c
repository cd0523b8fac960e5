/* SPDX-License-Identifier: MIT */
/*
 * debug.c - debug mode: who held the loop for long, in asyncio's words.
 *
 * The watchdog tells more, and while it lasts; this counts every slice by the loop's own clock.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/async.h"
#include "runtime/base.h"
#include "runtime/task.h"

bool debug_wanted(void)
{
	const char *value = getenv("LOOPHOUND_DEBUG");

	return value && value[0] && strcmp(value, "0") != 0;
}

void debug_warn(const struct async_loop *loop, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (loop->warning_handler)
		loop->warning_handler(text, loop->warning_arg);
	else
		fprintf(stderr, "%s\n", text);
}

static double seconds_since(const struct async_loop *loop, int64_t start)
{
	return (double)(loop_now(loop) - start) / (double)TIMER_SECOND;
}

/* The task is kept until it has been named. */
static void run_task(struct async_loop *loop, struct async_handle *handle)
{
	struct task *task = handle->arg;
	int64_t start = loop_now(loop);
	char name[TASK_NAME];
	double seconds;

	task_take(task);
	loop_run_handle(loop, handle);
	seconds = seconds_since(loop, start);
	if (seconds >= loop->slow_callback)
		debug_warn(
			loop,
			"Executing <Task %s name='%s' coro=<%s()> created at %s> took %.3f seconds",
			task->state != TASK_DONE		? "pending"
			: async_future_cancelled(&task->future) ? "cancelled"
								: "finished",
			task_name(task, name), task->label, task->created_at, seconds);
	task_drop(task);
}

void debug_run(struct async_loop *loop, struct async_handle *handle)
{
	int64_t start = loop_now(loop);
	uintptr_t run = (uintptr_t)handle->run;
	double seconds;

	if (handle->run == task_step) {
		run_task(loop, handle);
		return;
	}
	/* The handle is the caller's and may be gone once it has run. */
	loop_run_handle(loop, handle);
	seconds = seconds_since(loop, start);
	if (seconds < loop->slow_callback)
		return;
	debug_warn(loop, "Executing <Handle %#lx> took %.3f seconds", (unsigned long)run, seconds);
}

/* ---- Public ---------------------------------------------------------------------------------- */

bool async_get_debug(void)
{
	return loop_here("?", "async_get_debug")->debug;
}

void async_set_debug(bool on)
{
	loop_here("?", "async_set_debug")->debug = on;
}

void async_set_slow_callback_duration(double seconds)
{
	must(!isnan(seconds), "async_set_slow_callback_duration: not a number");
	loop_here("?", "async_set_slow_callback_duration")->slow_callback = seconds;
}

void async_set_warning_handler(void (*handler)(const char *text, void *arg), void *arg)
{
	struct async_loop *loop = loop_here("?", "async_set_warning_handler");

	loop->warning_handler = handler;
	loop->warning_arg = arg;
}
