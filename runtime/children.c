/* SPDX-License-Identifier: MIT */
/* children.c - lists of futures that are waited for together. */
#include "runtime/children.h"

#include <stdlib.h>

#include "runtime/future.h"
#include "runtime/list.h"

static int allocate(struct children *children, size_t n)
{
	*children = (struct children){ .count = n };
	if (n == 0)
		return 0;
	children->list = calloc(n, sizeof *children->list);
	return children->list ? 0 : ASYNC_ENOMEM;
}

/* mark is false but during this function; it makes looking for repetitions linear. */
static int set_up(struct children *children)
{
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->list[i];
		struct task *task = task_of_future(child->future);

		child->repeated = child->future->mark;
		child->future->mark = true;
		if (child->repeated)
			continue;
		children->unique++;
		if (task)
			task_take(task);
	}
	for (size_t i = 0; i < children->count; i++)
		children->list[i].future->mark = false;
	return 0;
}

int children_of_tasks(struct children *children, const char *here, const char *what,
		      struct async_task *const *tasks, size_t n)
{
	int rc;

	must(tasks || n == 0, "%s at %s: the list of tasks is NULL", what, here);
	rc = allocate(children, n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		children->list[i].future = &task_of(here, what, tasks[i])->future;
	return rc < 0 ? rc : set_up(children);
}

int children_of_futures(struct children *children, struct async_future *const *futures, size_t n)
{
	int rc;

	must(futures || n == 0, "waiting for futures: the list is NULL");
	rc = allocate(children, n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		must(futures[i], "waiting for futures: number %zu is NULL", i);
		children->list[i].future = futures[i];
	}
	return rc < 0 ? rc : set_up(children);
}

void children_watch(struct child *child, void (*run)(void *child))
{
	async_future_add_done_callback(child->future, &child->handle, run, child);
}

void children_describe(struct wait_view *view, const struct children *children)
{
	size_t done = 0;

	for (size_t i = 0; i < children->count; i++) {
		struct async_future future;
		struct child child;

		if (!wait_peek(view, &child, &children->list[i], sizeof child) ||
		    !wait_peek(view, &future, child.future, sizeof future)) {
			wait_say(view, " of %zu", children->unique);
			return;
		}
		if (child.repeated)
			continue;
		if (async_future_done(&future))
			done++;
		else
			wait_on(view, child.future);
	}
	wait_say(view, " of %zu, %zu done", children->unique, done);
}

void children_leave(struct children *children)
{
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->list[i];

		if (list_linked(&child->handle.node) && !async_future_done(child->future))
			child->future->echo = true;
	}
}

void children_close(struct children *children)
{
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->list[i];
		struct task *task = child->repeated ? NULL : task_of_future(child->future);

		async_handle_cancel(&child->handle);
		if (task)
			task_drop(task);
	}
	free(children->list);
	children->list = NULL;
	children->count = 0;
}
