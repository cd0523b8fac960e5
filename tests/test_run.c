/* SPDX-License-Identifier: MIT */
/* test_run.c - async_run(): its result, what it cleans up, deadlocks, the virtual clock. */
#include <stdlib.h>
#include <string.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static int run(int (*fn)(void *arg), void *arg)
{
	return async_run_with(fn, arg, &virtual_clock);
}

static int five(void *arg)
{
	(void)arg;
	return 5;
}

static int run_inside(void *arg)
{
	return async_run(five, arg);
}

TEST(run_returns_what_main_returns_and_does_not_nest)
{
	CHECK_INT(run(five, NULL), 5);
	CHECK_INT(run(run_inside, NULL), ASYNC_EBUSY);
	CHECK(async_get_running_loop() == NULL);
}

static char trail[200];

static int left_over(void *arg)
{
	const char *name = arg;

	if (async_sleep(3600) == ASYNC_ECANCELED) {
		strcat(trail, name);
		async_sleep(0);
		strcat(trail, "'");
	}
	return name[0] == 'b' ? async_raise(ASYNC_EFAILED, "b failed in its cleanup")
			      : ASYNC_ECANCELED;
}

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	strcat(trail, " ");
	strcat(trail, context->message);
	if (context->error) {
		strcat(trail, ": ");
		strcat(trail, context->error->message);
	}
}

static int leave_tasks(void *arg)
{
	(void)arg;
	async_set_exception_handler(hear, NULL);
	CHECK(async_create_task(left_over, "a") != NULL);
	CHECK_INT(async_spawn(left_over, "b"), 0);
	async_sleep(0);
	return 7;
}

TEST(run_cancels_awaits_and_reports_what_is_left)
{
	CHECK_INT(run(leave_tasks, NULL), 7);
	CHECK_STR(
		trail,
		"ab'' unhandled exception during asyncio.run() shutdown: b failed in its cleanup");
}

static int stubborn(void *arg)
{
	struct async_event never = { 0 };

	(void)arg;
	while (async_event_wait(&never) != 0)
		continue;
	return 0;
}

static int leave_stubborn(void *arg)
{
	(void)arg;
	async_set_exception_handler(hear, NULL);
	CHECK_INT(async_spawn(stubborn, NULL), 0);
	async_sleep(0);
	return 0;
}

TEST(a_task_that_waits_again_for_what_nobody_sends_is_destroyed_and_reported)
{
	CHECK_INT(run(leave_stubborn, NULL), 0);
	CHECK_STR(trail, " Task was destroyed but it is pending!");
}

static int wait_for_ever(void *arg)
{
	struct async_event event = { 0 };

	(void)arg;
	return async_event_wait(&event);
}

static int await_one_that_waits(void *arg)
{
	struct async_task *task = async_create_task_with(
		wait_for_ever, arg, &(struct async_task_options){ .name = "stuck" });

	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	return 3;
}

static void deadlock(void)
{
	run(await_one_that_waits, NULL);
	abort();
}

TEST(a_deadlock_is_reported_with_each_task_and_the_line_it_waits_at)
{
	CHECK_INT(run(await_one_that_waits, NULL), ASYNC_EDEADLOCK);
	EXPECT_ABORT(deadlock(), "deadlock: nothing is ready", "2 tasks wait",
		     "task 1 \"main\" waits at tests/test_run.c:",
		     "task 2 \"stuck\" waits at tests/test_run.c:");
}

static int catch_and_wait_again(void *arg)
{
	struct async_event event = { 0 };

	(void)arg;
	while (async_event_wait(&event) != 0)
		continue;
	return 0;
}

TEST(main_that_goes_on_waiting_after_a_deadlock_aborts)
{
	EXPECT_ABORT(run(catch_and_wait_again, NULL), "goes on waiting");
}

static int sleep_a_year(void *arg)
{
	(void)arg;
	async_sleep(365 * 86400.0);
	CHECK_NEAR(async_time(), 365 * 86400.0, 1e-6);
	return 0;
}

TEST(the_virtual_clock_jumps)
{
	CHECK_INT(run(sleep_a_year, NULL), 0);
}

enum { SHUFFLED = 20 };
static int order[SHUFFLED], position;

static int note(void *arg)
{
	order[position++] = *(int *)arg;
	return 0;
}

static int note_all(void *arg)
{
	(void)arg;
	for (int i = 0; i < SHUFFLED; i++)
		CHECK(async_create_task_copy(note, &i, sizeof i) != NULL);
	async_sleep(0);
	return 0;
}

TEST(a_seed_shuffles_the_ready_queue_and_the_same_seed_the_same_way)
{
	struct async_run_options options = virtual_clock;
	int first[SHUFFLED], moved = 0, seen = 0;

	for (int round = 0; round < 3; round++) {
		options.shuffle_seed = round < 2 ? 42 : 43;
		position = 0;
		CHECK_INT(async_run_with(note_all, NULL, &options), 0);
		if (round == 0)
			memcpy(first, order, sizeof first);
		if (round == 1)
			CHECK_MEM(order, sizeof order, first, sizeof first);
	}
	CHECK(memcmp(order, first, sizeof first) != 0);
	for (int i = 0; i < SHUFFLED; i++) {
		moved += first[i] != i;
		seen |= 1 << first[i];
	}
	CHECK(moved > 0);
	CHECK_INT(seen, (1 << SHUFFLED) - 1);
}

static void mark_closed(void *arg)
{
	*(int *)arg += 1;
}

static int closed;

static int ask_for_close(void *arg)
{
	static struct async_handle kept, taken_back;

	(void)arg;
	async_on_close(&kept, mark_closed, &closed);
	async_on_close(&taken_back, mark_closed, &closed);
	async_handle_cancel(&taken_back);
	return 0;
}

TEST(what_asked_for_it_is_told_when_the_loop_closes)
{
	CHECK_INT(run(ask_for_close, NULL), 0);
	CHECK_INT(closed, 1);
}
