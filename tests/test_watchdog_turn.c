/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_turn.c - many short slices in one turn: a finding if they make a timer late by the
 * limit, and none if nobody waits, if they were allowed, or if one long slice is to blame.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/async.h"
#include "tests/harness.h"
#include "tests/watchdog_example.h"

#define LIMIT 0.05
#define SLICES 18

static char text[2048], line_at_end[256];
static int began, ended, others, created_at;
static enum async_verdict verdict;
static char file[64], function[64];
static int line;
static double slice = 0.008, allowed;
static int yields;
static bool all_short; /* by the loop's own accounts: a busy machine makes long ones */
static atomic_uint sink;

static void record(const struct async_stall *stall, void *arg)
{
	(void)arg;
	others += stall->verdict != ASYNC_VERDICT_BUSY;
	if (stall->ended) {
		ended++;
		snprintf(line_at_end, sizeof line_at_end, "%s", stall->text);
		return;
	}
	if (began++ > 0)
		return;
	verdict = stall->verdict;
	line = stall->line;
	snprintf(text, sizeof text, "%s", stall->text);
	snprintf(file, sizeof file, "%s", stall->file ? stall->file : "");
	snprintf(function, sizeof function, "%s", stall->function ? stall->function : "");
}

static double cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

__attribute__((noinline)) static void spin(double seconds)
{
	for (double end = cpu_time() + seconds; cpu_time() < end;)
		sink++;
}

static int short_slice(void *arg)
{
	(void)arg;
	for (int i = 0; i <= yields; i++) {
		if (i > 0)
			async_sleep(0);
		if (allowed > 0)
			async_blocking("the test allows it", allowed)
				spin(slice);
		else
			spin(slice);
	}
	return 0;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Due while the slices run, however long it takes until they begin. */
static struct async_timer timers[10];

static void set_timers(void)
{
	for (int i = 0; i < 10; i++)
		async_call_later(&timers[i], 0.01 * (i + 1), nothing, NULL);
}

static int crowd(void *arg)
{
	struct async_task *tasks[SLICES];
	struct async_accounts accounts;

	async_sleep(0.06);
	for (int i = 0; i < SLICES; i++) {
		created_at = __LINE__ + 1;
		tasks[i] = async_create_task(short_slice, NULL);
		CHECK(tasks[i] != NULL);
	}
	if (arg)
		set_timers();
	CHECK_INT(async_gather(tasks, SLICES, ASYNC_RAISE, NULL), 0);
	for (int i = 0; arg && i < 10; i++)
		async_timer_cancel(&timers[i]);
	async_watchdog_accounts(&accounts);
	all_short = accounts.slices.longest < LIMIT;
	return 0;
}

static void run(bool with_timers)
{
	static int yes;

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = LIMIT, .report = record });
	CHECK_INT(async_run(crowd, with_timers ? &yes : NULL), 0);
}

TEST_WITH_LIMIT(many_short_slices_are_a_finding_while_they_last, 60)
{
	bool possible = false;

	for (int i = 0; i < 10 && began == 0; i++) {
		run(true);
		possible |= all_short;
	}
	if (began == 0 && !possible)
		return;
	CHECK_INT(began, 1);
	CHECK_INT(ended, 1);
	CHECK_INT(others, 0);
	CHECK_INT(verdict, ASYNC_VERDICT_BUSY);
	CHECK_CONTAINS(text, "[stall #1] a turn of ");
	CHECK_CONTAINS(text, " slices has held the loop ");
	CHECK_CONTAINS(
		text, " and still does (limit 50 ms)\n  verdict   BUSY: no slice was longer than ");
	CHECK_CONTAINS(text, " late (worst ");
	CHECK_CONTAINS(text, format(" ms: tasks created at tests/test_watchdog_turn.c:%d to run "
				    "short_slice\n",
				    created_at));
	CHECK_CONTAINS(text, "  instead   fewer of them at a time");
	CHECK_STR(file, "tests/test_watchdog_turn.c");
	CHECK_CONTAINS(line_at_end, "[stall #1] a turn of ");
	CHECK_CONTAINS(line_at_end, " slices held the loop ");
	CHECK_INT(async_watchdog_stalls(), 1);
}

TEST_WITH_LIMIT(a_busy_turn_that_nobody_waits_for_is_none, 60)
{
	run(false);
	CHECK_INT(began, 0);
}

/* As much work in all, but every turn is short: timers fire in time. */
TEST_WITH_LIMIT(short_turns_one_after_the_other_are_none, 60)
{
	slice = 0.0005;
	yields = 12;
	run(true);
	CHECK_INT(began, 0);
}

TEST_WITH_LIMIT(what_was_allowed_is_none, 60)
{
	allowed = 0.05;
	run(true);
	CHECK_INT(began, 0);
}

static int long_slice(void *arg)
{
	(void)arg;
	spin(0.12);
	return 0;
}

static int with_a_long_one(void *arg)
{
	(void)arg;
	async_sleep(0.06);
	CHECK_INT(async_spawn(long_slice, NULL), 0);
	return crowd(&sink);
}

TEST_WITH_LIMIT(a_long_slice_is_reported_for_itself, 60)
{
	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	slice = 0.001;
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = LIMIT, .report = record });
	CHECK_INT(async_run(with_a_long_one, NULL), 0);
	CHECK_INT(began, 1);
	CHECK_INT(verdict, ASYNC_VERDICT_CPU);
}

/* ---- What is pure ---------------------------------------------------------------------------- */

static struct watchdog_stall *busy(void)
{
	struct watchdog_stall *stall = example();

	stall->slices = (struct account_turn){ .count = 20, .longest = 91 * MS / 10 };
	stall->slices.shares[0] =
		(struct account_share){ "crawler.c:201", "fetch_one", 18, 952 * MS / 10 };
	stall->call.state = WATCHDOG_UNKNOWN;
	stall->sleep = stall->timeout = -1;
	stall->frame_count = 0;
	return stall;
}

TEST(the_report_of_a_turn)
{
	char whole[WATCHDOG_TEXT];

	watchdog_report(busy(), whole, sizeof whole);
	CHECK_STR(
		whole,
		"[stall #4] a turn of 20 slices has held the loop 104 ms and still does (limit 100 ms)\n"
		"  verdict   BUSY: no slice was longer than 9.1 ms   cpu 0.1 ms | blocked 103.7 ms | "
		"waiting for a CPU 0.2 ms\n"
		"  harm      42 tasks were ready, 3 timers late (worst 287 ms: task 9 \"heartbeat\" at "
		"crawler.c:41)\n"
		"  most      18 slices, 95.2 ms: tasks created at crawler.c:201 to run fetch_one\n"
		"  instead   fewer of them at a time, by async_semaphore, so that a turn is short; or "
		"async_to_thread() for what they do\n");
	watchdog_json(STALL_BEGAN, busy(), whole, sizeof whole);
	CHECK_CONTAINS(whole, ",\"slices\":20,\"longest_slice_ms\":9.1,\"most_slices\":18,"
			      "\"most_ms\":95.2,\"runs\":\"fetch_one\",\"created_at\":"
			      "\"crawler.c:201\",\"verdict\":\"BUSY\",");
}

TEST(turns_have_a_quota_of_their_own)
{
	struct watchdog_policy policy = { 0 };
	int shown = 0;

	for (int i = 0; i < 100; i++) {
		struct watchdog_stall *stall = busy();

		add_frame(stall, SYMBOL_PROGRAM, format("fetch_%d", i), "crawler", "crawler.c", i);
		shown += policy_admit(&policy, MS, stall);
	}
	CHECK_INT(shown, POLICY_TURNS);
	CHECK(policy_admit(&policy, MS, example()));
}
