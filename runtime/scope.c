/* SPDX-License-Identifier: MIT */
/*
 * scope.c - cancel scopes in level mode, and shielded sections.
 *
 * The count of cancellations tells whether a scope is cancelled: it is higher than when the scope was
 * entered. While that is so, each delivery sets must_cancel anew (rearmed), so the next wait fails
 * as well; whoever takes his cancellation back, as a timeout does, lowers the count, and it ends.
 * A section keeps requests from its outside until it ends; they do not count before.
 */
#include "runtime/scope.h"

#include "runtime/base.h"
#include "runtime/cancel.h"

unsigned scope_depth(const struct task *task)
{
	const struct async_scope *scope = task->scopes;

	return scope ? scope->depth + scope->section : 0;
}

int scope_saved_cancelling(const struct task *task)
{
	return task->cancelling - (task->must_cancel && !task->rearmed);
}

/* Only scopes inside the innermost section count: those around it are what it shields from. */
static bool active(const struct task *task)
{
	for (const struct async_scope *s = task->scopes; s && !s->section; s = s->outer)
		if (task->cancelling > s->saved_cancelling)
			return true;
	return false;
}

void scope_refresh(struct task *task)
{
	bool level = !task->edges && active(task);

	if (level && !task->must_cancel)
		task->must_cancel = task->rearmed = true;
	else if (!level && task->rearmed)
		task->must_cancel = task->rearmed = false;
}

void scope_edges_begin(struct task *task)
{
	task->edges++;
	scope_refresh(task);
}

void scope_edges_end(struct task *task)
{
	task->edges--;
	scope_refresh(task);
}

bool scope_defer(struct task *task, unsigned depth, struct error_record *record)
{
	struct async_scope *scope = task->scopes;

	if (scope_depth(task) <= depth)
		return false;
	while (!scope->section || scope->depth != depth)
		scope = scope->outer;
	scope->deferred++;
	if (record && extra_get(task)) {
		error_record_drop(task->extra->later);
		task->extra->later = error_record_take(record);
	}
	return true;
}

int scope_deferred(const struct task *task)
{
	int deferred = 0;

	for (const struct async_scope *scope = task->scopes; scope; scope = scope->outer)
		deferred += scope->deferred;
	return deferred;
}

/* ---- Public ---------------------------------------------------------------------------------- */

static void push(const char *here, struct async_scope *scope, struct task *task, bool section)
{
	*scope = (struct async_scope){
		.outer = task->scopes,
		.entered_at = here,
		.task = task,
		.saved_cancelling = scope_saved_cancelling(task),
		.depth = scope_depth(task),
		.section = section,
	};
	task->scopes = scope;
	task->scope_entered_at = here;
}

static struct task *pop(struct async_scope *scope, const char *what)
{
	struct task *task = scope->task;

	must(task && loop_current && task == loop_current->current,
	     "%s: the running task has not entered it", what);
	must(task->scopes == scope, "%s: left before one that was entered later, at %s", what,
	     task->scopes ? task->scopes->entered_at : "?");
	task->scopes = scope->outer;
	task->scope_entered_at = scope->outer ? scope->outer->entered_at : NULL;
	scope->task = NULL;
	return task;
}

void async_scope_enter_at(const char *here, struct async_scope *scope)
{
	push(here, scope, task_here(here, "async_scope_enter"), false);
}

void async_scope_cancel(struct async_scope *scope)
{
	must(scope->task, "async_scope_cancel: the scope has not been entered");
	if (scope->cancelled)
		return;
	scope->cancelled = true;
	cancel_from_depth(scope->task, scope->depth);
}

bool async_scope_cancelled(const struct async_scope *scope)
{
	return scope->cancelled;
}

int async_scope_exit(struct async_scope *scope, int rc)
{
	struct task *task = pop(scope, "async_scope_exit");

	if (scope->cancelled && task_uncancel(task) <= scope->saved_cancelling &&
	    rc == ASYNC_ECANCELED)
		rc = 0;
	scope_refresh(task);
	return rc;
}

void async_shielded_begin_at(const char *here, struct async_scope *section)
{
	struct task *task = task_here(here, "async_shielded_begin");

	push(here, section, task, true);
	section->pending = task->must_cancel && !task->rearmed;
	task->must_cancel = task->rearmed = false;
	if (section->pending && task->extra && task->extra->note) {
		error_record_drop(task->extra->later);
		task->extra->later = task->extra->note;
		task->extra->note = NULL;
	}
}

void async_shielded_end(struct async_scope *section)
{
	struct task *task = pop(section, "async_shielded_end");

	task->cancelling += section->deferred;
	if (section->pending || section->deferred) {
		task->must_cancel = true;
		task->rearmed = false;
		if (task->extra && task->extra->later) {
			error_record_drop(task->extra->note);
			task->extra->note = task->extra->later;
			task->extra->later = NULL;
		}
	}
	scope_refresh(task);
}
