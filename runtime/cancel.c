/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - cancellation as asyncio has it: edge-triggered and counted.
 *
 * A request cancels at once what the task waits on; where that cannot be, must_cancel makes the next
 * wait fail. The first of several before delivery wins, with its message. What is asked of a task in
 * a shielded section waits until the section ends.
 */
#include "runtime/cancel.h"

#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/scope.h"
#include "runtime/wait.h"

/* ---- Messages -------------------------------------------------------------------------------- */

static struct error_record *make_record(const char *message)
{
	if (!message)
		return NULL;
	return error_record_text(ASYNC_ECANCELED, "async_cancel", "?", 0, "%s", message);
}

void cancel_note(struct task *task, struct error_record *record)
{
	struct task_extra *extra = record ? extra_get(task) : task->extra;

	/* Without memory the cancellation comes without its message. */
	if (!extra)
		return;
	error_record_drop(extra->note);
	extra->note = error_record_take(record);
	extra->for_next = false;
}

/* Without memory nobody will miss it much. */
static void note_asked(struct task *task, struct error_record *record)
{
	struct task_extra *extra = record ? extra_get(task) : task->extra;

	if (!extra)
		return;
	error_record_drop(extra->asked);
	extra->asked = error_record_take(record);
}

struct error_record *cancel_asked(struct async_future *future)
{
	const struct task *task = task_of_future(future);

	return task && task->extra ? task->extra->asked : NULL;
}

static struct error_record *take_note(struct task *task)
{
	struct error_record *note = task->extra ? task->extra->note : NULL;

	if (note)
		task->extra->note = NULL;
	return note;
}

void cancel_take_note(struct task *task)
{
	task_set_record(task, ASYNC_ECANCELED, take_note(task));
}

void cancel_note_waiters(struct async_future *future)
{
	list_for_each(node, &future->callbacks) {
		struct async_handle *handle = container_of(node, struct async_handle, node);

		if (handle->run == task_step)
			cancel_note(handle->arg, loop_current->cancel_record);
	}
}

const char *async_cancelled_message(void)
{
	const struct async_error *error = async_raised(ASYNC_ECANCELED);

	return error && !container_of(error, struct error_record, error)->made_up ? error->message
										  : NULL;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static bool ends_cancelled(const struct async_future *future)
{
	return future && async_future_done(future) && future->result == ASYNC_ECANCELED;
}

static bool request(struct task *task, unsigned depth)
{
	struct error_record *record = task->loop->cancel_record;

	if (task->state == TASK_DONE) {
		/* asyncio: whoever cancels a failed task has taken note of it. */
		task->future.retrieved = true;
		return false;
	}
	if (task->scopes && scope_defer(task, depth, record))
		return true;
	task->cancelling++;
	if (task->waiting && async_future_cancel(task->waiting))
		return true;
	note_asked(task, record);
	if (!ends_cancelled(task->waiting)) {
		cancel_note(task, record);
		if (task->extra)
			task->extra->for_next = true;
	}
	task->must_cancel = true;
	task->rearmed = false;
	return true;
}

static bool cancel_task(struct async_future *future)
{
	return request(container_of(future, struct task, future), 0);
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	wait_say_task(view, wait_on(view, future));
}

const struct async_future_kind task_kind = { &task_kind, "awaiting ", cancel_task, describe };

/* The record is what everything cancelled on the way, down to the last child, gets to see. */
static bool request_with(struct task *task, struct error_record *record, unsigned depth)
{
	struct async_loop *loop = task->loop;
	struct error_record *outer = loop->cancel_record;
	bool asked;

	loop->cancel_record = record;
	asked = request(task, depth);
	loop->cancel_record = outer;
	return asked;
}

void cancel_at_wait(struct task *task)
{
	struct async_loop *loop = task->loop;
	struct error_record *outer = loop->cancel_record, *note = take_note(task);

	loop->cancel_record = note;
	if (async_future_cancel(task->waiting))
		task->must_cancel = task->rearmed = false;
	else
		cancel_note(task, note);
	loop->cancel_record = outer;
	error_record_drop(note);
}

bool task_cancel(struct task *task, const char *message)
{
	struct error_record *record = make_record(message);
	bool asked = request_with(task, record, 0);

	error_record_drop(record);
	return asked;
}

bool cancel_from_depth(struct task *task, unsigned depth)
{
	return request_with(task, NULL, depth);
}

bool async_future_cancel_message(struct async_future *future, const char *message)
{
	struct async_loop *loop = loop_here("?", "async_future_cancel_message");
	struct error_record *outer = loop->cancel_record;
	struct error_record *record = make_record(message);
	bool asked;

	loop->cancel_record = record;
	future->kept = true;
	asked = async_future_cancel(future);
	loop->cancel_record = outer;
	error_record_drop(record);
	return asked;
}

int task_uncancel(struct task *task)
{
	if (task->cancelling > 0 && --task->cancelling == 0) {
		task->must_cancel = task->rearmed = false;
		cancel_note(task, NULL);
	}
	if (task->scopes)
		scope_refresh(task);
	return task->cancelling;
}

/* ---- Delivery -------------------------------------------------------------------------------- */

int cancel_deliver(struct task *task, struct async_future *future)
{
	int code = future ? future->result : 0;

	if (future)
		future->retrieved = true;
	if (task->must_cancel && code != ASYNC_ECANCELED) {
		code = ASYNC_ECANCELED;
		cancel_take_note(task);
	} else if (code == ASYNC_ECANCELED && !future->record) {
		/* A wait that ends cancelled by itself does not do so with what was asked meanwhile. */
		if (task->extra && task->extra->for_next)
			cancel_note(task, NULL);
		cancel_take_note(task);
	} else {
		task_inherit(task, future);
	}
	task->must_cancel = task->rearmed = false;
	cancel_note(task, NULL);
	if (task->scopes)
		scope_refresh(task);
	return code;
}

/* ---- Public ---------------------------------------------------------------------------------- */

bool async_cancel_at(const char *here, struct async_task *task, const char *message)
{
	return task_cancel(task_of(here, "async_cancel", task), message);
}

int async_cancelling(struct async_task *handle)
{
	struct task *task = task_of("?", "async_cancelling", handle);

	return task->cancelling + scope_deferred(task);
}

int async_uncancel(struct async_task *task)
{
	return task_uncancel(task_of("?", "async_uncancel", task));
}
