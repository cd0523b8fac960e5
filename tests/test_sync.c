/* SPDX-License-Identifier: MIT */
/*
 * test_sync.c - Semaphore and Event: limits, bounds, and what is refused. How wake-ups and
 * cancellations meet is in test_waiters.c, the plain order in test_conformance.c.
 */
#include "runtime/async.h"
#include "tests/harness.h"

static int holder(void *arg)
{
	struct async_semaphore *semaphore = arg;
	static int inside, peak;
	int rc = async_semaphore_acquire(semaphore);

	if (rc < 0)
		return rc;
	if (++inside > peak)
		peak = inside;
	CHECK(inside <= 3);
	async_sleep(0.01);
	inside--;
	async_semaphore_release(semaphore);
	return peak;
}

static int crowd(void *arg)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(3);
	struct async_task *tasks[40];
	int results[40];

	(void)arg;
	for (int i = 0; i < 40; i++)
		tasks[i] = async_create_task(holder, &semaphore);
	async_sleep(0.015);
	for (int i = 0; i < 40; i += 4)
		async_cancel(tasks[i]);
	async_gather(tasks, 40, ASYNC_RETURN_EXCEPTIONS, results);
	CHECK_INT(results[39], 3);
	/* Whoever was cancelled while holding a slot kept it to the end of its nap: nothing is lost. */
	CHECK_INT(semaphore.value, 3);
	return 0;
}

TEST(a_semaphore_never_lets_more_in_than_it_has_slots_and_gets_all_back)
{
	struct async_run_options options = { .virtual_clock = true };

	for (options.shuffle_seed = 0; options.shuffle_seed < 50; options.shuffle_seed++)
		CHECK_INT(async_run_with(crowd, NULL, &options), 0);
}

static int bad_value(void *arg)
{
	struct async_semaphore semaphore;

	(void)arg;
	CHECK_INT(async_semaphore_init(&semaphore, -1), ASYNC_EINVAL);
	CHECK_INT(async_bounded_semaphore_init(&semaphore, -1), ASYNC_EINVAL);
	CHECK_STR(async_raised(ASYNC_EINVAL)->message, "Semaphore initial value must be >= 0");
	CHECK_INT(async_semaphore_init(&semaphore, 0), 0);
	return 0;
}

TEST(a_negative_semaphore_is_refused)
{
	CHECK_INT(async_run(bad_value, NULL), 0);
}

static int too_many(void *arg)
{
	struct async_semaphore semaphore = ASYNC_BOUNDED_SEMAPHORE(2), none;

	(void)arg;
	CHECK_INT(async_semaphore_acquire(&semaphore), 0);
	CHECK_INT(async_semaphore_release(&semaphore), 0);
	CHECK_INT(async_semaphore_release(&semaphore), ASYNC_EINVAL);
	CHECK_STR(async_raised(ASYNC_EINVAL)->message, "BoundedSemaphore released too many times");
	CHECK_INT(semaphore.value, 2);
	CHECK_INT(async_bounded_semaphore_init(&none, 0), 0);
	CHECK(async_semaphore_locked(&none));
	CHECK_INT(async_semaphore_release(&none), ASYNC_EINVAL);
	return 0;
}

TEST(a_bounded_semaphore_refuses_a_release_that_nobody_acquired)
{
	CHECK_INT(async_run(too_many, NULL), 0);
}

static int wait_event(void *arg)
{
	return async_event_wait(arg);
}

/* As in CPython: who comes after set() has nothing to wait for and overtakes those who waited. */
static int set_then_newcomer(void *arg)
{
	struct async_event event = { 0 };
	struct async_task *waiter = async_create_task(wait_event, &event);

	(void)arg;
	CHECK_INT(async_sleep(0), 0);
	async_event_set(&event);
	async_event_set(&event);
	CHECK_INT(async_event_wait(&event), 0);
	CHECK(!async_task_done(waiter));
	async_event_clear(&event);
	CHECK_INT(async_await(waiter), 0);
	CHECK(!async_event_is_set(&event));
	return 0;
}

TEST(an_event_that_is_set_lets_newcomers_pass_at_once_and_wakes_who_waited_though_cleared)
{
	CHECK_INT(async_run(set_then_newcomer, NULL), 0);
}
