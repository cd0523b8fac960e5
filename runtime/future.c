/* SPDX-License-Identifier: MIT */
/*
 * future.c - the one suspension point: a task waits on a future, and nothing else.
 *
 * Sleep, fd, join, gather, lock, thread: each is a future whose memory belongs to whoever waits,
 * most often his stack. Completing one moves its callbacks to the ready queue, in order; the step
 * of a waiting task is such a callback. Cancelling a task cancels the future that it waits on.
 */
#include "runtime/future.h"

#include <math.h>

#include "runtime/cancel.h"
#include "runtime/list.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

void async_future_init(struct async_future *future)
{
	*future = (struct async_future){ .state = ASYNC_PENDING };
}

void async_future_close(struct async_future *future)
{
	must(list_empty(&future->callbacks), "async_future_close: somebody waits for the future");
	if (future->state == ASYNC_FINISHED && future->result < 0 &&
	    future->result != ASYNC_ECANCELED && !future->retrieved)
		report_future(future);
	error_record_drop(future->record);
	async_future_init(future);
}

bool async_future_done(const struct async_future *future)
{
	return future->state != ASYNC_PENDING;
}

bool async_future_cancelled(const struct async_future *future)
{
	return future->state == ASYNC_CANCELLED;
}

int async_future_result(struct async_future *future)
{
	if (!async_future_done(future))
		return ASYNC_EINVALIDSTATE;
	future->retrieved = true;
	return future->result;
}

const struct async_error *async_future_error(struct async_future *future)
{
	struct error_record *record;

	if (!async_future_done(future))
		return NULL;
	future->retrieved = true;
	record = error_record_for(future->record, future->result);
	return record && future->result < 0 ? &record->error : NULL;
}

/* In debug mode: those that wait are tasks of this loop. */
static void check_waiters(const struct async_loop *loop, const struct async_future *future)
{
	list_for_each(node, &future->callbacks) {
		const struct async_handle *handle = container_of(node, struct async_handle, node);

		must(handle->run != task_step || ((struct task *)handle->arg)->loop == loop,
		     LOOP_OTHER_THREAD, "completing a future");
	}
}

void future_complete(struct async_future *future, enum async_state state, int code)
{
	struct async_loop *loop = loop_here("?", "completing a future");

	future->state = state;
	future->result = code;
	if (loop->debug)
		check_waiters(loop, future);
	if (state == ASYNC_CANCELLED)
		cancel_note_waiters(future);
	loop->dropped |= future->echo;
	trace_wakes(loop, future);
	list_splice(&loop->ready, &future->callbacks);
}

/* A task has a result by returning it. */
static void check_no_task(struct async_future *future, const char *what)
{
	must(!task_of_future(future), "Task does not support %s operation", what);
}

int async_future_set_result(struct async_future *future, int code)
{
	check_no_task(future, "set_result");
	if (async_future_done(future))
		return ASYNC_EINVALIDSTATE;
	future_complete(future, ASYNC_FINISHED, code);
	return 0;
}

int async_future_set_exception_at(struct async_future *future, int code, const char *function,
				  const char *file, int line, const char *format, ...)
{
	va_list arguments;

	check_no_task(future, "set_exception");
	must(code < 0, "async_future_set_exception at %s:%d: %d is no exception", file, line, code);
	if (async_future_done(future))
		return ASYNC_EINVALIDSTATE;
	va_start(arguments, format);
	error_record_drop(future->record);
	future->record = error_record_make(code, function, file, line, format, arguments);
	va_end(arguments);
	future_complete(future, ASYNC_FINISHED, code);
	return 0;
}

bool async_future_cancel(struct async_future *future)
{
	if (async_future_done(future))
		return false;
	if (wait_has_cancel(future))
		return future->kind->cancel(future);
	if (future->kept && !future->record)
		future->record =
			error_record_take(loop_here("?", "cancelling a future")->cancel_record);
	future_complete(future, ASYNC_CANCELLED, ASYNC_ECANCELED);
	return true;
}

void async_future_add_done_callback(struct async_future *future, struct async_handle *handle,
				    void (*run)(void *arg), void *arg)
{
	must(run, "async_future_add_done_callback: a callable object was expected, got NULL");
	must(!list_linked(&handle->node), "a handle was added to a future while it is in use");
	handle->run = run;
	handle->arg = arg;
	if (async_future_done(future))
		loop_call_soon(loop_here("?", "async_future_add_done_callback"), handle);
	else
		list_append(&future->callbacks, &handle->node);
}

bool async_future_remove_done_callback(struct async_future *future, struct async_handle *handle)
{
	if (async_future_done(future) || !list_linked(&handle->node))
		return false;
	list_remove(&handle->node);
	return true;
}

/* It is done already: no turn passes, and a cancellation that is asked for waits for the next wait. */
static int result_of(struct task *task, struct async_future *future)
{
	if (future->result >= 0)
		return future->result;
	future->retrieved = true;
	return task_inherit(task, future);
}

int future_wait(struct task *task, const char *here, struct async_future *future)
{
	if (async_future_done(future))
		return result_of(task, future);
	async_future_add_done_callback(future, &task->step, task_step, task);
	task->waiting = future;
	task->waiting_since = task->loop->clock;
	if (task->must_cancel)
		cancel_at_wait(task);
	task_suspend(task, here);
	task->waiting = NULL;
	if (future->result >= 0 && !task->must_cancel)
		return future->result;
	return cancel_deliver(task, future);
}

int async_future_await_at(const char *here, struct async_future *future)
{
	struct task *task = task_here(here, "async_future_await");

	must(future, "async_future_await at %s: the future is NULL", here);
	future->kept = true;
	return future == &task->future ? task_await_itself(here) : future_wait(task, here, future);
}

/* ---- Sleep ----------------------------------------------------------------------------------- */

struct sleep {
	struct async_future future;
	struct async_timer timer;
};

static void wake(void *future)
{
	trace_cause(loop_current, TRACE_BY_TIMER, 0);
	async_future_set_result(future, 0);
}

static void describe_sleep(struct wait_view *view, const struct async_future *future)
{
	struct sleep sleep;

	if (!wait_peek_around(view, &sleep, future, future))
		return;
	wait_say(view, ", wakes in ");
	wait_say_time_until(view, sleep.timer.when);
}

static const struct async_future_kind sleep_kind = { &sleep_kind, "sleep", NULL, describe_sleep };

/* One yield, that is: to the end of the ready queue. */
static int yield_once(struct task *task, const char *here)
{
	loop_call_soon(task->loop, &task->step);
	task_suspend(task, here);
	return task->must_cancel ? cancel_deliver(task, NULL) : 0;
}

int async_sleep_at(const char *here, double seconds)
{
	struct task *task = task_here(here, "async_sleep");
	struct sleep sleep;
	int rc;

	if (isnan(seconds))
		return async_raise(ASYNC_EINVAL, "Invalid delay: NaN (not a number)");
	if (seconds <= 0)
		return yield_once(task, here);
	sleep = (struct sleep){ .future.kind = &sleep_kind };
	async_call_later(&sleep.timer, seconds, wake, &sleep.future);
	trace_waits(task->loop, TRACE_WAIT_SLEEP, sleep.timer.when);
	rc = future_wait(task, here, &sleep.future);
	async_timer_cancel(&sleep.timer);
	return rc;
}
