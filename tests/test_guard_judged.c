/* SPDX-License-Identifier: MIT */
/* test_guard_judged.c - how a run under the strict guard is judged: allowances, counts, the exit status. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/guard/guard.h"
#include "tests/guarded.h"
#include "tests/harness.h"

static volatile long after;

static void tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after++;
}

static void run_both_ways(int (*fn)(void *arg), int wanted)
{
	guarded_run("strict", fn, wanted);
	guarded_run("strict=symbols", fn, wanted);
}

static int allowed(void *arg)
{
	(void)arg;
	async_blocking("a reason", 10)
		tick();
	return 0;
}

static int over_budget(void *arg)
{
	(void)arg;
	async_blocking("a short reason", 0.001)
		usleep(2000);
	return 0;
}

static int needless(void *arg)
{
	(void)arg;
	async_blocking("no reason", 10)
		after++;
	return 0;
}

TEST(an_allowance_lets_pass_what_it_was_made_for)
{
	CHECK_STR(guarded_run("strict", allowed, 0), "");
	CHECK_STR(guarded_run("strict=symbols", allowed, 0), "");
}

TEST(an_allowance_over_its_budget_is_reported)
{
	CHECK_CONTAINS(guarded_run("strict", over_budget, 0),
		       "\"a short reason\" at tests/test_guard_judged");
	CHECK_CONTAINS(guarded_run("strict=symbols", over_budget, 0), "its budget is 1.0 ms");
}

TEST(an_allowance_that_allowed_nothing_is_stale)
{
	CHECK_CONTAINS(guarded_run("strict", needless, 0),
		       "stale: the blocking section \"no reason\" at tests/test_guard_judged.c:");
	CHECK_STR(guarded_run("strict=quiet", needless, 0), "");
}

static int leave_early(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		async_blocking("left by a break", 0)
			break;
	async_blocking("left by a return", 0)
		return 0;
	return 1;
}

static int leave_and_block(void *arg)
{
	int rc = leave_early(arg);

	tick();
	return rc;
}

TEST(a_section_ends_where_its_block_is_left)
{
	run_both_ways(leave_and_block, 86);
}

static int nested_sections(void *arg)
{
	struct async_blocking outer, inner;

	(void)arg;
	async_blocking_begin(&outer, "outer", 0);
	async_blocking_begin(&inner, "inner", 0);
	tick();
	async_blocking_end(&inner);
	tick();
	async_blocking_end(&outer);
	return 0;
}

TEST(sections_nest)
{
	CHECK_STR(guarded_run("strict", nested_sections, 0), "");
}

static int suspends_inside(void *arg)
{
	(void)arg;
	async_blocking("a wrong one", 0)
		async_sleep(0);
	return 0;
}

static void suspend_inside(void)
{
	setenv("LOOPHOUND_WATCHDOG", "strict", 1);
	async_run(suspends_inside, NULL);
}

TEST(a_section_that_suspends_aborts)
{
	if (under_valgrind() || strcmp(guard_backend, "none") == 0)
		NOT_HERE("the strict guard is off here");
	EXPECT_ABORT(suspend_inside(),
		     "\"a wrong one\" at tests/test_guard_judged.c:", "suspended");
}

static int tick_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++) {
		tick();
		if (i % 100 == 0)
			async_sleep(0);
	}
	return 0;
}

TEST(the_same_stack_is_said_once_and_counted)
{
	const char *text = guarded_run("strict", tick_often, 86);
	const char *first = strstr(text, "task 1 \"main\" may block: ");

	CHECK(first != NULL && strstr(first + 20, "\"main\" may block: ") == NULL);
	CHECK_CONTAINS(text, "[strict]    500 x sleep ");
	if (guarded_has_names())
		CHECK_CONTAINS(text, "nanosleep(1e-06 s) in tick tests/test_guard_judged.c:");
	CHECK_CONTAINS(text, "the run has failed: exit status 86");
}

static __attribute__((noinline)) void tick_elsewhere(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after--;
}

static int tick_at_two_places(void *arg)
{
	tick();
	tick_elsewhere();
	return arg != NULL;
}

TEST(two_callers_of_a_function_are_two_places)
{
	const char *text = guarded_run("strict=symbols", tick_at_two_places, 86);
	const char *first = strstr(text, "[strict]      1 x sleep ");

	CHECK(first != NULL && strstr(first + 1, "[strict]      1 x sleep ") != NULL);
}

static void blocking_callback(void *arg)
{
	tick();
	async_event_set(arg);
}

static int call_back(void *arg)
{
	struct async_event event = { 0 };
	struct async_handle handle = { 0 };

	(void)arg;
	async_call_soon(&handle, blocking_callback, &event);
	return async_event_wait(&event);
}

TEST(a_callback_is_guarded_too)
{
	CHECK_CONTAINS(guarded_run("strict", call_back, 86), "[strict] a callback may block: ");
	CHECK_CONTAINS(guarded_run("strict=symbols", call_back, 86),
		       "[strict] a callback may block: ");
}

static int tick_on_a_thread(void *arg)
{
	tick();
	return arg != NULL;
}

static int to_thread(void *arg)
{
	return async_to_thread(tick_on_a_thread, arg);
}

TEST(a_thread_of_the_pool_may_block)
{
	CHECK_STR(guarded_run("strict=quiet", to_thread, 0),
		  ""); /* locks are met, but that is no matter */
	CHECK_STR(guarded_run("strict=symbols,strict=quiet", to_thread, 0), "");
}

static int outside(void *arg)
{
	int rc;

	tick();
	rc = async_run(to_thread, arg);
	tick();
	return rc;
}

TEST(what_is_done_beside_the_loop_is_not_guarded)
{
	CHECK_STR(guarded("strict=quiet", outside, NULL, 0), "");
	CHECK_STR(guarded("strict=symbols,strict=quiet", outside, NULL, 0), "");
}

static void say_goodbye(void)
{
	fputs("goodbye\n", stderr);
	setvbuf(stdout, NULL, _IOFBF, 4096);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	fputs("flushed\n", stdout);
}

static int exits_inside(void *arg)
{
	(void)arg;
	atexit(say_goodbye);
	tick();
	exit(3);
}

TEST(exit_in_a_coroutine_runs_all_handlers_and_then_fails)
{
	const char *text = guarded_run("strict", exits_inside, 86);

	CHECK_CONTAINS(text, "goodbye\n");
	CHECK_CONTAINS(text, "flushed\n");
	CHECK_CONTAINS(text, "1 x sleep ");
}

static int on_a_virtual_clock(void *arg)
{
	(void)arg;
	return async_run_with(tick_often, NULL,
			      &(struct async_run_options){ .virtual_clock = true });
}

TEST(a_loop_on_a_virtual_clock_is_guarded)
{
	CHECK_CONTAINS(guarded("strict", on_a_virtual_clock, NULL, 86), "500 x sleep");
}
