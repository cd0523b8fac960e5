/* SPDX-License-Identifier: MIT */
/*
 * forever.c - loops that are run by hand: until stopped, until a future is done, again.
 *
 * The thread's current loop is set while one is only prepared, too; running says which of the two.
 */
#include "runtime/async.h"

#include "runtime/cancel.h"
#include "runtime/guard/guard.h"
#include "runtime/list.h"

void loop_enter(struct async_loop *loop)
{
	loop->running = true;
	heartbeat_busy(&loop->heartbeat);
	guard_enter(loop->guard);
	heartbeat_mark(&loop->heartbeat);
}

void loop_leave(struct async_loop *loop)
{
	guard_leave(loop->guard);
	loop->running = false;
	heartbeat_idle(&loop->heartbeat);
}

int loop_run_forever(struct async_loop *loop)
{
	int rc = 0;

	loop_enter(loop);
	do {
		if (!loop_turn(loop))
			rc = ASYNC_EDEADLOCK;
	} while (rc == 0 && !loop->stopping);
	loop->stopping = false;
	loop_leave(loop);
	return rc;
}

static void stop(void *loop)
{
	((struct async_loop *)loop)->stopping = true;
}

int loop_run_until_complete(struct async_loop *loop, struct async_future *future)
{
	struct async_handle callback = { 0 };
	int rc;

	async_future_add_done_callback(future, &callback, stop, loop);
	rc = loop_run_forever(loop);
	async_handle_cancel(&callback);
	if (rc < 0)
		return rc;
	return async_future_done(future) ? 0 : ASYNC_ESTOPPED;
}

/* ---- Public ---------------------------------------------------------------------------------- */

struct async_loop *async_loop_new(const struct async_run_options *options)
{
	static const struct async_run_options defaults;
	struct async_loop *before = loop_current, *loop;
	int rc = before && before->running ? ASYNC_EBUSY
					   : loop_open(&loop, options ? options : &defaults);

	return task_set_last_error(rc) < 0 ? NULL : loop_handle(loop);
}

void async_set_event_loop(struct async_loop *loop)
{
	must(!loop_current || !loop_current->running,
	     "async_set_event_loop: a loop runs in this thread");
	loop_current = loop ? loop_of("async_set_event_loop", loop) : NULL;
}

/* The loop becomes the current one for a while; what was that before is returned. */
static struct async_loop *switch_to(struct async_loop *loop, const char *what)
{
	struct async_loop *before = loop_current;

	must(!loop->running, "%s: This event loop is already running", what);
	must(!before || !before->running,
	     "%s: Cannot run the event loop while another loop is running", what);
	loop_current = loop;
	return before;
}

int async_loop_run_forever(struct async_loop *handle)
{
	struct async_loop *loop = loop_of("async_loop_run_forever", handle);
	struct async_loop *before = switch_to(loop, "async_loop_run_forever");
	int rc = loop_run_forever(loop);

	if (rc == ASYNC_EDEADLOCK)
		report_deadlock(loop);
	loop_current = before;
	return rc;
}

int async_loop_run_until_complete(struct async_loop *handle, struct async_future *future)
{
	struct async_loop *loop = loop_of("async_loop_run_until_complete", handle);
	struct async_loop *before = switch_to(loop, "async_loop_run_until_complete");
	int rc = loop_run_until_complete(loop, future);

	if (rc == ASYNC_EDEADLOCK)
		report_deadlock(loop);
	loop_current = before;
	return rc < 0 ? rc : async_future_result(future);
}

void async_loop_stop(struct async_loop *loop)
{
	loop_of("async_loop_stop", loop)->stopping = true;
}

bool async_loop_is_running(const struct async_loop *loop)
{
	return loop_of("async_loop_is_running", loop)->running;
}

void async_loop_close(struct async_loop *handle)
{
	struct async_loop *loop = loop_of("async_loop_close", handle);
	struct async_loop *before;

	must(!loop->running, "async_loop_close: Cannot close a running event loop");
	before = switch_to(loop, "async_loop_close");

	loop_finish(loop);
	loop_current = before == loop ? NULL : before;
}

void async_task_destroy_at(const char *here, struct async_task *handle)
{
	struct task *task = task_of(here, "async_task_destroy", handle);

	must(task->held, "async_task_destroy at %s: not a reference of the caller's", here);
	must(task != task->loop->current, "async_task_destroy at %s: the task is running", here);
	if (task->state != TASK_DONE) {
		must(list_empty(&task->future.callbacks),
		     "async_task_destroy at %s: somebody waits for the task", here);
		report_context("Task was destroyed but it is pending!", task);
		task_abandon(task);
	}
	async_task_release_at(here, handle);
}
