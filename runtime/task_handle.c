/* SPDX-License-Identifier: MIT */
/*
 * task_handle.c - handles and references.
 *
 * The loop owns every task until it has ended; a handle is one more reference, which belongs to the
 * task that created it. A task is freed with its last reference, and a failure that nobody has read
 * by then is reported.
 */
#include <stdlib.h>

#include "runtime/list.h"
#include "runtime/task.h"

#define HANDLE_SHIFT 48

struct async_task *task_handle(const struct task *task)
{
	return (struct async_task *)((uintptr_t)task | (uintptr_t)task->generation << HANDLE_SHIFT);
}

struct task *task_of(const char *here, const char *what, struct async_task *handle)
{
	uintptr_t bits = (uintptr_t)handle;
	struct task *task = (struct task *)(bits & (((uintptr_t)1 << HANDLE_SHIFT) - 1));

	must(task, "%s at %s: the task is NULL", what, here);
	must(task->generation == bits >> HANDLE_SHIFT,
	     "%s at %s: stale handle: the reference was released at %s", what, here,
	     task->released_at ? task->released_at : "?");
	must(task->loop == loop_current, LOOP_OTHER_THREAD " (at %s)", what, here);
	return task;
}

struct task *task_here(const char *here, const char *what)
{
	struct task *task = loop_current ? loop_current->current : NULL;

	must(task, "%s at %s: await outside a task", what, here);
	return task;
}

void task_take(struct task *task)
{
	task->references++;
}

void task_free(struct task *task)
{
	error_record_drop(task->future.record);
	slab_put_name(task->name);
	extra_drop(task);
	task->future.record = NULL;
	task->name = NULL;
	if (!++task->generation)
		task->generation = 1;
	slab_put(task->loop, task);
}

void task_drop(struct task *task)
{
	if (--task->references > 0)
		return;
	if (task->future.result < 0 && task->future.result != ASYNC_ECANCELED &&
	    !task->future.retrieved)
		report_unread(task);
	task_free(task);
}

/* The reference that async_create_task returned goes; from here on the handle is stale. */
static void release(struct task *task, const char *here)
{
	task->held = false;
	task->released_at = here;
	list_remove(&task->sibling);
	if (!++task->generation)
		task->generation = 1;
	task_drop(task);
}

void task_release_children(struct task *task, const char *here)
{
	while (!list_empty(&task->children))
		release(container_of(task->children.next, struct task, sibling), here);
}

void async_task_release_at(const char *here, struct async_task *handle)
{
	struct task *task = task_of(here, "async_task_release", handle);

	must(task->held, "async_task_release at %s: not a reference of the caller's: %s", here,
	     task->released_at ? task->released_at : "it was never given one");
	release(task, here);
}
