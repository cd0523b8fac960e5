/* SPDX-License-Identifier: MIT */
/*
 * test_scope.c - cancel scopes in level mode, shielded sections, clean-ups: what cancels them, what
 * gets through, what a scope leaves as it was.
 */
#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

/* Runs fn as a task, cancels it at its first wait, and returns how it ended. */
static int cancelled_once(int (*fn)(void *arg))
{
	struct async_task *task = async_create_task(fn, NULL);

	async_sleep(0);
	async_cancel_message(task, "stop");
	return async_await(task);
}

static int careless(void *arg)
{
	struct async_semaphore semaphore = ASYNC_SEMAPHORE(0);
	struct async_scope scope;
	int rc;

	(void)arg;
	async_scope_enter(&scope);
	CHECK_INT(async_sleep(100), ASYNC_ECANCELED);
	CHECK_STR(async_cancelled_message(), "stop");
	CHECK_INT(async_sleep(100), ASYNC_ECANCELED);
	CHECK_INT(async_sleep(0), ASYNC_ECANCELED);
	CHECK_INT(async_semaphore_acquire(&semaphore), ASYNC_ECANCELED);
	rc = async_scope_exit(&scope, ASYNC_ECANCELED);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_NEAR(async_time(), 0, 0);
	/* Outside it is an edge again. */
	CHECK_INT(async_sleep(1), 0);
	CHECK_INT(async_cancelling(async_current_task()), 1);
	return rc;
}

static int cancel_careless(void *arg)
{
	(void)arg;
	CHECK_INT(cancelled_once(careless), ASYNC_ECANCELED);
	return 0;
}

TEST(in_a_scope_each_wait_fails_after_a_cancellation_until_the_scope_ends)
{
	run(cancel_careless);
}

static void cancel_scope(void *scope)
{
	async_scope_cancel(scope);
}

static int cancel_own_scope(void *arg)
{
	struct async_scope outer, inner;
	struct async_timer timer = { 0 };
	int rc;

	(void)arg;
	async_scope_enter(&outer);
	async_scope_enter(&inner);
	async_call_later(&timer, 1, cancel_scope, &inner);
	rc = async_sleep(5);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_INT(async_sleep(5), ASYNC_ECANCELED);
	CHECK_INT(async_scope_exit(&inner, rc), 0);
	CHECK(async_scope_cancelled(&inner) && !async_scope_cancelled(&outer));
	CHECK_INT(async_cancelling(async_current_task()), 0);
	CHECK_INT(async_sleep(1), 0);
	CHECK_NEAR(async_time(), 2, 1e-9);
	return async_scope_exit(&outer, 0);
}

TEST(a_cancelled_scope_ends_with_its_end_and_the_one_around_it_goes_on)
{
	run(cancel_own_scope);
}

static int outer_scope_reaches_inner(void *arg)
{
	struct async_scope outer, inner;
	int rc;

	(void)arg;
	async_scope_enter(&outer);
	async_scope_cancel(&outer);
	async_scope_cancel(&outer);
	async_scope_enter(&inner);
	CHECK_INT(async_sleep(0), ASYNC_ECANCELED);
	CHECK_INT(async_sleep(0), ASYNC_ECANCELED);
	rc = async_scope_exit(&inner, ASYNC_ECANCELED);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_INT(async_sleep(0), ASYNC_ECANCELED);
	CHECK_INT(async_scope_exit(&outer, rc), 0);
	return async_sleep(0);
}

TEST(an_outer_scope_cancels_what_is_in_the_inner_ones)
{
	run(outer_scope_reaches_inner);
}

static int timeout_in_scope(void *arg)
{
	struct async_timeout limit;
	struct async_scope scope;

	(void)arg;
	async_scope_enter(&scope);
	async_timeout_begin(&limit, 1);
	CHECK_INT(async_timeout_end(&limit, async_sleep(5)), ASYNC_ETIMEOUT);
	CHECK_INT(async_sleep(1), 0);
	return async_scope_exit(&scope, 0);
}

TEST(a_timeout_that_has_been_dealt_with_does_not_stay)
{
	run(timeout_in_scope);
}

static int slow_to_end(void *arg)
{
	(void)arg;
	if (async_sleep(100) == ASYNC_ECANCELED)
		async_sleep(1);
	return ASYNC_ECANCELED;
}

static int group_in_scope(void *arg)
{
	struct async_task_group group = { 0 };
	struct async_scope scope;
	int rc;

	(void)arg;
	async_scope_enter(&scope);
	async_task_group_enter(&group);
	CHECK(async_task_group_create_task(&group, slow_to_end, NULL) != NULL);
	rc = async_task_group_exit(&group, async_sleep(50));
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_NEAR(async_time(), 1, 1e-9);
	return async_scope_exit(&scope, rc);
}

static int condition_in_scope(void *arg)
{
	struct async_condition condition = { 0 };
	struct async_scope scope;
	int rc;

	(void)arg;
	async_scope_enter(&scope);
	CHECK_INT(async_condition_acquire(&condition), 0);
	rc = async_condition_wait(&condition);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK(async_condition_locked(&condition));
	async_condition_release(&condition);
	return async_scope_exit(&scope, rc);
}

static int cancel_in_level_mode(void *arg)
{
	(void)arg;
	CHECK_INT(cancelled_once(condition_in_scope), ASYNC_ECANCELED);
	CHECK_INT(cancelled_once(group_in_scope), ASYNC_ECANCELED);
	return 0;
}

TEST(what_has_to_wait_again_after_a_cancellation_does_not_spin_in_level_mode)
{
	run(cancel_in_level_mode);
}

static int say_goodbye(void *arg)
{
	struct async_scope scope, section;
	struct async_timeout limit;
	struct async_scope inside;
	int rc;

	(void)arg;
	async_scope_enter(&scope);
	async_shielded_begin(&section);
	CHECK_INT(async_sleep(2), 0);
	CHECK_INT(async_cancelling(async_current_task()), 1);
	async_timeout_begin(&limit, 1);
	CHECK_INT(async_timeout_end(&limit, async_sleep(5)), ASYNC_ETIMEOUT);
	async_scope_enter(&inside);
	async_scope_cancel(&inside);
	CHECK_INT(async_scope_exit(&inside, async_sleep(5)), 0);
	CHECK_INT(async_sleep(1), 0);
	async_shielded_end(&section);
	rc = async_sleep(5);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_STR(async_cancelled_message(), "stop");
	CHECK_NEAR(async_time(), 4, 1e-9);
	return async_scope_exit(&scope, rc);
}

static int cancel_goodbye(void *arg)
{
	(void)arg;
	CHECK_INT(cancelled_once(say_goodbye), ASYNC_ECANCELED);
	return 0;
}

TEST(a_cancellation_waits_for_the_end_of_a_shielded_section_and_what_began_inside_does_not)
{
	run(cancel_goodbye);
}

static int shield_pending(void *arg)
{
	struct async_scope section;

	(void)arg;
	async_cancel_message(async_current_task(), "before");
	async_shielded_begin(&section);
	CHECK_INT(async_sleep(1), 0);
	async_shielded_end(&section);
	CHECK_INT(async_sleep(1), ASYNC_ECANCELED);
	CHECK_STR(async_cancelled_message(), "before");
	CHECK_INT(async_sleep(1), 0);
	return 0;
}

TEST(a_cancellation_from_before_a_section_comes_after_it)
{
	run(shield_pending);
}

static int leave_scope_open(void *arg)
{
	struct async_scope scope;

	(void)arg;
	async_scope_enter(&scope);
	return 0;
}

static int leave_in_wrong_order(void *arg)
{
	struct async_scope outer, inner;

	(void)arg;
	async_scope_enter(&outer);
	async_scope_enter(&inner);
	async_scope_exit(&outer, 0);
	return 0;
}

TEST(leaving_a_scope_open_or_in_the_wrong_order_aborts)
{
	EXPECT_ABORT(run(leave_scope_open), "a task ended inside a scope", "test_scope.c:");
	EXPECT_ABORT(run(leave_in_wrong_order), "left before one that was entered later",
		     "test_scope.c:");
}

/* ---- Clean-ups ------------------------------------------------------------------------------- */

static char trail[32];

static void note(void *arg)
{
	CHECK_INT(async_sleep(1), 0);
	strcat(trail, arg);
}

static int with_cleanups(void *arg)
{
	(void)arg;
	CHECK_INT(async_cleanup_push(note, "a"), 0);
	CHECK_INT(async_cleanup_push(note, "b"), 0);
	CHECK_INT(async_cleanup_push(note, "c"), 0);
	async_cleanup_pop(false);
	CHECK_INT(async_cleanup_push(note, "d"), 0);
	async_cleanup_pop(true);
	return async_sleep(10);
}

static int cancel_with_cleanups(void *arg)
{
	struct async_task *task = async_create_task(with_cleanups, arg);

	async_sleep(2);
	CHECK_STR(trail, "d");
	async_cancel(task);
	async_sleep(0.5);
	/* A second one does not get into the clean-ups. */
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK_STR(trail, "dba");
	CHECK_NEAR(async_time(), 4, 1e-9);
	return 0;
}

TEST(clean_ups_run_in_reverse_when_the_task_ends_and_cannot_be_interrupted)
{
	run(cancel_with_cleanups);
}

static int pop_nothing(void *arg)
{
	(void)arg;
	async_cleanup_pop(true);
	return 0;
}

TEST(popping_a_clean_up_that_is_not_there_aborts)
{
	EXPECT_ABORT(run(pop_nothing), "there is no clean-up left");
}

static void nothing(void *arg)
{
	(void)arg;
}

static int push_some(void *arg)
{
	int rc = async_cleanup_push(nothing, arg);

	CHECK(rc == 0 || rc == ASYNC_ENOMEM);
	return 0;
}

static void try_to_push(void)
{
	async_run_with(push_some, NULL, &virtual_clock);
}

TEST(each_allocation_may_fail)
{
	for_each_failing_allocation(try_to_push);
}
