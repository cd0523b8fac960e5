/* SPDX-License-Identifier: MIT */
/* test_forever.c - loops run by hand: stopped, run again, several of them, destroyed with tasks. */
#include <pthread.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static int nap(void *arg)
{
	(void)arg;
	return async_sleep(1);
}

static int fail(void *arg)
{
	(void)arg;
	return async_raise(ASYNC_EFAILED, "no luck");
}

static int run_task(struct async_loop *loop, int (*fn)(void *arg), void *arg)
{
	struct async_task *task = async_create_task(fn, arg);

	return async_loop_run_until_complete(loop, async_task_future(task));
}

TEST(a_loop_is_run_again_and_keeps_what_was_scheduled)
{
	struct async_loop *loop = async_loop_new(&virtual_clock);
	struct async_task *task;

	CHECK(async_get_running_loop() != NULL && !async_loop_is_running(loop));
	CHECK_INT(run_task(loop, nap, NULL), 0);
	CHECK_INT(run_task(loop, fail, NULL), ASYNC_EFAILED);
	task = async_create_task(nap, NULL);
	async_loop_stop(loop);
	CHECK_INT(async_loop_run_until_complete(loop, async_task_future(task)), ASYNC_ESTOPPED);
	CHECK_INT(async_loop_run_until_complete(loop, async_task_future(task)), 0);
	async_loop_close(loop);
	CHECK(async_get_running_loop() == NULL);
}

static int new_loop_inside(void *arg)
{
	(void)arg;
	CHECK(async_loop_new(NULL) == NULL);
	CHECK_INT(async_last_error(), ASYNC_EBUSY);
	return 4;
}

TEST(async_run_works_beside_a_loop_that_does_not_run_and_a_running_one_allows_no_other)
{
	struct async_loop *loop = async_loop_new(&virtual_clock), *other;

	CHECK_INT(async_run_with(new_loop_inside, NULL, &virtual_clock), 4);
	CHECK(async_get_running_loop() == loop);
	other = async_loop_new(&virtual_clock);
	CHECK_INT(run_task(other, new_loop_inside, NULL), 4);
	async_set_event_loop(loop);
	CHECK_INT(run_task(loop, nap, NULL), 0);
	async_loop_close(loop);
	async_loop_close(other);
}

static int wait_for_ever(void *arg)
{
	return async_future_await(arg);
}

TEST(a_deadlock_is_returned_and_the_loop_can_go_on)
{
	struct async_loop *loop = async_loop_new(&virtual_clock);
	struct async_future never;
	struct async_task *task;

	async_future_init(&never);
	task = async_create_task(wait_for_ever, &never);
	CHECK_INT(async_loop_run_until_complete(loop, async_task_future(task)), ASYNC_EDEADLOCK);
	CHECK_INT(async_loop_run_forever(loop), ASYNC_EDEADLOCK);
	async_future_set_result(&never, 9);
	CHECK_INT(async_loop_run_until_complete(loop, async_task_future(task)), 9);
	async_loop_close(loop);
}

static int heard;

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	CHECK_STR(context->message, "Task was destroyed but it is pending!");
	CHECK(context->task != NULL && context->error == NULL && context->future == NULL);
	heard++;
}

TEST(closing_a_loop_destroys_what_is_pending_and_says_so)
{
	struct async_loop *loop = async_loop_new(&virtual_clock);
	struct async_future never;

	async_future_init(&never);
	async_set_exception_handler(hear, NULL);
	CHECK(async_create_task(wait_for_ever, &never) != NULL);
	CHECK_INT(async_spawn(nap, NULL), 0);
	async_loop_stop(loop);
	CHECK_INT(async_loop_run_forever(loop), 0);
	async_loop_close(loop);
	CHECK_INT(heard, 2);
}

static int sleep_in_limit(void *arg)
{
	struct async_timeout limit;

	async_timeout_begin(&limit, 2);
	async_semaphore_acquire(arg);
	return async_timeout_end(&limit, 0);
}

/* Timers, waiters and a limit of the task are still on its stack when their time comes. */
static int destroy(void *arg)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(0);
	struct async_task *task = async_create_task(sleep_in_limit, &semaphore), *asleep, *fresh;
	struct async_counts counts;

	(void)arg;
	async_set_exception_handler(hear, NULL);
	asleep = async_create_task(nap, NULL);
	async_sleep(0);
	async_task_destroy(task);
	async_task_destroy(asleep);
	CHECK_INT(heard, 2);
	fresh = async_create_task(nap, NULL);
	async_count(&counts);
	CHECK_INT(counts.tasks, 2);
	async_sleep(3);
	async_semaphore_release(&semaphore);
	CHECK_INT(async_await(fresh), 0);
	return 0;
}

TEST(a_destroyed_task_never_runs_again_and_hurts_nobody)
{
	CHECK_INT(async_run_with(destroy, NULL, &virtual_clock), 0);
}

static int await_it(void *arg)
{
	return async_await(arg);
}

static int destroy_awaited(void *arg)
{
	struct async_task *task = async_create_task(nap, arg);

	CHECK_INT(async_spawn(await_it, task), 0);
	async_sleep(0);
	async_task_destroy(task);
	return 0;
}

static void run_twice(void *loop)
{
	async_loop_run_forever(loop);
}

static int run_running(void *arg)
{
	run_twice(async_get_running_loop());
	return arg != NULL;
}

TEST(destroying_an_awaited_task_and_running_a_running_loop_abort)
{
	EXPECT_ABORT(async_run_with(destroy_awaited, NULL, &virtual_clock),
		     "somebody waits for the task");
	EXPECT_ABORT(async_run_with(run_running, NULL, &virtual_clock),
		     "This event loop is already running");
}

static void *stop_from_elsewhere(void *loop)
{
	async_loop_stop(loop);
	return NULL;
}

static void stop_in_thread(struct async_loop *loop)
{
	pthread_t thread;

	pthread_create(&thread, NULL, stop_from_elsewhere, loop);
	pthread_join(thread, NULL);
}

TEST(a_call_from_the_wrong_thread_aborts_in_asyncios_words)
{
	struct async_loop *loop = async_loop_new(&virtual_clock);

	EXPECT_ABORT(stop_in_thread(loop), "Non-thread-safe operation invoked on an event loop "
					   "other than the current one");
	async_loop_close(loop);
}

static size_t count_all;

static int list_tasks(void *arg)
{
	struct async_task *tasks[2], *child = async_create_task(nap, arg);

	CHECK_INT(async_spawn(nap, arg), 0);
	count_all = async_all_tasks(tasks, 2);
	CHECK(tasks[0] == async_current_task() && tasks[1] == child);
	CHECK_INT(async_await(child), 0);
	CHECK_INT(async_all_tasks(NULL, 0), 1);
	async_sleep(0);
	return 0;
}

TEST(all_tasks_lists_those_that_have_not_ended_the_oldest_first)
{
	CHECK_INT(async_run_with(list_tasks, NULL, &virtual_clock), 0);
	CHECK_INT(count_all, 3);
}
