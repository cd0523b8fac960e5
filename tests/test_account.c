/* SPDX-License-Identifier: MIT */
/* test_account.c - what a loop's time went to: slices, late timers, and time after a stall. */
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/account.h"
#include "runtime/loop.h"
#include "tests/harness.h"

#define MS INT64_C(1000000)

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void spin(double seconds)
{
	double end = now() + seconds;

	while (now() < end)
		;
}

static uint64_t all_of(const struct async_histogram *histogram)
{
	uint64_t all = 0;

	for (int i = 0; i < ASYNC_HISTOGRAM_BUCKETS; i++)
		all += histogram->count[i];
	return all;
}

static uint64_t at_least(const struct async_histogram *histogram, double seconds)
{
	uint64_t all = 0;

	for (int i = 1; i < ASYNC_HISTOGRAM_BUCKETS; i++)
		if (async_histogram_bound(i - 1) >= seconds)
			all += histogram->count[i];
	return all;
}

/* ---- Pure ------------------------------------------------------------------------------------ */

TEST(a_second_late_counts_as_the_hundred_beats_that_were_missed)
{
	static const struct {
		int64_t lag;
		unsigned samples;
	} rows[] = { { -5, 1 },		 { 0, 1 },
		     { 9 * MS, 1 },	 { 10 * MS, 1 },
		     { 11 * MS, 2 },	 { 1000 * MS, 100 },
		     { 1001 * MS, 101 }, { 3600000 * MS, 360000 } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct account account = { 0 };

		account_lag(&account, rows[i].lag);
		CHECK_INT(account.lag.total, rows[i].samples);
		CHECK_INT(all_of(&account.lag), rows[i].samples);
		CHECK_NEAR(account.lag.longest, rows[i].lag > 0 ? (double)rows[i].lag / 1e9 : 0,
			   1e-9);
	}
}

TEST(the_missed_beats_are_late_by_less_and_less)
{
	struct account account = { 0 };

	account_lag(&account, 105 * MS);
	/* 105, 95, ... 75: over 65.5 ms. 65 ... 35: over 32.8. 25: over 16.4; 15: over 8.2; 5. */
	CHECK_INT(account.lag.total, 11);
	CHECK_INT(account.lag.count[11], 4);
	CHECK_INT(account.lag.count[10], 4);
	CHECK_INT(account.lag.count[9], 1);
	CHECK_INT(account.lag.count[8], 1);
	CHECK_INT(account.lag.count[7], 1);
}

TEST(bounds_double)
{
	CHECK_NEAR(async_histogram_bound(0), 64e-6, 1e-12);
	CHECK_NEAR(async_histogram_bound(10), 65.536e-3, 1e-9);
	CHECK(async_histogram_bound(ASYNC_HISTOGRAM_BUCKETS - 1) > 1e300);
}

TEST(the_table_has_a_line_for_each_bucket_that_is_not_empty)
{
	struct async_accounts accounts = { .turns = 7, .longest_task = "fetch" };
	char text[1024], part[1024];
	size_t length;

	accounts.slices.count[0] = 40;
	accounts.slices.count[12] = 1;
	accounts.slices.total = 41;
	accounts.slices.longest = 0.15;
	accounts.lag.count[ASYNC_HISTOGRAM_BUCKETS - 1] = 2;
	accounts.lag.total = 2;
	length = account_text(&accounts, text, sizeof text);
	CHECK_INT(length, strlen(text));
	CHECK_STR(
		text,
		"[watchdog] 7 turns, 41 slices, the longest 150.0 ms in fetch; 2 timers, the latest "
		"by 0.0 ms\n  time                 slices  timers late\n"
		"  < 64 us                  40            0\n"
		"  < 262.1 ms                1            0\n"
		"  from 67.11 s              0            2\n");
	for (size_t size = 1; size <= length; size++)
		CHECK_INT(account_text(&accounts, part, size), size - 1);
}

/* ---- In loops -------------------------------------------------------------------------------- */

static int yielder(void *arg)
{
	for (int i = 0; i < 1000; i++)
		async_sleep(0);
	(void)arg;
	return 0;
}

static int worker(void *arg)
{
	spin(0.015);
	(void)arg;
	return 0;
}

static int worker_for_long(void *arg)
{
	spin(0.1);
	(void)arg;
	return 0;
}

static int slices(void *arg)
{
	struct async_accounts before, after;
	struct async_task *tasks[2];

	(void)arg;
	async_watchdog_accounts(&before);
	tasks[0] = async_create_task(yielder, NULL);
	tasks[1] = async_create_task_with(worker_for_long, NULL,
					  &(struct async_task_options){ .name = "worker" });
	CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
	async_watchdog_accounts(&after);
	/* 1,001 resumes of the one, one of the other, and the few that gathering takes. */
	CHECK(after.slices.total - before.slices.total >= 1002);
	CHECK(after.slices.total - before.slices.total <= 1012);
	CHECK_INT(all_of(&after.slices), after.slices.total);
	CHECK(after.turns - before.turns >= 1000);
	CHECK(at_least(&after.slices, 0.065) >= 1);
	CHECK(async_task_longest_slice(tasks[1]) >= 0.1 * 0.99);
	CHECK(after.slices.longest >= async_task_longest_slice(tasks[1]));
	/* A busy machine may have made another one's longer still. */
	if (after.slices.longest <= async_task_longest_slice(tasks[1]))
		CHECK_STR(after.longest_task, "worker");
	async_task_release(tasks[0]);
	async_task_release(tasks[1]);
	return 0;
}

TEST(slices_are_counted_and_long_ones_measured)
{
	struct async_accounts accounts;

	CHECK_INT(async_run(slices, NULL), 0);
	async_watchdog_accounts(&accounts);
	CHECK_INT(accounts.slices.total, 0);
}

/* Twenty slices of 15 ms, all ready at once: none is long, but a timer of 50 ms is late by 250. */
static int many_short_slices(void *arg)
{
	struct async_accounts accounts;
	struct async_task *tasks[20];

	(void)arg;
	for (int i = 0; i < 20; i++)
		tasks[i] = async_create_task(worker, NULL);
	CHECK_INT(async_sleep(0.05), 0);
	async_watchdog_accounts(&accounts);
	CHECK(accounts.lag.longest >= 0.2);
	CHECK(accounts.lag.total >= 20);
	CHECK(at_least(&accounts.lag, 0.131) >= 6);
	CHECK_INT(async_gather(tasks, 20, ASYNC_RAISE, NULL), 0);
	for (int i = 0; i < 20; i++)
		async_task_release(tasks[i]);
	return 0;
}

TEST(many_short_slices_are_seen_in_how_late_timers_are)
{
	CHECK_INT(async_run(many_short_slices, NULL), 0);
}

/* Nothing reckons with the time before the stall: a deadline set after it is still in the future. */
static int after_a_stall(void *arg)
{
	struct async_timeout limit;
	double start;
	int rc;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		async_sleep(0);
		spin(0.1);
		start = now();
		CHECK_INT(async_sleep(0.05), 0);
		CHECK(now() - start >= 0.05);
		spin(0.1);
		start = now();
		async_timeout_begin(&limit, 0.05);
		rc = async_timeout_end(&limit, async_sleep(10));
		CHECK_INT(rc, ASYNC_ETIMEOUT);
		CHECK(now() - start >= 0.05);
	}
	return 0;
}

static int spinner(void *arg)
{
	while (!*(atomic_bool *)arg) {
		spin(0.03);
		async_sleep(0);
	}
	return 0;
}

static int sleep_beside_stalls(void *arg)
{
	atomic_bool over = false;
	struct async_task *task = async_create_task(spinner, &over);

	(void)arg;
	for (int i = 0; i < 3; i++) {
		double start = now();

		CHECK_INT(async_sleep(0.02), 0);
		CHECK(now() - start >= 0.02);
	}
	over = true;
	CHECK_INT(async_await(task), 0);
	async_task_release(task);
	return 0;
}

TEST(a_deadline_after_a_stall_is_reckoned_from_now)
{
	CHECK_INT(async_run(after_a_stall, NULL), 0);
	CHECK_INT(async_run(sleep_beside_stalls, NULL), 0);
}
