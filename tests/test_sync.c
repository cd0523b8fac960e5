/* SPDX-License-Identifier: MIT */
/*
 * test_sync.c - every way a wake-up and a cancellation can meet: in both orders, in one turn and in
 * two. None is lost, none doubled, no slot leaks. The plain order is in test_conformance.c.
 */
#include <stdio.h>

#include "runtime/async.h"
#include "tests/harness.h"

struct waiter {
	struct async_semaphore *semaphore;
	int got;
};

static int take(void *arg)
{
	struct waiter *waiter = arg;
	int rc = async_semaphore_acquire(waiter->semaphore);

	waiter->got = rc == 0;
	return rc;
}

enum meeting { WAKE_THEN_CANCEL, CANCEL_THEN_WAKE, WAKE_TURN_CANCEL, CANCEL_TURN_WAKE, MEETINGS };

static void meet(enum meeting how, struct async_semaphore *semaphore, struct async_task *task)
{
	bool cancel_first = how == CANCEL_THEN_WAKE || how == CANCEL_TURN_WAKE;

	if (cancel_first)
		async_cancel(task);
	else
		async_semaphore_release(semaphore);
	if (how == WAKE_TURN_CANCEL || how == CANCEL_TURN_WAKE)
		async_sleep(0);
	if (cancel_first)
		async_semaphore_release(semaphore);
	else
		async_cancel(task);
}

/* Two wait for a slot; one is released; the first waiter is cancelled around that. */
static int meeting(void *arg)
{
	enum meeting how = *(enum meeting *)arg;
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(0);
	struct waiter waiters[2] = { { &semaphore, 0 }, { &semaphore, 0 } };
	struct async_task *tasks[2];
	int slots;

	for (int i = 0; i < 2; i++)
		tasks[i] = async_create_task(take, &waiters[i]);
	async_sleep(0);
	meet(how, &semaphore, tasks[0]);
	for (int i = 0; i < 5; i++)
		async_sleep(0);
	/* One slot was given out: it is in one hand or, if nobody could take it, in the semaphore. */
	slots = waiters[0].got + waiters[1].got + semaphore.value;
	CHECK_INT(slots, 1);
	CHECK_INT(waiters[0].got, how == WAKE_TURN_CANCEL);
	CHECK_INT(waiters[1].got, how != WAKE_TURN_CANCEL);
	async_semaphore_release(&semaphore);
	async_gather(tasks, 2, ASYNC_RETURN_EXCEPTIONS, NULL);
	return 0;
}

TEST(a_wake_up_and_a_cancel_meet_in_every_order_and_no_slot_is_lost_or_doubled)
{
	for (enum meeting how = 0; how < MEETINGS; how++) {
		struct async_run_options options = { .virtual_clock = true };

		printf("meeting %d\n", how);
		CHECK_INT(async_run_with(meeting, &how, &options), 0);
	}
}

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
	CHECK_INT(async_semaphore_init(&semaphore, 0), 0);
	return 0;
}

TEST(a_negative_semaphore_is_refused)
{
	CHECK_INT(async_run(bad_value, NULL), 0);
}
