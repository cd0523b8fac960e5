/* SPDX-License-Identifier: MIT */
/*
 * test_taskgroup.c - what a group's failure holds, misuse, cancel(), and no memory. The traces are
 * in test_conformance.c.
 */
#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int fail_after(void *arg)
{
	int rc = async_sleep(*(double *)arg);

	return rc < 0 ? async_raise(ASYNC_EFAILED, "gave up") : async_raise(ASYNC_ECLOSED, "broke");
}

static int two_fail(void *arg)
{
	struct async_task_group group = { 0 };
	double first = 1, second = 2;
	struct async_task *a, *b;
	const struct async_error *error;
	int rc;

	(void)arg;
	CHECK_INT(async_task_group_enter(&group), 0);
	b = async_task_group_create_task(&group, fail_after, &second);
	a = async_task_group_create_task(&group, fail_after, &first);
	rc = async_sleep(5);
	CHECK_INT(rc, ASYNC_ECANCELED);
	rc = async_task_group_exit(&group, async_raise(ASYNC_EINVAL, "the body's own"));
	CHECK_INT(rc, ASYNC_ECLOSED);
	error = async_raised(rc);
	CHECK_STR(error->message, "unhandled errors in a TaskGroup (3 sub-exceptions)");
	CHECK_INT(error->member_count, 3);
	CHECK(error->members[0].task == a);
	CHECK_STR(error->members[0].error->message, "broke");
	CHECK(error->members[1].task == b);
	CHECK_INT(error->members[1].error->code, ASYNC_EFAILED);
	CHECK(error->members[2].task == NULL);
	CHECK_STR(error->members[2].error->message, "the body's own");
	CHECK_INT(async_cancelling(async_current_task()), 0);
	return 0;
}

TEST(a_group_fails_with_the_first_code_and_lists_all_in_order_the_body_last)
{
	run(two_fail);
}

static int pass_group_on(void *arg)
{
	struct async_task_group group = { 0 };
	double now = 0;

	(void)arg;
	async_task_group_enter(&group);
	async_task_group_create_task(&group, fail_after, &now);
	return async_task_group_exit(&group, 0);
}

static int read_in_parent(void *arg)
{
	struct async_task *task = async_create_task(pass_group_on, arg);

	CHECK_INT(async_await(task), ASYNC_ECLOSED);
	CHECK_INT(async_raised(ASYNC_ECLOSED)->member_count, 1);
	CHECK_STR(async_task_error(task)->members[0].error->message, "broke");
	return 0;
}

TEST(who_awaits_a_task_that_failed_as_a_group_gets_the_members)
{
	run(read_in_parent);
}

static int wrong_order(void *arg)
{
	struct async_task_group group = { 0 };

	CHECK(async_task_group_create_task(&group, nothing, arg) == NULL);
	CHECK_INT(async_last_error(), ASYNC_ERUNTIME);
	CHECK_STR(async_raised(ASYNC_ERUNTIME)->message, "TaskGroup has not been entered");
	CHECK_INT(async_task_group_enter(&group), 0);
	CHECK_INT(async_task_group_enter(&group), ASYNC_ERUNTIME);
	CHECK_STR(async_raised(ASYNC_ERUNTIME)->message, "TaskGroup has already been entered");
	CHECK_INT(async_task_group_exit(&group, 7), 7);
	CHECK(async_task_group_create_task(&group, nothing, arg) == NULL);
	CHECK_STR(async_raised(ASYNC_ERUNTIME)->message, "TaskGroup is finished");
	async_task_group_cancel(&group);
	return async_sleep(0);
}

TEST(before_enter_and_after_exit_there_is_nothing_to_create_in)
{
	run(wrong_order);
}

static int exit_by_another(void *arg)
{
	async_task_group_exit((struct async_task_group *)arg, 0);
	return 0;
}

static int leave_by_another(void *arg)
{
	struct async_task_group group = { 0 };

	(void)arg;
	async_task_group_enter(&group);
	return async_await(async_create_task(exit_by_another, &group));
}

TEST(leaving_a_group_in_another_task_aborts)
{
	EXPECT_ABORT(run(leave_by_another), "async_task_group_exit at", "not inside this group");
}

static int sleeper(void *arg)
{
	int rc = async_sleep(100);

	++*(int *)arg;
	return rc;
}

static int cancel_group(void *arg)
{
	struct async_task_group group = { 0 }, early = { 0 };
	int ended = 0, rc;

	(void)arg;
	async_task_group_enter(&group);
	async_task_group_create_task(&group, sleeper, &ended);
	async_sleep(1);
	async_task_group_cancel(&group);
	async_task_group_cancel(&group);
	CHECK(async_task_group_create_task(&group, sleeper, &ended) == NULL);
	rc = async_sleep(10);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_INT(async_task_group_exit(&group, rc), 0);
	CHECK_INT(ended, 1);
	async_task_group_cancel(&early);
	async_task_group_enter(&early);
	CHECK_INT(async_task_group_exit(&early, async_sleep(10)), 0);
	CHECK_INT(async_cancelling(async_current_task()), 0);
	CHECK_NEAR(async_time(), 1, 1e-9);
	return async_sleep(0);
}

TEST(cancel_ends_a_group_without_an_error_also_before_it_is_entered)
{
	run(cancel_group);
}

static int group_without_memory(void *arg)
{
	struct async_task_group group = { 0 };
	double soon = 1;
	int rc = 0;

	(void)arg;
	async_task_group_enter(&group);
	for (int i = 0; i < 3; i++)
		if (!async_task_group_create_task(&group, fail_after, &soon))
			rc = async_last_error();
	rc = async_task_group_exit(&group, rc);
	CHECK(rc == ASYNC_ECLOSED || rc == ASYNC_ENOMEM || rc == ASYNC_EFAILED);
	return 0;
}

static void try_group(void)
{
	async_run_with(group_without_memory, NULL, &virtual_clock);
}

TEST(each_allocation_may_fail)
{
	for_each_failing_allocation(try_group);
}
