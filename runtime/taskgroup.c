/* SPDX-License-Identifier: MIT */
/*
 * taskgroup.c - asyncio.TaskGroup, as CPython 3.13 has it.
 *
 * A record for each task calls task_done, a turn after the task ended. The first failure aborts: all
 * tasks are cancelled, and the parent too, once, which exit takes back. Cancellations are counted, so
 * exit can tell its own from somebody else's.
 */
#include "runtime/async.h"

#include <stdlib.h>

#include "runtime/cancel.h"
#include "runtime/chain.h"
#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/scope.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

struct member {
	struct async_handle handle;
	struct async_list node; /* in members, then in failed */
	struct async_task_group *group;
	struct task *task;
	struct async_task *name;
};

static void cancel_members(struct async_task_group *group)
{
	group->aborting = true;
	list_for_each(node, &group->members)
		task_cancel(container_of(node, struct member, node)->task, NULL);
}

static void abort_group(struct async_task_group *group)
{
	cancel_members(group);
	if (group->parent_cancelled)
		return;
	group->parent_cancelled = true;
	cancel_from_depth(group->parent, group->depth);
}

static void free_member(struct member *member)
{
	list_remove(&member->node);
	task_drop(member->task);
	free(member);
}

static void task_done(void *arg)
{
	struct member *member = arg;
	struct async_task_group *group = member->group;
	struct async_future *future = &member->task->future;

	list_remove(&member->node);
	trace_cause_future(future);
	if (group->completed && list_empty(&group->members))
		async_future_set_result(group->completed, 0);
	if (async_future_cancelled(future) || future->result >= 0) {
		free_member(member);
		return;
	}
	future->retrieved = true;
	list_append(&group->failed, &member->node);
	if (!group->aborting && !group->parent_cancelled)
		abort_group(group);
}

/* The parent, once it is at its end. */
const struct async_future *taskgroup_leads_to(const struct async_handle *handle)
{
	struct async_task_group group;
	struct member member;

	return handle->run == task_done && chain_peek(&member, handle->arg, sizeof member) &&
			       chain_peek(&group, member.group, sizeof group)
		       ? group.completed
		       : NULL;
}

/* ---- Entering and creating ------------------------------------------------------------------- */

int async_task_group_enter_at(const char *here, struct async_task_group *group)
{
	struct task *task = task_here(here, "async_task_group_enter");

	if (group->entered)
		return async_raise(ASYNC_ERUNTIME, "TaskGroup has already been entered");
	group->entered = true;
	group->parent = task;
	group->depth = scope_depth(task);
	if (group->cancel_on_enter)
		async_task_group_cancel(group);
	return 0;
}

static bool over(const struct async_task_group *group)
{
	return group->exiting && list_empty(&group->members);
}

static int check(const struct async_task_group *group)
{
	const char *state = !group->entered   ? "has not been entered"
			    : over(group)     ? "is finished"
			    : group->aborting ? "is shutting down"
					      : NULL;

	return state ? async_raise(ASYNC_ERUNTIME, "TaskGroup %s", state) : 0;
}

struct async_task *async_task_group_create_task_at(const char *here, const char *label,
						   struct async_task_group *group,
						   int (*fn)(void *arg), void *arg,
						   const struct async_task_options *options)
{
	struct async_task *name;
	struct member *member;

	if (task_set_last_error(check(group)) < 0)
		return NULL;
	member = calloc(1, sizeof *member);
	if (!member) {
		task_set_last_error(ASYNC_ENOMEM);
		return NULL;
	}
	name = async_create_task_at(here, label, fn, arg, options);
	if (!name) {
		free(member);
		return NULL;
	}
	member->group = group;
	member->name = name;
	member->task = task_of(here, "async_task_group_create_task", name);
	task_take(member->task);
	list_append(&group->members, &member->node);
	/* One that was started eagerly may be over: no callback then, as in CPython 3.13.0. */
	if (async_future_done(&member->task->future))
		task_done(member);
	else
		async_future_add_done_callback(&member->task->future, &member->handle, task_done,
					       member);
	return name;
}

void async_task_group_cancel(struct async_task_group *group)
{
	if (!group->entered)
		group->cancel_on_enter = true;
	else if (!over(group) && !group->aborting)
		abort_group(group);
}

/* ---- What a report says ---------------------------------------------------------------------- */

/* Of the parent in exit. */
struct leaving {
	struct async_future completed;
	const struct async_task_group *group;
};

static void describe(struct wait_view *view, const struct async_future *completed)
{
	const struct async_list *head, *node;
	struct async_task_group group;
	struct leaving leaving;
	struct member member;
	size_t left = 0;

	if (!wait_peek_around(view, &leaving, completed, completed) ||
	    !wait_peek(view, &group, leaving.group, sizeof group))
		return;
	head = &leaving.group->members;
	for (node = group.members.next; node && node != head; node = member.node.next) {
		if (!wait_peek_around(view, &member, node, node))
			break;
		wait_on(view, &member.task->future);
		left++;
	}
	wait_say(view, ", %zu task%s left", left, left == 1 ? "" : "s");
}

static const struct async_future_kind kind = { &kind, "TaskGroup", NULL, describe };

/* ---- Leaving --------------------------------------------------------------------------------- */

/* The record with a cancellation's message, if there is one, that the task has at hand. */
static struct error_record *take_cancellation(struct task *task)
{
	return error_record_take(error_record_for(task->future.record, ASYNC_ECANCELED));
}

/*
 * Waits for all members. True: somebody else's cancellation came meanwhile, whose record is *first. It
 * may come again and again, so the waits are not in level mode.
 */
static bool wait_for_members(struct async_task_group *group, struct task *task, const char *here,
			     struct error_record **first)
{
	struct leaving leaving = { .group = group };
	bool cancelled = false;

	scope_edges_begin(task);
	while (!list_empty(&group->members)) {
		leaving.completed = (struct async_future){ .kind = &kind };
		group->completed = &leaving.completed;
		if (future_wait(task, here, &leaving.completed) == ASYNC_ECANCELED &&
		    !group->aborting) {
			cancelled = true;
			*first = take_cancellation(task);
			cancel_members(group);
		}
		group->completed = NULL;
	}
	scope_edges_end(task);
	return cancelled;
}

/* The body's failure, before the waits in exit put another in its place. */
static struct error_record *take_body(struct task *task, const char *here, int code)
{
	struct error_record *record = error_record_for(task->future.record, code);

	if (code >= 0 || code == ASYNC_ECANCELED)
		return NULL;
	return record ? error_record_take(record)
		      : error_record_text(code, "the body", here, 0, "%s", async_strerror(code));
}

/* The failures in their order; the references to their records move into the group's record. */
static void fill(struct error_record *record, struct async_task_group *group,
		 struct error_record *body)
{
	size_t *count = &record->error.member_count;

	list_for_each(node, &group->failed) {
		struct member *member = container_of(node, struct member, node);
		struct error_record *error = error_record_take(task_error(member->task));

		record->members[(*count)++] =
			(struct async_error_member){ member->name, &error->error };
	}
	if (body)
		record->members[(*count)++].error = &error_record_take(body)->error;
	record->error.members = record->members;
}

/* Whoever was first gives the group its code; the record lists all. Without memory it lists none. */
static int raise_group(struct async_task_group *group, struct task *task, const char *here,
		       struct error_record *body)
{
	struct error_record *record;
	size_t count = body ? 1 : 0;
	int code;

	list_for_each(node, &group->failed)
		count++;
	code = list_empty(&group->failed)
		       ? body->error.code
		       : container_of(group->failed.next, struct member, node)->task->future.result;
	record = error_record_text(code, "async_task_group_exit", here, 0,
				   "unhandled errors in a TaskGroup (%zu sub-exception%s)", count,
				   count == 1 ? "" : "s");
	if (record->references > 0)
		record->members = calloc(count, sizeof *record->members);
	if (record->references > 0 && record->members)
		fill(record, group, body);
	while (!list_empty(&group->failed))
		free_member(container_of(group->failed.next, struct member, node));
	task_set_record(task, code, record);
	return code;
}

int async_task_group_exit_at(const char *here, struct async_task_group *group, int rc)
{
	struct task *task = task_here(here, "async_task_group_exit");
	struct error_record *body = take_body(task, here, rc);
	bool cancelled = rc == ASYNC_ECANCELED;
	/* Of several cancellations the first is the one that it ends with. */
	struct error_record *first = cancelled ? take_cancellation(task) : NULL;

	must(group->parent == task && !group->exiting,
	     "async_task_group_exit at %s: the running task is not inside this group", here);
	group->exiting = true;
	if (rc < 0 && !group->aborting)
		cancel_members(group);
	if (wait_for_members(group, task, here, &first))
		cancelled = true;
	if (group->parent_cancelled && task_uncancel(task) == 0)
		cancelled = false;
	group->parent = NULL;
	if (!body && list_empty(&group->failed) && cancelled) {
		task_set_record(task, ASYNC_ECANCELED, first);
		return ASYNC_ECANCELED;
	}
	error_record_drop(first);
	if (!body && list_empty(&group->failed))
		return rc < 0 ? 0 : rc;
	rc = raise_group(group, task, here, body);
	error_record_drop(body);
	/* Somebody else's cancellation comes after the failures: at the next wait. */
	if (task->cancelling) {
		task_uncancel(task);
		cancel_from_depth(task, group->depth);
	}
	return rc;
}
