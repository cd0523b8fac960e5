/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_over.c - slices that end before they are looked at: the numbers are fed by hand, so that
 * what is a race in life happens each time.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/loop.h"
#include "tests/harness.h"
#include "tests/watchdog_example.h"

enum { SLICE = 7, NOBODY = -1 };

static struct async_loop loop;
static struct watchdog watchdog;
static char text[1024];

static void record(const struct async_stall *stall, void *arg)
{
	(void)arg;
	if (!stall->ended)
		snprintf(text, sizeof text, "%s", stall->text);
}

/* A callback's slice that the monitor follows since 0, in a thread that nothing can be seen of. */
static struct watchdog *follow(void)
{
	struct watchdog *w = &watchdog;

	w->hb = &loop.heartbeat;
	atomic_store(&w->hb->generation, SLICE);
	w->tid = NOBODY;
	w->options =
		(struct watchdog_options){ .limit = 100 * MS, .report = record, .excuses = true };
	w->slice = (struct watchdog_slice){ .generation = SLICE, .next = 100 * MS };
	span_begin(&w->slice.span, &(struct watchdog_usage){ .has_waiting = true });
	return w;
}

static void read_now(struct watchdog *w, int ms, int waited_ms, long call)
{
	w->reading = (struct watchdog_reading){
		.usage = { .wall = ms * MS, .waiting = waited_ms * MS, .has_waiting = true },
		.call = { .state = WATCHDOG_BLOCKED, .number = call },
		.state = WATCHDOG_BLOCKED,
		.same_call = true,
	};
}

static void end_slice(struct watchdog *w, int ms)
{
	atomic_store(&w->hb->generation, SLICE + 1);
	read_now(w, ms, 0, SYS_epoll_wait);
	stall_end(w, ms * MS);
}

/* Not the one that the loop waits in when all is over. */
TEST(a_stall_that_ended_unseen_is_told_with_the_call_that_was_measured)
{
	struct watchdog *w = follow();

	read_now(w, 120, 0, SYS_read);
	CHECK(stall_measure(w));
	stall_look(w);
	CHECK_STR(text, "");
	end_slice(w, 130);
	CHECK_CONTAINS(text, " held the loop 130 ms (limit 100 ms)\n  verdict   BLOCKED in read ");
}

TEST(whether_an_excused_stall_lasts_is_not_what_was_said_of_the_one_before)
{
	struct watchdog *w = follow();

	read_now(w, 120, 0, SYS_read);
	CHECK(stall_measure(w));
	stall_look(w);
	end_slice(w, 130);
	CHECK_CONTAINS(text, " held the loop 130 ms");

	w = follow();
	read_now(w, 120, 110, SYS_read);
	CHECK(stall_measure(w));
	stall_look(w);
	CHECK_CONTAINS(text, "[starved #1] ");
	CHECK_CONTAINS(text, " has held the loop 120 ms and still does ");
}

TEST(an_excused_stall_that_is_over_is_told_so)
{
	struct watchdog *w = follow();

	atomic_store(&w->hb->generation, SLICE + 1);
	read_now(w, 150, 140, SYS_epoll_wait);
	stall_end(w, 150 * MS);
	CHECK_CONTAINS(text, "[starved #1] a callback held the loop 150 ms (limit 100 ms)\n");
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static int naps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (int)usage.ru_nvcsw;
}

static void *wait_for_end(void *arg)
{
	int *ends = arg;
	char byte;

	atomic_store((_Atomic(int) *)&ends[2], gettid());
	return read(ends[0], &byte, 1) == 0 ? arg : NULL;
}

TEST(a_thread_that_has_blocked_meanwhile_is_not_waited_for)
{
	static struct watchdog_capture capture;
	static unsigned char bytes[WATCHDOG_STACK_COPY];
	struct watchdog_call call = { .state = WATCHDOG_RUNNING };
	int ends[3] = { 0 }, before;
	pthread_t thread;

	if (under_valgrind())
		NOT_HERE("Valgrind has no sampling");
	capture.bytes = bytes;
	CHECK_INT(pipe(ends), 0);
	CHECK_INT(pthread_create(&thread, NULL, wait_for_end, ends), 0);
	while (call.state != WATCHDOG_BLOCKED || call.number != SYS_read)
		if (atomic_load((_Atomic(int) *)&ends[2]))
			watchdog_call_read(ends[2], &call);
	before = naps();
	CHECK(!watchdog_capture_perf(&capture, ends[2]));
	CHECK(naps() - before < 100);
	close(ends[1]);
	CHECK_INT(pthread_join(thread, NULL), 0);
	close(ends[0]);
}
