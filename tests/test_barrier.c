/* SPDX-License-Identifier: MIT */
/*
 * test_barrier.c - Barrier: round after round, abort and reset, who leaves, and what is refused.
 */
#include <stdio.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static void yield(int times)
{
	while (times-- > 0)
		CHECK_INT(async_sleep(0), 0);
}

enum { PARTIES = 5, ROUNDS = 20 };

static struct async_barrier shared;
static unsigned seen[ROUNDS];

/* Nobody is in a round before everybody has left the last one. */
static int play_rounds(void *arg)
{
	(void)arg;
	for (int round = 0; round < ROUNDS; round++) {
		int index = async_barrier_wait(&shared);

		CHECK(index >= 0 && index < PARTIES);
		CHECK(!(seen[round] & 1u << index));
		seen[round] |= 1u << index;
		if (round > 0)
			CHECK_INT(seen[round - 1], (1u << PARTIES) - 1);
	}
	return 0;
}

static int rounds(void *arg)
{
	struct async_task *tasks[PARTIES];

	(void)arg;
	CHECK_INT(async_barrier_init(&shared, PARTIES), 0);
	memset(seen, 0, sizeof seen);
	for (int i = 0; i < PARTIES; i++)
		tasks[i] = async_create_task(play_rounds, NULL);
	CHECK_INT(async_gather(tasks, PARTIES, ASYNC_RAISE, NULL), 0);
	CHECK_INT(async_barrier_n_waiting(&shared), 0);
	return 0;
}

TEST(round_after_round_each_index_is_given_once_in_any_order_of_the_ready_queue)
{
	struct async_run_options options = virtual_clock;

	for (options.shuffle_seed = 0; options.shuffle_seed < 50; options.shuffle_seed++)
		CHECK_INT(async_run_with(rounds, NULL, &options), 0);
}

static int arrive(void *arg)
{
	return async_barrier_wait(arg);
}

/* The text of a task's failure, which is what async_barrier_wait() recorded. */
static void check_broken(struct async_task *task, const char *text)
{
	CHECK(async_task_done(task));
	CHECK_INT(async_task_result(task), ASYNC_EBROKENBARRIER);
	CHECK_STR(async_task_error(task)->message, text);
}

static int aborted(void *arg)
{
	struct async_barrier barrier = ASYNC_BARRIER(3);
	struct async_task *a = async_create_task(arrive, &barrier);
	struct async_task *b = async_create_task(arrive, &barrier), *late;

	(void)arg;
	yield(1);
	CHECK_INT(async_barrier_n_waiting(&barrier), 2);
	CHECK_INT(async_barrier_abort(&barrier), 0);
	CHECK(async_barrier_broken(&barrier));
	CHECK_INT(async_barrier_n_waiting(&barrier), 0);
	late = async_create_task(arrive, &barrier);
	yield(5);
	check_broken(a, "Abort or reset of barrier");
	check_broken(b, "Abort or reset of barrier");
	check_broken(late, "Barrier aborted");
	CHECK_INT(async_barrier_reset(&barrier), 0);
	CHECK(!async_barrier_broken(&barrier));
	a = async_create_task(arrive, &barrier);
	b = async_create_task(arrive, &barrier);
	yield(1);
	CHECK_INT(async_barrier_wait(&barrier), 2);
	CHECK_INT(async_await(a), 0);
	CHECK_INT(async_await(b), 1);
	return 0;
}

TEST(abort_sends_everybody_away_until_a_reset_mends_it)
{
	run(aborted);
}

/* Who comes while those of before are being sent away belongs to the next round. */
static int reset_with_waiters(void *arg)
{
	struct async_barrier barrier = ASYNC_BARRIER(2);
	struct async_task *a = async_create_task(arrive, &barrier), *b;

	(void)arg;
	yield(1);
	b = async_create_task(arrive, &barrier);
	CHECK_INT(async_barrier_reset(&barrier), 0);
	CHECK_INT(barrier.state, ASYNC_BARRIER_RESETTING);
	yield(5);
	check_broken(a, "Abort or reset of barrier");
	CHECK(!async_task_done(b));
	CHECK_INT(async_barrier_n_waiting(&barrier), 1);
	CHECK_INT(async_barrier_wait(&barrier), 1);
	CHECK_INT(async_await(b), 0);
	return 0;
}

TEST(reset_sends_away_who_waits_and_keeps_who_comes)
{
	run(reset_with_waiters);
}

static int left(void *arg)
{
	struct async_barrier barrier = ASYNC_BARRIER(3);
	struct async_task *a = async_create_task(arrive, &barrier);
	struct async_task *b = async_create_task(arrive, &barrier), *c;

	(void)arg;
	yield(1);
	async_cancel(a);
	yield(2);
	CHECK_INT(async_task_result(a), ASYNC_ECANCELED);
	CHECK_INT(async_barrier_n_waiting(&barrier), 1);
	CHECK_INT(async_barrier_parties(&barrier), 3);
	c = async_create_task(arrive, &barrier);
	yield(1);
	CHECK(!async_task_done(b));
	/* As in CPython the index is the count at arrival: after somebody left, two may have the same. */
	CHECK_INT(async_barrier_wait(&barrier), 2);
	CHECK_INT(async_await(b), 1);
	CHECK_INT(async_await(c), 1);
	return 0;
}

TEST(who_is_cancelled_has_left_and_the_others_wait_for_one_more)
{
	run(left);
}

static int alone(void *arg)
{
	struct async_barrier barrier;

	(void)arg;
	CHECK_INT(async_barrier_init(&barrier, 0), ASYNC_EINVAL);
	CHECK_STR(async_raised(ASYNC_EINVAL)->message, "parties must be > 0");
	CHECK_INT(async_barrier_init(&barrier, -3), ASYNC_EINVAL);
	CHECK_INT(async_barrier_init(&barrier, 1), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_barrier_wait(&barrier), 0);
	return 0;
}

TEST(a_barrier_for_one_never_holds_and_one_for_nobody_is_refused)
{
	run(alone);
}
