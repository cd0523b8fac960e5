/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog.c - the watchdog in whole loops: whom it names, and with which verdict. Built twice, with
 * and without optimisation: the function and the line that hold the loop must be named both ways.
 *
 * `guilty_line` is set on the very line that is to be named. A write to `after` behind each call
 * keeps it from becoming a tail call.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/harness.h"
#include "tests/watched.h"

#define ON_THIS_LINE(call) (atomic_store(&guilty_line, __LINE__), (call))

static atomic_uint guilty_line, after;

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Exactly one stall: a report while it lasted, and a line at its end. */
static void check_one(const char *function, int line, const char *verdict)
{
	if (watched_count != 2)
		FAIL("%d reports; the first: %s", watched_count,
		     watched_count ? watched_said[0].text : "-");
	CHECK(!watched_said[0].ended);
	CHECK(watched_said[1].ended);
	CHECK(watched_said[1].seconds >= watched_said[0].seconds);
	CHECK_CONTAINS(watched_said[0].text, "and still does");
	CHECK_CONTAINS(watched_said[0].text, verdict);
	if (!watched_has_names())
		return;
	CHECK_STR(watched_said[0].function, function);
	CHECK_STR(watched_said[0].file, "tests/test_watchdog.c");
	CHECK_INT(watched_said[0].line, line);
	CHECK_STR(watched_said[1].function, function);
	CHECK_INT(watched_said[1].line, line);
}

/* ---- Names and verdicts ---------------------------------------------------------------------- */

NOT_INLINED static void polite_delay(void)
{
	ON_THIS_LINE(usleep(300000));
	after = 1;
}

NOT_INLINED static void fetch_one(void)
{
	polite_delay();
	after = 2;
}

static int sleeper(void *arg)
{
	(void)arg;
	fetch_one();
	after = 3;
	return 0;
}

static int meant(void *arg)
{
	(void)arg;
	async_blocking("what is meant is no stall", 10)
		usleep(300000);
	after = 1;
	return 0;
}

static int meant_for_less(void *arg)
{
	(void)arg;
	async_blocking("but no longer than that", 0.05)
		usleep(400000);
	after = 1;
	return 0;
}

TEST(a_blocking_section_is_no_stall_within_its_budget)
{
	watched_run(0.1, meant, NULL);
	CHECK_INT(async_watchdog_stalls(), 0);
	watched_run(0.1, meant_for_less, NULL);
	watched_check_stalls(1);
}

TEST(a_buried_sleep_is_named_with_its_line_while_it_lasts)
{
	watched_run(0.1, sleeper, NULL);
	check_one("polite_delay", guilty_line, "BLOCKED in clock_nanosleep");
	CHECK_NEAR(watched_said[1].seconds, 0.3, 0.05 + watched_missed);
	CHECK_CONTAINS(watched_said[0].text, "limit 100 ms");
	CHECK_CONTAINS(watched_said[0].text, "instead   async_sleep(0.3)");
	CHECK_CONTAINS(watched_said[0].text, "created by async_run");
	if (!watched_has_names())
		return;
	CHECK_CONTAINS(watched_said[0].text, "<- your code");
	CHECK_CONTAINS(watched_said[0].text, "fetch_one ");
	CHECK_CONTAINS(watched_said[0].text, "sleeper ");
	CHECK(watched_said[0].seconds >= 0.1 && watched_said[0].seconds < 0.25 * time_scale());
}

static inline __attribute__((always_inline)) void inlined_delay(void)
{
	ON_THIS_LINE(usleep(300000));
	after = 1;
}

static int inliner(void *arg)
{
	(void)arg;
	inlined_delay();
	after = 2;
	return 0;
}

TEST(an_inlined_function_is_named_and_so_is_its_caller)
{
	watched_run(0.05, inliner, NULL);
	check_one("inlined_delay", guilty_line, "BLOCKED in clock_nanosleep");
	if (watched_has_names())
		CHECK_CONTAINS(watched_said[0].text, "inliner ");
}

static int spin_first, spin_last;

NOT_INLINED static void spin(double seconds)
{
	double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);

	spin_first = __LINE__;
	do {
		for (unsigned i = 0; i < 10000; i++)
			after += i;
	} while (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start < seconds);
	spin_last = __LINE__;
}

static int spinner(void *arg)
{
	spin(arg ? *(double *)arg : 0.4);
	after = 2;
	return 0;
}

TEST(a_busy_function_is_named_and_the_verdict_is_cpu)
{
	if (UNDER_TSAN)
		NOT_HERE("TSan holds signals back until the thread blocks");
	watched_run(0.1, spinner, NULL);
	check_one(watched_said[0].function, watched_said[0].line, "CPU in");
	if (!watched_has_names())
		return;
	if (strcmp(watched_said[0].function, "seconds_of") == 0) {
		CHECK_CONTAINS(watched_said[0].text, "spin ");
	} else {
		CHECK_STR(watched_said[0].function, "spin");
		CHECK(watched_said[0].line >= spin_first && watched_said[0].line <= spin_last);
	}
	CHECK_CONTAINS(watched_said[0].text, "spinner ");
}

static int pipe_fds[2];

static void *write_later(void *arg)
{
	usleep(300000);
	CHECK_INT(write(pipe_fds[1], "x", 1), 1);
	return arg;
}

NOT_INLINED static void read_pipe(void)
{
	char byte;
	ssize_t got = ON_THIS_LINE(read(pipe_fds[0], &byte, 1));

	CHECK_INT(got, 1);
}

static int reader(void *arg)
{
	pthread_t writer;

	CHECK_INT(pthread_create(&writer, NULL, write_later, NULL), 0);
	read_pipe();
	CHECK_INT(pthread_join(writer, NULL), 0);
	(void)arg;
	return 0;
}

TEST(a_read_of_a_pipe_is_named_with_the_pipe)
{
	CHECK_INT(pipe(pipe_fds), 0);
	watched_run(0.05, reader, NULL);
	check_one("read_pipe", guilty_line, "BLOCKED in read(");
	CHECK_CONTAINS(watched_said[0].text, "= pipe:[");
	CHECK_CONTAINS(watched_said[0].text, "async_wait_readable()");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool mutex_is_held;

static void *hold(void *arg)
{
	pthread_mutex_lock(&mutex);
	mutex_is_held = true;
	usleep(300000);
	pthread_mutex_unlock(&mutex);
	return arg;
}

NOT_INLINED static void take_mutex(void)
{
	ON_THIS_LINE(pthread_mutex_lock(&mutex));
	pthread_mutex_unlock(&mutex);
}

static int locker(void *arg)
{
	pthread_t holder;

	CHECK_INT(pthread_create(&holder, NULL, hold, NULL), 0);
	while (!mutex_is_held)
		async_sleep(0.001);
	take_mutex();
	CHECK_INT(pthread_join(holder, NULL), 0);
	(void)arg;
	return 0;
}

TEST(a_mutex_held_elsewhere_is_a_lock)
{
	watched_run(0.05, locker, NULL);
	check_one("take_mutex", guilty_line, "LOCK in futex");
}

static void callback(void *arg)
{
	ON_THIS_LINE(usleep(200000));
	*(bool *)arg = true;
}

static int with_callback(void *arg)
{
	struct async_handle handle = { 0 };
	bool ran = false;

	async_call_soon(&handle, callback, &ran);
	while (!ran)
		async_sleep(0);
	(void)arg;
	return 0;
}

TEST(a_blocking_callback_is_named)
{
	watched_run(0.05, with_callback, NULL);
	check_one("callback", guilty_line, "BLOCKED in clock_nanosleep");
	CHECK_STR(watched_said[0].task, "a callback");
	CHECK_CONTAINS(watched_said[0].text, "a callback has held");
}

/* ---- Tail calls ------------------------------------------------------------------------------ */

NOT_INLINED static int erased(useconds_t time)
{
	return ON_THIS_LINE(usleep(time));
}

NOT_INLINED static int innocent(void)
{
	int rc = erased(300000);

	after = 1;
	return rc;
}

static int tail_caller(void *arg)
{
	(void)arg;
	return innocent();
}

TEST(a_tail_call_does_not_accuse_the_caller)
{
	watched_run(0.05, tail_caller, NULL);
	check_one("erased", guilty_line, "BLOCKED in clock_nanosleep");
	if (watched_has_names())
		CHECK_CONTAINS(watched_said[0].text, "innocent ");
}
