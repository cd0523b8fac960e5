/* SPDX-License-Identifier: MIT */
/*
 * report.c - failures that nobody reads, in asyncio's words.
 */
#include <stdarg.h>
#include <stdio.h>

#include "runtime/list.h"
#include "runtime/task.h"

void async_set_exception_handler(void (*handler)(const struct async_context *context, void *arg),
				 void *arg)
{
	struct async_loop *loop = loop_here("?", "async_set_exception_handler");

	loop->exception_handler = handler;
	loop->exception_arg = arg;
}

static const char *place_of(const struct async_error *error, char *buffer, size_t size)
{
	if (error->line)
		snprintf(buffer, size, "%s, %s:%d", error->function, error->file, error->line);
	else
		snprintf(buffer, size, "%s", error->function);
	return buffer;
}

/* One write, so that lines of several threads do not mix. */
static void print(const struct async_context *context, const struct task *task)
{
	char text[1024], name[TASK_NAME], place[256];
	size_t used = 0;

	used += (size_t)snprintf(text, sizeof text, "%s\n", context->message);
	if (task && used < sizeof text)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "  task    \"%s\" running %s, created at %s\n",
					 task_name(task, name), task->label, task->created_at);
	if (context->error && used < sizeof text)
		used += (size_t)snprintf(
			text + used, sizeof text - used, "  error   %s: %s\n  raised  in %s\n",
			async_errname(context->error->code), context->error->message,
			place_of(context->error, place, sizeof place));
	if (context->opened_at && used < sizeof text)
		used += (size_t)snprintf(text + used, sizeof text - used, "  opened  at %s\n",
					 context->opened_at);
	if (used >= sizeof text)
		text[sizeof text - 2] = '\n';
	fputs(text, stderr);
}

void async_default_exception_handler(const struct async_context *context)
{
	print(context, context->task
			       ? task_of("?", "async_default_exception_handler", context->task)
			       : NULL);
}

static void hand_over(const struct async_context *context, const struct task *task)
{
	struct async_loop *loop = loop_current;

	if (loop && loop->exception_handler)
		loop->exception_handler(context, loop->exception_arg);
	else
		print(context, task);
}

void async_call_exception_handler(const struct async_context *context)
{
	hand_over(context, context->task
				   ? task_of("?", "async_call_exception_handler", context->task)
				   : NULL);
}

static void report(const char *message, struct task *task, struct async_future *future)
{
	bool failed = task->state == TASK_DONE && task->future.result < 0;
	struct async_context context = {
		.message = message,
		.task = task_handle(task),
		.error = failed ? &task_error(task)->error : NULL,
		.future = future,
	};

	hand_over(&context, task);
}

void report_context(const char *message, struct task *task)
{
	report(message, task, NULL);
}

void report_unread(struct task *task)
{
	report("Task exception was never retrieved", task, &task->future);
}

void report_future(struct async_future *future)
{
	struct async_error bare = {
		.code = future->result,
		.message = async_strerror(future->result),
		.function = "?",
		.file = "?",
	};
	struct error_record *record = error_record_for(future->record, future->result);
	struct async_context context = {
		.message = "Future exception was never retrieved",
		.error = record ? &record->error : &bare,
		.future = future,
	};

	hand_over(&context, NULL);
}

void async_report_unclosed(const char *opened_at, const char *format, ...)
{
	char text[256];
	struct async_context context = { .message = text, .opened_at = opened_at };
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	hand_over(&context, NULL);
}
