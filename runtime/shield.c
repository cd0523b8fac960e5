/* SPDX-License-Identifier: MIT */
/*
 * shield.c - asyncio.shield(): an outer future that ends as the inner one does, a turn later, and
 * that can be cancelled alone. A failure of inner after that counts as read only if its callback was
 * on its way already; else it is reported, if nobody reads it.
 */
#include "runtime/async.h"
#include "runtime/chain.h"
#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/task.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

static void pass_on(void *arg)
{
	struct async_shield *shield = arg;
	struct async_future *inner = shield->inner, *outer = &shield->outer;
	struct error_record *record;

	trace_cause_future(inner);
	if (async_future_done(outer)) {
		inner->retrieved |= !async_future_cancelled(inner);
		return;
	}
	inner->retrieved = true;
	if (async_future_cancelled(inner)) {
		future_complete(outer, ASYNC_CANCELLED, ASYNC_ECANCELED);
		return;
	}
	record = error_record_for(inner->record, inner->result);
	outer->record = inner->result < 0 ? error_record_take(record) : NULL;
	future_complete(outer, ASYNC_FINISHED, inner->result);
}

const struct async_future *shield_leads_to(const struct async_handle *handle)
{
	return handle->run == pass_on ? &((const struct async_shield *)handle->arg)->outer : NULL;
}

static void let_go(void *arg)
{
	struct async_shield *shield = arg;

	async_future_remove_done_callback(shield->inner, &shield->inner_done);
}

static void describe(struct wait_view *view, const struct async_future *outer)
{
	struct async_shield shield;
	uint64_t id;

	if (!wait_peek_around(view, &shield, outer, outer) ||
	    (id = wait_on(view, shield.inner)) == 0)
		return;
	wait_say(view, " of ");
	wait_say_task(view, id);
}

static const struct async_future_kind kind = { &kind, "shield", NULL, describe };

/* One that is done needs no shield: its outcome is there at once, a cancellation with its message. */
void async_shield_begin(struct async_shield *shield, struct async_future *inner)
{
	struct task *task;

	must(inner, "async_shield_begin: the future is NULL");
	task = task_of_future(inner);
	*shield = (struct async_shield){ .outer.kind = &kind, .inner = inner };
	if (task)
		task_take(task);
	if (async_future_done(inner)) {
		pass_on(shield);
		if (async_future_cancelled(inner))
			shield->outer.record = error_record_take(inner->record);
		return;
	}
	async_future_add_done_callback(inner, &shield->inner_done, pass_on, shield);
	async_future_add_done_callback(&shield->outer, &shield->outer_done, let_go, shield);
}

void async_shield_end(struct async_shield *shield)
{
	struct async_future *inner = shield->inner;
	struct task *task = task_of_future(inner);

	/* A callback on its way finds nothing to pass on to, and has only this left to say. */
	if (list_linked(&shield->inner_done.node) && async_future_done(inner) &&
	    !async_future_cancelled(inner))
		inner->retrieved = true;
	async_handle_cancel(&shield->inner_done);
	async_handle_cancel(&shield->outer_done);
	error_record_drop(shield->outer.record);
	if (task)
		task_drop(task);
	shield->outer.record = NULL;
}

int async_shield_at(const char *here, struct async_task *handle)
{
	struct task *task = task_here(here, "async_shield");
	struct task *child = task_of(here, "async_shield", handle);
	struct async_shield shield;
	int rc;

	if (async_future_done(&child->future))
		return async_await_at(here, handle);
	async_shield_begin(&shield, &child->future);
	rc = future_wait(task, here, &shield.outer);
	async_shield_end(&shield);
	return rc;
}
