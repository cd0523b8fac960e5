/* SPDX-License-Identifier: MIT */
/* test_local.c - task-local storage: copied at create_task, and nobody sees the other's changes. */
#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };
static const struct async_local user = { .name = "user", .initial = "nobody" };
static const struct async_local depth = { .name = "depth" };

static int child(void *arg)
{
	(void)arg;
	CHECK_STR(async_local_get(&user), "ann");
	CHECK_INT(async_local_set(&user, "bob"), 0);
	CHECK_INT(async_local_set(&depth, "1"), 0);
	async_sleep(0);
	CHECK_STR(async_local_get(&user), "bob");
	return 0;
}

static int parent(void *arg)
{
	struct async_task *task;

	(void)arg;
	CHECK_STR(async_local_get(&user), "nobody");
	CHECK(async_local_get(&depth) == NULL);
	CHECK_INT(async_local_set(&user, "ann"), 0);
	task = async_create_task(child, NULL);
	async_sleep(0);
	CHECK_STR(async_local_get(&user), "ann");
	CHECK_INT(async_local_set(&user, "eve"), 0);
	CHECK_INT(async_await(task), 0);
	CHECK_STR(async_local_get(&user), "eve");
	CHECK(async_local_get(&depth) == NULL);
	return 0;
}

TEST(a_task_starts_with_its_creators_values_and_changes_stay_its_own)
{
	CHECK_INT(async_run_with(parent, NULL, &virtual_clock), 0);
	CHECK_STR(async_local_get(&user), "nobody");
}

static int created_before(void *arg)
{
	(void)arg;
	CHECK_STR(async_local_get(&user), "nobody");
	return 0;
}

static int set_after_creating(void *arg)
{
	struct async_task *task = async_create_task(created_before, arg);

	CHECK_INT(async_local_set(&user, "late"), 0);
	return async_await(task);
}

TEST(what_is_set_after_create_task_is_not_seen)
{
	CHECK_INT(async_run_with(set_after_creating, NULL, &virtual_clock), 0);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int set_and_create(void *arg)
{
	struct async_task *task;

	if (async_local_set(&user, "x") == 0 && async_local_set(&depth, "y") < 0)
		CHECK_STR(async_local_get(&user), "x");
	task = async_create_task(nothing, arg);
	return task ? async_await(task) : 0;
}

static void try_all(void)
{
	async_run_with(set_and_create, NULL, &virtual_clock);
}

TEST(each_allocation_may_fail)
{
	for_each_failing_allocation(try_all);
}

TEST(setting_outside_a_task_aborts)
{
	EXPECT_ABORT(async_local_set(&user, "x"), "async_local_set", "outside a task");
}
