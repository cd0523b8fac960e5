/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_stopped.c - a process that was stopped is no finding, whenever the stop began: while
 * the monitor rested, before its first look, or while it read symbols.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/watchdog/internal.h"
#include "tests/harness.h"

#define MS INT64_C(1000000)

TEST(what_the_monitor_missed_is_not_held_against_the_loop)
{
	static const struct {
		int planned, slept, waited, switches;
		int doubt;
	} rows[] = {
		{ 25, 25, 0, 1, 0 },
		{ 25, 3, 0, 1, 0 },   /* rung up */
		{ 25, 26, 0, 1, 0 },  /* as late as clocks are */
		{ 25, 40, 14, 1, 0 }, /* it had no CPU: the loop may have been blocked */
		{ 25, 40, 0, 1, 15 },
		{ 25, 40, 5, 1, 10 },
		{ 25, 325, 0, 1, 325 }, /* the stop may have begun before it slept */
		/* A stop within the rest makes nobody late, but it gave its CPU away once more. */
		{ 25, 25, 0, 2, 25 },
		{ 25, 26, 3, 3, 23 },
		{ 25, 325, 2, 2, 323 },
		{ 25, 10, 20, 2, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct watchdog_rest rest = { .planned = rows[i].planned * MS,
					      .slept = rows[i].slept * MS,
					      .waited = rows[i].waited * MS,
					      .switches = rows[i].switches };

		if (watchdog_doubt(&rest) != rows[i].doubt * MS)
			FAIL("row %zu: %lld", i, (long long)watchdog_doubt(&rest));
	}
}

/* ---- Whole processes ------------------------------------------------------------------------- */

static int wake_up[2];
static pid_t waker;
static atomic_int findings;
static atomic_uint sink;

static void count(const struct async_stall *stall, void *arg)
{
	(void)arg;
	if (stall->verdict == ASYNC_VERDICT_STOPPED || stall->verdict == ASYNC_VERDICT_STARVED)
		return;
	findings++;
	printf("%s", stall->text);
}

/* Whoever has stopped is told to go on some ms after it said so, and until it says the next thing. */
static void begin_waker(void)
{
	CHECK_INT(pipe(wake_up), 0);
	waker = fork();
	if (waker != 0)
		return;
	close(wake_up[1]);
	for (unsigned char ms; read(wake_up[0], &ms, 1) == 1;) {
		struct pollfd next = { .fd = wake_up[0], .events = POLLIN };

		do {
			usleep(ms * 1000);
			kill(getppid(), SIGCONT);
		} while (poll(&next, 1, 0) == 0);
	}
	_exit(0);
}

static void end_waker(void)
{
	close(wake_up[0]);
	close(wake_up[1]);
	waitpid(waker, NULL, 0);
}

static void stop_for(unsigned char ms)
{
	async_blocking("a byte into a pipe with room", 0)
		CHECK_INT(write(wake_up[1], &ms, 1), 1);
	raise(SIGSTOP);
}

static double cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void spin(double seconds)
{
	for (double end = cpu_time() + seconds; cpu_time() < end;)
		sink++;
}

/* 60 ms of its own, stopped for 15 ms again and again: each time within a rest of the monitor. */
static int stopped_often(void *arg)
{
	async_sleep(0.06);
	for (int i = 0; i < 20; i++) {
		spin(0.003);
		stop_for(15);
	}
	(void)arg;
	return 0;
}

/* Near to the limit itself, so that the part of a rest before the stop would make it a finding. */
static int stopped_once(void *arg)
{
	for (int i = 0; i < 4; i++) {
		async_sleep(0);
		spin(0.08 + 0.003 * i);
		stop_for(50);
	}
	(void)arg;
	return 0;
}

/* The monitor is about to read the symbols. */
static int stopped_at_once(void *arg)
{
	for (int i = 0; i < 3; i++)
		stop_for(70);
	(void)arg;
	return 0;
}

static void run_stopped(int (*fn)(void *arg))
{
	if (under_valgrind() || UNDER_TSAN)
		NOT_HERE("the tool runs threads in its own way");
	async_watchdog_configure(&(struct async_watchdog_options){ .report = count });
	begin_waker();
	CHECK_INT(async_run(fn, NULL), 0);
	end_waker();
	CHECK_INT(findings, 0);
}

TEST_WITH_LIMIT(stops_too_short_to_make_the_monitor_late, 60)
{
	run_stopped(stopped_often);
}

TEST_WITH_LIMIT(stops_that_begin_while_the_monitor_rests, 60)
{
	run_stopped(stopped_once);
}

TEST_WITH_LIMIT(stops_while_the_monitor_reads_symbols, 60)
{
	run_stopped(stopped_at_once);
}
