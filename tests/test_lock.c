/* SPDX-License-Identifier: MIT */
/*
 * test_lock.c - Lock: one at a time, in order, and what is refused. How wake-ups and cancellations
 * meet is in test_waiters.c.
 */
#include <stdio.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static int visits;

static int visit(void *arg)
{
	static int inside;
	int rc = async_lock_acquire(arg);

	if (rc < 0)
		return rc;
	CHECK_INT(inside++, 0);
	rc = async_sleep(0.01);
	CHECK_INT(--inside, 0);
	CHECK_INT(async_lock_release(arg), 0);
	visits += rc == 0;
	return rc;
}

static int crowd(void *arg)
{
	struct async_lock lock = { 0 };
	struct async_task *tasks[40];

	(void)arg;
	visits = 0;
	for (int i = 0; i < 40; i++)
		tasks[i] = async_create_task(visit, &lock);
	async_sleep(0.015);
	for (int i = 0; i < 40; i += 4)
		async_cancel(tasks[i]);
	async_gather(tasks, 40, ASYNC_RETURN_EXCEPTIONS, NULL);
	CHECK(visits >= 30);
	CHECK(!async_lock_locked(&lock));
	return 0;
}

TEST(one_task_at_a_time_is_in_and_all_get_in_though_others_are_cancelled)
{
	struct async_run_options options = virtual_clock;

	for (options.shuffle_seed = 0; options.shuffle_seed < 50; options.shuffle_seed++)
		CHECK_INT(async_run_with(crowd, NULL, &options), 0);
}

static char order[64];

struct visitor {
	struct async_lock *lock;
	const char *name;
};

static int note_visit(void *arg)
{
	const struct visitor *visitor = arg;
	int rc = async_lock_acquire(visitor->lock);

	if (rc < 0)
		return rc;
	snprintf(order + strlen(order), sizeof order - strlen(order), "%s", visitor->name);
	return async_lock_release(visitor->lock);
}

/* As in CPython: with nobody in line but who is cancelled, a newcomer need not wait for them. */
static int newcomers(void *arg)
{
	struct async_lock lock = { 0 };
	struct visitor b = { &lock, "B" };
	struct async_task *task;

	(void)arg;
	CHECK_INT(async_lock_acquire(&lock), 0);
	task = async_create_task(note_visit, &b);
	async_sleep(0);
	async_cancel(task);
	CHECK_INT(async_lock_release(&lock), 0);
	CHECK_INT(async_lock_acquire(&lock), 0);
	CHECK(!async_task_done(task));
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK(async_lock_locked(&lock));
	CHECK_INT(async_lock_release(&lock), 0);
	return 0;
}

TEST(a_newcomer_passes_those_in_line_only_if_all_are_cancelled)
{
	run(newcomers);
}

/* A release wakes the head of the line only; if that is cancelled it wakes the next when it runs. */
static int cancelled_head(void *arg)
{
	struct async_lock lock = { 0 };
	struct visitor b = { &lock, "B" }, c = { &lock, "C" };
	struct async_task *tasks[2];

	(void)arg;
	order[0] = '\0';
	CHECK_INT(async_lock_acquire(&lock), 0);
	tasks[0] = async_create_task(note_visit, &b);
	tasks[1] = async_create_task(note_visit, &c);
	async_sleep(0);
	async_cancel(tasks[0]);
	CHECK_INT(async_lock_release(&lock), 0);
	async_sleep(0);
	CHECK_STR(order, "");
	async_sleep(0);
	CHECK_STR(order, "C");
	return 0;
}

TEST(a_cancelled_head_of_the_line_passes_the_lock_on_in_its_turn)
{
	run(cancelled_head);
}

static int release_it(void *lock)
{
	return async_lock_release(lock);
}

static int misuse(void *arg)
{
	struct async_lock lock = { 0 };
	const struct async_error *error;

	(void)arg;
	CHECK_INT(async_lock_release(&lock), ASYNC_ERUNTIME);
	error = async_raised(ASYNC_ERUNTIME);
	CHECK(error != NULL);
	CHECK_STR(error->message, "Lock is not acquired.");
	CHECK_INT(async_lock_acquire(&lock), 0);
	CHECK_INT(async_await(async_create_task(release_it, &lock)), 0);
	CHECK(!async_lock_locked(&lock));
	return 0;
}

TEST(a_release_of_a_free_lock_is_refused_and_any_task_may_release_a_held_one)
{
	run(misuse);
}

TEST(acquire_outside_a_task_aborts_and_says_where)
{
	struct async_lock lock = { 0 };

	EXPECT_ABORT(async_lock_acquire(&lock), "async_lock_acquire at tests/test_lock.c",
		     "await outside a task");
}
