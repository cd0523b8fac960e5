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

#include "runtime/loop.h"
#include "runtime/trace/recorder.h"
#include "runtime/trace/trace.h"
#include "tests/harness.h"
#include "tests/watchdog_example.h"

#define LIMIT 0.05
#define SLICES 18

static char text[2048], line_at_end[256];
static int began, ended, others, busy_turns, created_at;
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
	busy_turns += stall->verdict == ASYNC_VERDICT_BUSY;
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

static int a_short_one_before(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		async_sleep(0.06);
		CHECK_INT(async_spawn(short_slice, NULL), 0);
		CHECK_INT(async_spawn(long_slice, NULL), 0);
		async_call_later(&timers[0], 0.0005, nothing, NULL);
	}
	async_sleep(0.01);
	return 0;
}

/* While it runs, what is over the limit may be it alone. */
TEST_WITH_LIMIT(a_long_slice_behind_a_short_one_is_reported_for_itself, 60)
{
	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	slice = 0.0005;
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = LIMIT, .report = record });
	CHECK_INT(async_run(a_short_one_before, NULL), 0);
	CHECK_INT(busy_turns, 0);
}

/* ---- Fed by hand ----------------------------------------------------------------------------- */

enum { TURN = 5, FIRST = 1001 };

static struct async_loop loop;
static struct watchdog watchdog;

/* A loop whose first timer has been due since the machine was started; looks 0 and 60 ms into a turn. */
static void look_twice(int slices, const struct account_turn *accounts)
{
	static struct async_timer timer = { .when = 1 };
	struct watchdog *w = &watchdog;

	loop.timers.root = &timer;
	loop.account.turn = *accounts;
	w->hb = &loop.heartbeat;
	w->tid = -1;
	w->options = (struct watchdog_options){ .limit = 50 * MS, .report = record };
	atomic_store(&w->hb->turn, TURN);
	atomic_store(&w->hb->generation, FIRST);
	turn_observe(w, TURN);
	atomic_store(&w->hb->generation, FIRST + 2U * (unsigned)slices);
	w->reading = (struct watchdog_reading){
		.usage = { .wall = 60 * MS, .cpu = 60 * MS, .has_waiting = true },
		.state = WATCHDOG_RUNNING,
	};
	turn_observe(w, TURN);
}

TEST(slices_too_short_to_be_measured_are_a_finding_too)
{
	look_twice(20000, &(struct account_turn){ .turn = TURN - 1, .longest = 40 * MS });
	CHECK_INT(began, 1);
	CHECK_CONTAINS(text, "a turn of 20001 slices has held the loop 60 ms");
	CHECK_CONTAINS(text, "BUSY: no slice was longer than 0.1 ms ");
	CHECK(!strstr(text, "  most "));
	CHECK_STR(file, "");
}

TEST(the_flight_recorder_keeps_it)
{
	static struct trace trace;

	loop.trace = &trace;
	look_twice(20000, &(struct account_turn){ 0 });
	CHECK_INT(trace.stalls.count, 1);
	CHECK_CONTAINS(trace.stalls.slots[0].stall.text, "a turn of 20001 slices has held");
	CHECK_INT(trace.stalls.slots[0].end, 0);
	/* Another one meanwhile, which does not end with it. */
	CHECK_INT(trace_stall_begin(&loop.heartbeat, 2, 0, "a slice"), 1);
	turn_leave(&watchdog);
	CHECK_INT(trace.stalls.slots[0].end, 60 * MS);
	CHECK_INT(trace.stalls.slots[1].end, 0);
}

TEST(a_place_that_took_little_of_the_turn_is_not_the_findings_place)
{
	struct account_turn turn = {
		.turn = TURN, .first = FIRST + 1, .ns = MS / 5, .longest = MS / 5
	};

	turn.shares[0] = (struct account_share){ "crawler.c:201", "fetch_one", 1, MS / 5 };
	look_twice(20000, &turn);
	CHECK_INT(began, 1);
	CHECK_CONTAINS(text, "  most      1 slice, 0.2 ms: tasks created at crawler.c:201 ");
	CHECK_STR(file, "");
}

TEST(what_a_loop_does_between_slices_is_none)
{
	struct account_turn turn = {
		.turn = TURN, .first = FIRST + 1, .ns = 5 * MS, .longest = 5 * MS
	};

	look_twice(3, &turn);
	CHECK_INT(began, 0);
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
