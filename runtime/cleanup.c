/* SPDX-License-Identifier: MIT */
/* cleanup.c - the clean-ups of a task: a stack that is run down when its function has returned. */
#include <stdlib.h>

#include "runtime/base.h"
#include "runtime/scope.h"

struct cleanup {
	struct cleanup *next;
	void (*run)(void *arg);
	void *arg;
};

int async_cleanup_push(void (*run)(void *arg), void *arg)
{
	struct task *task = task_here("?", "async_cleanup_push");
	struct cleanup *cleanup = malloc(sizeof *cleanup);

	if (!cleanup || !extra_get(task)) {
		free(cleanup);
		return async_raise(ASYNC_ENOMEM, "no memory for a clean-up");
	}
	*cleanup = (struct cleanup){ task->extra->cleanups, run, arg };
	task->extra->cleanups = cleanup;
	return 0;
}

static struct cleanup take(struct task *task)
{
	struct cleanup *node = task->extra->cleanups, cleanup = *node;

	task->extra->cleanups = node->next;
	free(node);
	return cleanup;
}

void async_cleanup_pop(bool and_run)
{
	struct task *task = task_here("?", "async_cleanup_pop");
	struct cleanup cleanup;

	must(task->extra && task->extra->cleanups, "async_cleanup_pop: there is no clean-up left");
	cleanup = take(task);
	if (and_run)
		cleanup.run(cleanup.arg);
}

void cleanup_run(struct task *task)
{
	struct async_scope section;

	must(!task->scopes, "a task ended inside a scope that it entered at %s",
	     task->scope_entered_at);
	if (!task->extra || !task->extra->cleanups)
		return;
	async_shielded_begin(&section);
	while (task->extra->cleanups) {
		struct cleanup cleanup = take(task);

		cleanup.run(cleanup.arg);
	}
	async_shielded_end(&section);
}

void cleanup_drop(struct cleanup *cleanups)
{
	while (cleanups) {
		struct cleanup *next = cleanups->next;

		free(cleanups);
		cleanups = next;
	}
}
