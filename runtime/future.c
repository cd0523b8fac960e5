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

#include "runtime/list.h"
#include "runtime/task.h"

void async_future_init(struct async_future *future)
{
	*future = (struct async_future){ .state = ASYNC_PENDING };
}

bool async_future_done(const struct async_future *future)
{
	return future->state != ASYNC_PENDING;
}

void future_complete(struct async_future *future, enum async_state state, int code)
{
	future->state = state;
	future->result = code;
	list_splice(&loop_here("?", "completing a future")->ready, &future->callbacks);
}

int async_future_set_result(struct async_future *future, int code)
{
	if (async_future_done(future))
		return ASYNC_EINVALIDSTATE;
	future_complete(future, ASYNC_FINISHED, code);
	return 0;
}

bool async_future_cancel(struct async_future *future)
{
	if (async_future_done(future))
		return false;
	if (future->cancel)
		return future->cancel(future);
	future_complete(future, ASYNC_CANCELLED, ASYNC_ECANCELED);
	return true;
}

void async_future_add_done_callback(struct async_future *future, struct async_handle *handle,
				    void (*run)(void *arg), void *arg)
{
	must(!list_linked(&handle->node), "a handle was added to a future while it is in use");
	handle->run = run;
	handle->arg = arg;
	if (async_future_done(future))
		loop_call_soon(loop_here("?", "async_future_add_done_callback"), handle);
	else
		list_append(&future->callbacks, &handle->node);
}

/* A cancellation that came after the wake-up still wins; the future keeps its result. */
static int delivered(struct task *task, int code)
{
	if (!task->must_cancel)
		return code;
	task->must_cancel = false;
	return ASYNC_ECANCELED;
}

int future_wait(struct task *task, const char *here, struct async_future *future)
{
	if (async_future_done(future))
		return future->result;
	async_future_add_done_callback(future, &task->step, task_step, task);
	task->waiting = future;
	if (task->must_cancel && async_future_cancel(future))
		task->must_cancel = false;
	task_suspend(task, here);
	task->waiting = NULL;
	return delivered(task, future->result);
}

int async_future_await_at(const char *here, struct async_future *future)
{
	return future_wait(task_here(here, "async_future_await"), here, future);
}

static void wake(void *future)
{
	async_future_set_result(future, 0);
}

/* One yield, that is: to the end of the ready queue. */
static int yield_once(struct task *task, const char *here)
{
	loop_call_soon(task->loop, &task->step);
	task_suspend(task, here);
	return delivered(task, 0);
}

int async_sleep_at(const char *here, double seconds)
{
	struct task *task = task_here(here, "async_sleep");
	struct async_future future;
	struct async_timer timer = { 0 };
	int rc;

	if (isnan(seconds))
		return async_raise(ASYNC_EINVAL, "Invalid delay: NaN (not a number)");
	if (seconds <= 0)
		return yield_once(task, here);
	async_future_init(&future);
	async_call_later(&timer, seconds, wake, &future);
	rc = future_wait(task, here, &future);
	async_timer_cancel(&timer);
	return rc;
}
