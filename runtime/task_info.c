/* SPDX-License-Identifier: MIT */
/*
 * task_info.c - what one can ask of a task: outcome, error, name; and async_raise.
 *
 * A failure's text and place are one record, shared by all tasks that pass the code on: awaiting a
 * failed task and returning its code makes its record the caller's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/list.h"
#include "runtime/task.h"

static void replace(struct task *task, struct error_record *record)
{
	error_record_drop(task->error);
	task->error = record;
}

int async_raise_at(int code, const char *function, const char *file, int line, const char *format,
		   ...)
{
	struct task *task = loop_current ? loop_current->current : NULL;
	va_list arguments;

	if (!task)
		return code;
	va_start(arguments, format);
	replace(task, error_record_make(code, function, file, line, format, arguments));
	va_end(arguments);
	return code;
}

const struct async_error *async_raised(int code)
{
	struct task *task = loop_current ? loop_current->current : NULL;

	if (!task || !task->error || task->error->error.code != code)
		return NULL;
	return &task->error->error;
}

void task_note(struct task *task, int code, const char *function, const char *file, int line,
	       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	replace(task, error_record_make(code, function, file, line, format, arguments));
	va_end(arguments);
}

int task_inherit(struct task *task, struct task *child, int code)
{
	if (code < 0 && child->future.result == code && child->error &&
	    child->error->error.code == code)
		replace(task, error_record_take(child->error));
	return code;
}

struct error_record *task_error(struct task *task)
{
	int code = task->future.result;

	if (!task->error || task->error->error.code != code)
		task_note(task, code, task->label, task->created_at, 0, "%s", async_strerror(code));
	return task->error;
}

bool async_task_done(struct async_task *task)
{
	return task_of("?", "async_task_done", task)->state == TASK_DONE;
}

bool async_task_cancelled(struct async_task *task)
{
	return task_of("?", "async_task_cancelled", task)->future.state == ASYNC_CANCELLED;
}

int async_task_result(struct async_task *handle)
{
	struct task *task = task_of("?", "async_task_result", handle);

	if (task->state != TASK_DONE)
		return ASYNC_EINVALIDSTATE;
	task->retrieved = true;
	return task->future.result;
}

const struct async_error *async_task_error(struct async_task *handle)
{
	struct task *task = task_of("?", "async_task_error", handle);

	if (task->state != TASK_DONE)
		return NULL;
	task->retrieved = true;
	return task->future.result < 0 ? &task_error(task)->error : NULL;
}

void async_task_add_done_callback(struct async_task *task, struct async_handle *handle,
				  void (*run)(void *arg), void *arg)
{
	async_future_add_done_callback(&task_of("?", "async_task_add_done_callback", task)->future,
				       handle, run, arg);
}

const char *task_name(const struct task *task, char buffer[TASK_NAME])
{
	if (task->name)
		return task->name;
	snprintf(buffer, TASK_NAME, "Task-%llu", (unsigned long long)task->id);
	return buffer;
}

const char *async_task_name(struct async_task *handle)
{
	struct task *task = task_of("?", "async_task_name", handle);
	char buffer[TASK_NAME];

	if (!task->name)
		task->name = strdup(task_name(task, buffer));
	return task->name ? task->name : "Task";
}

uint64_t async_task_id(struct async_task *task)
{
	return task_of("?", "async_task_id", task)->id;
}

struct async_task *async_current_task(void)
{
	return loop_current && loop_current->current ? task_handle(loop_current->current) : NULL;
}

/* On the watchdog's thread: what it reads may be stale, but it is always a task's block. */
__attribute__((no_sanitize("thread"))) void task_describe(const void *data, struct task_view *view)
{
	const struct task *task = data;
	const char *name = task->name;

	view->id = task->id;
	view->created_at = task->created_at;
	view->stack_low = (uintptr_t)task->context.low;
	view->stack_high = view->stack_low + task->context.size;
	if (!name) {
		snprintf(view->name, sizeof view->name, "Task-%llu", (unsigned long long)view->id);
		return;
	}
	for (size_t i = 0; i < sizeof view->name; i++) {
		view->name[i] = name[i];
		if (!name[i])
			break;
	}
	view->name[sizeof view->name - 1] = '\0';
}
