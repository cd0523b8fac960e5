/* SPDX-License-Identifier: MIT */
/*
 * test_waiting.c - wait, as_completed and gather: arguments, futures, what is left when they end
 * early, no memory. The traces are in test_conformance.c.
 */
#include <math.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static int nap(void *arg)
{
	int rc = async_sleep(*(double *)arg);

	return rc < 0 ? rc : (int)*(double *)arg;
}

static double one = 1, two = 2, three = 3;

static int bad_arguments(void *arg)
{
	struct async_task *task = async_create_task(nap, &one);

	(void)arg;
	CHECK_INT(async_wait(NULL, 0, ASYNC_ALL_COMPLETED, 1, NULL), ASYNC_EINVAL);
	CHECK_INT(async_wait(&task, 1, ASYNC_ALL_COMPLETED, NAN, NULL), ASYNC_EINVAL);
	CHECK(async_as_completed(&task, 1, NAN) == NULL);
	CHECK_INT(async_last_error(), ASYNC_EINVAL);
	return 0;
}

TEST(nothing_to_wait_for_and_nan_are_refused)
{
	run(bad_arguments);
}

static void complete(void *future)
{
	async_future_set_result(future, 5);
}

static int wait_for_futures(void *arg)
{
	struct async_future futures[2], *all[] = { &futures[0], &futures[1] };
	struct async_timer timer = { 0 };
	size_t pending;

	(void)arg;
	async_future_init(all[0]);
	async_future_init(all[1]);
	async_call_later(&timer, 1, complete, all[1]);
	CHECK_INT(async_wait_futures(all, 2, ASYNC_FIRST_COMPLETED, ASYNC_NO_TIMEOUT, &pending), 1);
	CHECK_INT(pending, 1);
	CHECK(async_future_done(all[1]) && !async_future_done(all[0]));
	CHECK_INT(async_wait_futures(all, 1, ASYNC_ALL_COMPLETED, 1, NULL), 0);
	CHECK_INT(async_wait_for_future(all[0], 1), ASYNC_ETIMEOUT);
	CHECK(async_future_cancelled(all[0]));
	return 0;
}

TEST(futures_are_waited_for_as_tasks_are)
{
	run(wait_for_futures);
}

static int stop_early(void *arg)
{
	struct async_task *tasks[] = { async_create_task(nap, &three),
				       async_create_task(nap, &one) };
	struct async_completion *all = async_as_completed(tasks, 2, 10);
	struct async_counts counts;
	size_t which;

	(void)arg;
	CHECK_INT(async_as_completed_next(all, &which), 1);
	CHECK_INT(which, 1);
	async_as_completed_end(all);
	async_count(&counts);
	CHECK_INT(counts.timers, 1);
	CHECK_INT(async_await(tasks[0]), 3);
	return 0;
}

TEST(as_completed_can_be_left_early_and_the_rest_runs_on)
{
	run(stop_early);
}

static int next_of(void *arg)
{
	size_t which;

	return async_as_completed_next(arg, &which);
}

static int end_under_waiter(void *arg)
{
	struct async_task *task = async_create_task(nap, &one);
	struct async_completion *all = async_as_completed(&task, 1, ASYNC_NO_TIMEOUT);

	(void)arg;
	CHECK_INT(async_spawn(next_of, all), 0);
	async_sleep(0);
	async_as_completed_end(all);
	return 0;
}

TEST(ending_as_completed_under_a_waiter_aborts)
{
	EXPECT_ABORT(run(end_under_waiter), "still waiting for the next");
}

static int limited_at(void *arg)
{
	struct async_timeout limit;

	(void)arg;
	async_sleep(1);
	async_timeout_at_begin(&limit, 3);
	CHECK_INT(async_timeout_end(&limit, async_sleep(10)), ASYNC_ETIMEOUT);
	CHECK_NEAR(async_time(), 3, 1e-6);
	async_timeout_at_begin(&limit, 2);
	CHECK_INT(async_timeout_end(&limit, async_sleep(10)), ASYNC_ETIMEOUT);
	CHECK_NEAR(async_time(), 3, 1e-6);
	return 0;
}

TEST(timeout_at_ends_at_a_time_of_the_loops_clock)
{
	run(limited_at);
}

static int failing(void *arg)
{
	(void)arg;
	return async_raise(ASYNC_EFAILED, "on purpose");
}

static int gather_failure(void *arg)
{
	struct async_task *tasks[] = { async_create_task(nap, &two),
				       async_create_task(failing, arg) };
	struct async_gathering *gathering = async_gather_begin(tasks, 2, ASYNC_RAISE);
	struct async_future *future = async_gathering_future(gathering);
	int results[2];

	CHECK_INT(async_wait_for_future(future, 5), ASYNC_EFAILED);
	CHECK_STR(async_raised(ASYNC_EFAILED)->message, "on purpose");
	CHECK_STR(async_future_error(future)->message, "on purpose");
	async_gather_end(gathering, results);
	CHECK_INT(results[0], ASYNC_EINVALIDSTATE);
	CHECK_INT(results[1], ASYNC_EFAILED);
	gathering = async_gather_begin(NULL, 0, ASYNC_RAISE);
	CHECK_INT(async_future_await(async_gathering_future(gathering)), 0);
	async_gather_end(gathering, NULL);
	return 0;
}

TEST(a_gathering_passes_the_failure_on_with_its_text_and_knows_who_still_runs)
{
	run(gather_failure);
}

static int all_of_them(void *arg)
{
	struct async_task *tasks[2];
	struct async_completion *all;
	struct async_gathering *gathering;
	int rc;

	(void)arg;
	for (int i = 0; i < 2; i++)
		if (!(tasks[i] = async_create_task(nap, i ? &one : &two)))
			return 0;
	rc = async_wait(tasks, 2, ASYNC_FIRST_COMPLETED, 5, NULL);
	CHECK(rc > 0 || rc == ASYNC_ENOMEM);
	all = async_as_completed(tasks, 2, 5);
	CHECK(all || async_last_error() == ASYNC_ENOMEM);
	while (all && async_as_completed_next(all, NULL) > 0)
		continue;
	if (all)
		async_as_completed_end(all);
	gathering = async_gather_begin(tasks, 2, ASYNC_RAISE);
	CHECK(gathering || async_last_error() == ASYNC_ENOMEM);
	if (gathering)
		async_gather_end(gathering, NULL);
	return 0;
}

static void try_all(void)
{
	async_run_with(all_of_them, NULL, &virtual_clock);
}

TEST(each_allocation_may_fail)
{
	for_each_failing_allocation(try_all);
}
