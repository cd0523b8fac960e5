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
	error_record_drop(task->future.record);
	task->future.record = record;
}

int async_raise_at(int code, const char *function, const char *file, int line, const char *format,
		   ...)
{
	struct task *task = loop_current ? loop_current->current : NULL;
	struct error_record *record;
	va_list arguments;

	if (!loop_current)
		return code;
	va_start(arguments, format);
	record = error_record_make(code, function, file, line, format, arguments);
	va_end(arguments);
	if (task) {
		replace(task, record);
	} else {
		error_record_drop(loop_current->raised);
		loop_current->raised = record;
	}
	return code;
}

const struct async_error *async_raised(int code)
{
	struct task *task = loop_current ? loop_current->current : NULL;
	struct error_record *record = task	     ? task->future.record
				      : loop_current ? loop_current->raised
						     : NULL;

	record = error_record_for(record, code);
	return record ? &record->error : NULL;
}

void task_set_record(struct task *task, int code, struct error_record *record)
{
	if (record || error_record_for(task->future.record, code))
		replace(task, record);
}

/*
 * As in asyncio, the first who awaits a cancelled task gets the message that it was ended with, and
 * nobody after him; one that comes from a lost value is for all.
 */
struct error_record *task_take_record(struct async_future *future)
{
	struct error_record *record = error_record_for(future->record, future->result);
	struct task *task = future->result == ASYNC_ECANCELED ? task_of_future(future) : NULL;

	if (record && task && !task->lost) {
		future->record = NULL;
		return record;
	}
	return error_record_take(record);
}

int task_inherit(struct task *task, struct async_future *future)
{
	task_set_record(task, future->result, task_take_record(future));
	return future->result;
}

struct error_record *task_error(struct task *task)
{
	int code = task->future.result;

	struct error_record *record = error_record_for(task->future.record, code);

	if (record)
		return record;
	record = error_record_text(code, task->label, task->created_at, 0, "%s",
				   async_strerror(code));
	if (record->references > 0)
		record->made_up = true;
	replace(task, record);
	return record;
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
	task->future.retrieved = true;
	return task->future.result;
}

const struct async_error *async_task_error(struct async_task *handle)
{
	struct task *task = task_of("?", "async_task_error", handle);

	if (task->state != TASK_DONE)
		return NULL;
	task->future.retrieved = true;
	return task->future.result < 0 ? &task_error(task)->error : NULL;
}

void async_task_add_done_callback(struct async_task *task, struct async_handle *handle,
				  void (*run)(void *arg), void *arg)
{
	async_future_add_done_callback(&task_of("?", "async_task_add_done_callback", task)->future,
				       handle, run, arg);
}

bool async_task_remove_done_callback(struct async_task *task, struct async_handle *handle)
{
	return async_future_remove_done_callback(
		&task_of("?", "async_task_remove_done_callback", task)->future, handle);
}

struct async_future *async_task_future(struct async_task *task)
{
	return &task_of("?", "async_task_future", task)->future;
}

size_t async_all_tasks(struct async_task **tasks, size_t max)
{
	size_t count = 0;

	list_for_each(node, &loop_here("?", "async_all_tasks")->tasks) {
		if (count < max)
			tasks[count] = task_handle(container_of(node, struct task, all));
		count++;
	}
	return count;
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
		task->name = slab_get_name(task_name(task, buffer));
	return task->name ? task->name : "Task";
}

int async_task_set_name(struct async_task *handle, const char *name)
{
	struct task *task = task_of("?", "async_task_set_name", handle);
	char *copy;

	must(name, "async_task_set_name: the name is NULL");
	copy = slab_get_name(name);
	if (!copy)
		return async_raise(ASYNC_ENOMEM, "no memory for a name");
	slab_put_name(task->name);
	task->name = copy;
	return 0;
}

const char *async_task_coro_name(struct async_task *task)
{
	return task_of("?", "async_task_coro_name", task)->label;
}

const char *async_task_created_at(struct async_task *task)
{
	return task_of("?", "async_task_created_at", task)->created_at;
}

uint64_t async_task_id(struct async_task *task)
{
	return task_of("?", "async_task_id", task)->id;
}

struct async_task *async_current_task(void)
{
	return loop_current && loop_current->current ? task_handle(loop_current->current) : NULL;
}

__attribute__((no_sanitize("thread"))) static void copy_name(const struct task *task,
							     char copy[TASK_NAME])
{
	const char *name = task->name;

	if (!name) {
		snprintf(copy, TASK_NAME, "Task-%llu", (unsigned long long)task->id);
		return;
	}
	for (size_t i = 0; i < TASK_NAME; i++) {
		copy[i] = name[i];
		if (!name[i])
			return;
	}
	copy[TASK_NAME - 1] = '\0';
}

/* On the watchdog's thread: what it reads may be stale, but it is always a task's block. */
__attribute__((no_sanitize("thread"))) void task_describe(const void *data, struct task_view *view)
{
	const struct task *task = data;
	const struct task *creator = task->creator;

	view->id = task->id;
	view->label = task->label;
	view->created_at = task->created_at;
	view->waiting_at = task->waiting_at;
	view->creator = task->created_by;
	view->stack_low = (uintptr_t)task->context.low;
	view->stack_high = view->stack_low + task->context.size;
	copy_name(task, view->name);
	view->creator_name[0] = '\0';
	if (view->creator && creator && creator->id == view->creator)
		copy_name(creator, view->creator_name);
}
