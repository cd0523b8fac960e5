/* SPDX-License-Identifier: MIT */
/* test_shield.c - a shield as a future: held, over a plain future, and taken down early. */
#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static int nap(void *arg)
{
	(void)arg;
	return async_sleep(1);
}

static int over_future(void *arg)
{
	struct async_future inner;
	struct async_shield shield;

	(void)arg;
	async_future_init(&inner);
	async_shield_begin(&shield, &inner);
	CHECK(async_future_cancel(&shield.outer));
	CHECK_INT(async_future_await(&shield.outer), ASYNC_ECANCELED);
	CHECK(!async_future_done(&inner));
	async_shield_end(&shield);

	async_shield_begin(&shield, &inner);
	async_future_set_exception(&inner, ASYNC_EFAILED, "inside");
	CHECK_INT(async_future_await(&shield.outer), ASYNC_EFAILED);
	CHECK_STR(async_raised(ASYNC_EFAILED)->message, "inside");
	async_shield_end(&shield);

	async_shield_begin(&shield, &inner);
	CHECK(async_future_done(&shield.outer));
	async_shield_end(&shield);
	async_future_close(&inner);
	return 0;
}

TEST(a_shield_stands_before_any_future_and_passes_its_failure_on)
{
	run(over_future);
}

static int end_early(void *arg)
{
	struct async_task *task = async_create_task(nap, arg);
	struct async_shield shield;

	async_shield_begin(&shield, async_task_future(task));
	async_task_release(task);
	async_shield_end(&shield);
	return async_sleep(2);
}

TEST(a_shield_may_go_before_its_task_and_the_task_runs_on)
{
	run(end_early);
}

static int shield_twice(void *arg)
{
	struct async_task *task = async_create_task(nap, arg);
	struct async_timeout limit;

	async_timeout_begin(&limit, 0.5);
	CHECK_INT(async_timeout_end(&limit, async_shield(task)), ASYNC_ETIMEOUT);
	CHECK(!async_task_done(task));
	CHECK_INT(async_shield(task), 0);
	CHECK_INT(async_shield(task), 0);
	CHECK_NEAR(async_time(), 1, 1e-9);
	return 0;
}

TEST(the_limit_of_a_shielded_task_ends_the_wait_and_not_the_task)
{
	run(shield_twice);
}
