/* SPDX-License-Identifier: MIT */
/*
 * run.c - asyncio.run(): open a loop, run main, cancel what is left, wait for threads, close.
 */
#include <stdio.h>

#include "runtime/cancel.h"
#include "runtime/interrupt.h"
#include "runtime/list.h"

#define CANCEL_PASSES 16  /* for tasks that are created while others are cancelled */
#define DEADLOCKS_MAX 100 /* main may catch its cancellation and wait again; not for ever */
#define DEADLOCKS_SHOWN 3

/* A copy, cut short if need be: it outlives the loop, and nobody would free it. */
static _Thread_local struct async_error run_error;
static _Thread_local char run_message[512];

const struct async_error *async_run_error(void)
{
	return run_error.code ? &run_error : NULL;
}

static void keep_error(const struct async_error *error)
{
	run_error = *error;
	snprintf(run_message, sizeof run_message, "%s", error->message);
	run_error.message = run_message;
	run_error.members = NULL;
	run_error.member_count = 0;
}

static void meet_deadlock(struct async_loop *loop, struct task *main)
{
	if (loop->deadlocks < DEADLOCKS_SHOWN)
		report_deadlock(loop);
	must(++loop->deadlocks < DEADLOCKS_MAX,
	     "main goes on waiting after %d deadlocks, created at %s", DEADLOCKS_MAX,
	     main->created_at);
	task_cancel(main, NULL);
}

/* Runs until main has ended and its callbacks have run, or until it was forced to stop. */
static int run_main(struct async_loop *loop, struct task *main, enum async_signals signals)
{
	struct interrupt interrupt;
	int rc;

	interrupt_begin(&interrupt, loop, main, signals);
	while ((rc = loop_run_until_complete(loop, &main->future)) == ASYNC_EDEADLOCK)
		meet_deadlock(loop, main);
	rc = interrupt_end(&interrupt, rc);
	if (rc < 0) {
		keep_error(&(struct async_error){ .code = rc,
						  .message = async_strerror(rc),
						  .function = "async_run",
						  .file = "?" });
		return rc;
	}
	rc = async_future_result(&main->future);
	if (rc < 0)
		keep_error(&task_error(main)->error);
	return loop->deadlocks ? ASYNC_EDEADLOCK : rc;
}

static void read_outcomes(struct async_loop *loop)
{
	struct async_list *node;

	while ((node = list_take(&loop->doomed))) {
		struct task *task = container_of(node, struct task, all);
		int rc = task->future.result;

		if (rc < 0 && rc != ASYNC_ECANCELED && !task->future.retrieved)
			report_context("unhandled exception during asyncio.run() shutdown", task);
		task->future.retrieved = true;
		task_drop(task);
	}
}

/* Cancels those that run now and waits for them. False when some of them wait for ever. */
static bool cancel_pass(struct async_loop *loop)
{
	bool moving = true;

	list_for_each(node, &loop->tasks) {
		struct task *task = container_of(node, struct task, all);

		task->doomed = true;
		loop->doomed_pending++;
		task_take(task);
		task_cancel(task, NULL);
	}
	loop_enter(loop);
	while (loop->doomed_pending && moving) {
		loop->stopping = false;
		moving = loop_turn(loop);
	}
	loop->stopping = false;
	loop_leave(loop);
	read_outcomes(loop);
	return moving;
}

/* What create tasks while they are cancelled, or wait again for what nobody can send, stays behind. */
static void cancel_all(struct async_loop *loop)
{
	bool moving = true;

	for (int pass = 0; pass < CANCEL_PASSES && moving && !list_empty(&loop->tasks); pass++)
		moving = cancel_pass(loop);
}

static void destroy_all(struct async_loop *loop)
{
	while (!list_empty(&loop->tasks)) {
		struct task *task = container_of(loop->tasks.next, struct task, all);

		report_context("Task was destroyed but it is pending!", task);
		task_destroy(task);
	}
	fd_forget_waiters(loop);
}

static void drop_orphans(struct async_loop *loop)
{
	while (!list_empty(&loop->orphans))
		async_task_release_at(
			"the end of async_run",
			task_handle(container_of(loop->orphans.next, struct task, sibling)));
}

/*
 * Processes and threads first, for they may work in the frames of tasks; then whatever is scheduled,
 * for its nodes may be there, too; then the tasks with their stacks.
 */
void loop_finish(struct async_loop *loop)
{
	concurrent_close(loop);
	process_close_all(loop);
	offload_close(loop);
	loop_drop_scheduled(loop);
	destroy_all(loop);
	drop_orphans(loop);
	loop_close(loop);
}

int async_run_with(int (*fn)(void *arg), void *arg, const struct async_run_options *options)
{
	static const struct async_run_options defaults;
	struct async_task_options named = { .name = "main" };
	struct async_loop *loop, *before = loop_current;
	struct async_task *main;
	int rc;

	run_error.code = 0;
	options = options ? options : &defaults;
	if (before && before->running)
		return async_raise(ASYNC_EBUSY,
				   "asyncio.run() cannot be called from a running event loop");
	rc = loop_open(&loop, options);
	if (rc < 0)
		return rc;
	main = async_create_task_at("async_run", "main", fn, arg, &named);
	rc = main ? run_main(loop, task_of("async_run", "async_run", main), options->signals)
		  : async_last_error();
	cancel_all(loop);
	loop_finish(loop);
	loop_current = before;
	return rc;
}

int async_run(int (*fn)(void *arg), void *arg)
{
	return async_run_with(fn, arg, NULL);
}
