/* SPDX-License-Identifier: MIT */
/*
 * extra.c - what few tasks have: a hundred thousand others shall not pay for it. Made when the first
 * of it is needed, freed with the task.
 */
#include <stdlib.h>

#include "runtime/local.h"
#include "runtime/scope.h"
#include "runtime/task.h"

struct task_extra *extra_get(struct task *task)
{
	if (!task->extra)
		task->extra = calloc(1, sizeof *task->extra);
	return task->extra;
}

void extra_drop(struct task *task)
{
	struct task_extra *extra = task->extra;

	if (!extra)
		return;
	task->extra = NULL;
	error_record_drop(extra->note);
	error_record_drop(extra->asked);
	error_record_drop(extra->later);
	local_drop(extra->locals);
	cleanup_drop(extra->cleanups);
	free(extra);
}
