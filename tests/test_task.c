/* SPDX-License-Identifier: MIT */
/*
 * test_task.c - lifetimes and handles, copies, names, and misuse, which aborts and names both
 * places. Order and cancellation are in test_conformance.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int nap(void *arg)
{
	(void)arg;
	return async_sleep(1);
}

static int fail(void *arg)
{
	return async_raise(ASYNC_EFAILED, "failed with %s", arg ? (char *)arg : "nothing");
}

/* ---- Handles --------------------------------------------------------------------------------- */

static int release_twice(void *arg)
{
	struct async_task *task = async_create_task(nothing, arg);

	async_task_release(task);
	async_task_release(task);
	return 0;
}

static int use_after_release(void *arg)
{
	struct async_task *task = async_create_task(nap, arg);

	async_task_release(task);
	return async_await(task);
}

static int use_after_reuse(void *arg)
{
	struct async_task *task = async_create_task(nothing, arg), *other;

	async_await(task);
	async_task_release(task);
	other = async_create_task(nap, arg);
	(void)other;
	async_cancel(task);
	return 0;
}

static struct async_task *inner;

static int create_inner(void *arg)
{
	inner = async_create_task(nap, arg);
	return 0;
}

static int use_after_creator_ended(void *arg)
{
	struct async_task *task = async_create_task(create_inner, arg);

	async_await(task);
	return async_await(inner);
}

TEST(a_stale_handle_aborts_and_names_where_it_was_used_and_where_released)
{
	EXPECT_ABORT(run(release_twice), "async_task_release at tests/test_task.c:44",
		     "released at tests/test_task.c:43");
	EXPECT_ABORT(run(use_after_release), "async_await at tests/test_task.c",
		     "released at tests/test_task.c");
	EXPECT_ABORT(run(use_after_reuse), "async_cancel at tests/test_task.c", "stale handle");
	EXPECT_ABORT(run(use_after_creator_ended), "the end of the task that created it");
}

static int release_borrowed(void *arg)
{
	(void)arg;
	async_task_release(async_current_task());
	async_task_release(async_current_task());
	return 0;
}

TEST(await_outside_a_task_aborts_and_says_where)
{
	EXPECT_ABORT(async_sleep(1), "async_sleep at tests/test_task.c", "await outside a task");
	EXPECT_ABORT(nothing(async_create_task(nothing, NULL)), "no running event loop");
	EXPECT_ABORT(run(release_borrowed), "async_task_release at");
}

static int await_null(void *arg)
{
	(void)arg;
	return async_await(NULL);
}

TEST(a_null_task_aborts)
{
	EXPECT_ABORT(run(await_null), "async_await at", "the task is NULL");
}

/* ---- Lifetimes ------------------------------------------------------------------------------- */

static int count_lifetimes(void *arg)
{
	struct async_counts counts;
	struct async_task *task = async_create_task(nap, arg);

	async_task_release(task);
	async_count(&counts);
	CHECK_INT(counts.tasks, 2);
	async_sleep(2);
	async_count(&counts);
	CHECK_INT(counts.tasks, 1);
	CHECK_INT(counts.handles, 1);
	CHECK_INT(counts.stacks, 1);
	task = async_create_task(nothing, arg);
	async_await(task);
	async_count(&counts);
	CHECK_INT(counts.tasks, 1);
	CHECK_INT(counts.handles, 2);
	async_task_release(task);
	async_count(&counts);
	CHECK_INT(counts.handles, 1);
	return 0;
}

TEST(a_released_task_runs_on_and_an_ended_one_lives_as_long_as_its_handle)
{
	run(count_lifetimes);
}

static int await_twice(void *arg)
{
	struct async_task *task = async_create_task(fail, "pride");

	(void)arg;
	CHECK_INT(async_await(task), ASYNC_EFAILED);
	CHECK_INT(async_await(task), ASYNC_EFAILED);
	CHECK_STR(async_task_error(task)->message, "failed with pride");
	CHECK_INT(async_task_result(task), ASYNC_EFAILED);
	return 0;
}

TEST(awaiting_does_not_consume_the_handle)
{
	run(await_twice);
}

static int await_inner(void *arg)
{
	(void)arg;
	return async_await(inner);
}

static int fail_late(void *arg)
{
	async_sleep(2);
	return fail(arg);
}

static int create_inner_and_stay(void *arg)
{
	inner = async_create_task(fail_late, "delay");
	async_sleep(1);
	return arg != NULL;
}

static int await_while_creator_ends(void *arg)
{
	struct async_task *creator = async_create_task(create_inner_and_stay, arg), *waiter;

	async_sleep(0);
	waiter = async_create_task(await_inner, arg);
	CHECK_INT(async_await(waiter), ASYNC_EFAILED);
	CHECK_STR(async_task_error(waiter)->message, "failed with delay");
	CHECK(async_task_done(creator));
	return 0;
}

TEST(a_task_that_is_awaited_outlives_its_creator_and_its_handle)
{
	run(await_while_creator_ends);
}

/* ---- Arguments and names --------------------------------------------------------------------- */

struct box {
	char text[1000];
};

static int check_copy(void *arg)
{
	struct box *box = arg;

	async_sleep(1);
	CHECK_INT(strspn(box->text, "x"), 999);
	CHECK_INT((uintptr_t)box % 16, 0);
	return 7;
}

static int copies(void *arg)
{
	struct async_task *tasks[3];
	int results[3];

	(void)arg;
	for (int i = 0; i < 3; i++) {
		struct box box;

		memset(box.text, 'x', sizeof box.text - 1);
		box.text[999] = '\0';
		tasks[i] = async_create_task_copy(check_copy, &box, sizeof box);
		memset(&box, 0, sizeof box);
	}
	CHECK_INT(async_gather(tasks, 3, ASYNC_RAISE, results), 0);
	CHECK_INT(results[2], 7);
	CHECK(async_create_task_copy(nothing, &results, 4096) == NULL);
	CHECK_INT(async_last_error(), ASYNC_EINVAL);
	return 0;
}

TEST(an_argument_is_copied_into_the_task_up_to_2_kib)
{
	run(copies);
}

static int names(void *arg)
{
	struct async_task *task = async_create_task(nothing, arg), *named;

	named = async_create_task_with(nothing, arg,
				       &(struct async_task_options){ .name = "fetch" });
	CHECK_STR(async_task_name(async_current_task()), "main");
	CHECK_STR(async_task_name(task), "Task-2");
	CHECK_STR(async_task_name(named), "fetch");
	CHECK_INT(async_task_id(named), 3);
	return 0;
}

TEST(a_task_is_named_as_asked_or_task_n)
{
	run(names);
}

/* ---- Failures nobody reads ------------------------------------------------------------------- */

struct heard {
	int count;
	char message[80], error[80];
};

static void hear(const struct async_context *context, void *arg)
{
	struct heard *heard = arg;

	heard->count++;
	snprintf(heard->message, sizeof heard->message, "%s", context->message);
	snprintf(heard->error, sizeof heard->error, "%s",
		 context->error ? context->error->message : "");
}

static int unread(void *arg)
{
	struct heard heard = { 0 };
	struct async_task *task;

	(void)arg;
	async_set_exception_handler(hear, &heard);
	task = async_create_task(fail, "nobody");
	async_sleep(1);
	CHECK_INT(heard.count, 0);
	async_task_release(task);
	CHECK_INT(heard.count, 1);
	CHECK_STR(heard.message, "Task exception was never retrieved");
	CHECK_STR(heard.error, "failed with nobody");

	CHECK_INT(async_spawn(fail, "spawned"), 0);
	async_sleep(1);
	CHECK_INT(heard.count, 2);
	CHECK_STR(heard.error, "failed with spawned");

	task = async_create_task(fail, NULL);
	async_sleep(1);
	CHECK(!async_cancel(task));
	async_task_release(task);
	CHECK_INT(heard.count, 2);
	return 0;
}

TEST(a_failure_that_nobody_read_is_reported_when_the_task_is_freed_unless_it_was_cancelled)
{
	run(unread);
}

static int no_memory(void *arg)
{
	struct async_task *task = async_create_task_with(
		nap, arg, &(struct async_task_options){ .stack_size = (size_t)1 << 50 });

	CHECK(task == NULL);
	CHECK_INT(async_last_error(), ASYNC_EINVAL);
	return 0;
}

TEST(a_stack_that_cannot_be_had_is_an_error_and_no_task)
{
	run(no_memory);
}

static int create_and_await(void *arg)
{
	struct async_task *tasks[2];

	for (int i = 0; i < 2; i++) {
		tasks[i] = async_create_task_with(
			nap, arg, &(struct async_task_options){ .name = "n", .stack_size = 16384 });
		if (!tasks[i])
			return async_last_error();
	}
	return async_gather(tasks, 2, ASYNC_RAISE, NULL);
}

static void run_with_failures(void)
{
	async_run_with(create_and_await, NULL, &virtual_clock);
}

TEST(each_allocation_and_each_system_call_may_fail)
{
	for_each_failing_allocation(run_with_failures);
	for_each_failing_syscall(run_with_failures);
}
