/* SPDX-License-Identifier: MIT */
/*
 * test_dispatch.c - whose turn it is: limits, rates, fairness between hosts, broken hosts, and random
 * histories in which no job is lost.
 */
#include <stdlib.h>

#include "app/dispatch.h"
#include "tests/dispatcher.h"
#include "tests/harness.h"

static void fail_to_connect(struct dispatch *d, int64_t now)
{
	struct job *job = dispatch_take(d, now);

	CHECK(job);
	dispatch_unreachable(d, job, now, -111);
	finish(d, job, now);
}

TEST(item_67_a_host_to_which_nothing_connects_is_broken_for_a_while)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct dispatch_refusal refusal;
	struct job *job;
	int64_t later = SECOND + DISPATCH_BREAK_TIME;

	for (uint64_t line = 1; line <= 40; line++)
		add(d, "a", line);
	add(d, "b", 41);
	for (int i = 1; i < DISPATCH_BREAK; i++)
		fail_to_connect(d, SECOND);
	CHECK(!dispatch_refused(d, SECOND, &refusal));
	/* One that does connect, and all is forgotten. */
	job = dispatch_take(d, SECOND);
	dispatch_reached(job);
	finish(d, job, SECOND);
	while ((job = dispatch_take(d, SECOND)) && job->line == 41)
		finish(d, job, SECOND);
	dispatch_unreachable(d, job, SECOND, -111);
	finish(d, job, SECOND);
	for (int i = 1; i < DISPATCH_BREAK; i++)
		fail_to_connect(d, SECOND);
	CHECK(!dispatch_take(d, SECOND));
	job = dispatch_refused(d, SECOND, &refusal);
	CHECK(job);
	CHECK_STR(refusal.origin, "a");
	CHECK_INT(refusal.outcome, -111);
	CHECK_INT(refusal.failures, DISPATCH_BREAK);
	job_free(job);
	/* Then it is tried again, and one failure is enough. */
	CHECK(!dispatch_refused(d, later, &refusal));
	fail_to_connect(d, later);
	job = dispatch_refused(d, later, &refusal);
	CHECK(job);
	job_free(job);
	dispatch_free(d);
}

static bool likes_one(void *arg, unsigned long host)
{
	return host == *(unsigned long *)arg;
}

TEST(a_host_that_costs_less_comes_first_but_not_for_ever)
{
	static const uint64_t order[] = { 4, 5, 6, 1, 7, 8, 2, 9, 3 };
	unsigned long liked = 1;
	struct dispatch_limits l = limits();
	struct dispatch *d;

	l.concurrency = 3;
	l.likes = likes_one;
	l.arg = &liked;
	d = dispatch_new(&l);
	for (uint64_t line = 1; line <= 3; line++)
		add(d, "a", line);
	for (uint64_t line = 4; line <= 9; line++)
		add(d, "b", line);
	for (size_t i = 0; i < 9; i++) {
		struct job *job = dispatch_take(d, SECOND);

		CHECK(job);
		CHECK_INT(job->line, order[i]);
		/* Whom nobody likes takes a turn as ever. */
		if (i == 5)
			liked = 2;
		finish(d, job, SECOND);
	}
	dispatch_free(d);
}

TEST(hosts_with_work_take_turns)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	static const uint64_t order[] = { 1, 4, 6, 2, 5, 3 };

	add(d, "a", 1);
	add(d, "a", 2);
	add(d, "a", 3);
	add(d, "b", 4);
	add(d, "b", 5);
	add(d, "c", 6);
	for (size_t i = 0; i < 6; i++) {
		struct job *job = dispatch_take(d, SECOND);

		CHECK(job);
		CHECK_INT(job->line, order[i]);
		finish(d, job, SECOND);
	}
	CHECK(!dispatch_take(d, SECOND));
	CHECK_INT(dispatch_due(d), INT64_MAX);
	dispatch_free(d);
}

TEST(neither_limit_is_ever_passed_and_both_are_used)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct job *taken[50];

	for (uint64_t i = 0; i < 70; i++)
		add(d, "a", i);
	for (size_t i = 0; i < 8; i++)
		CHECK((taken[i] = dispatch_take(d, 1)));
	CHECK(!dispatch_take(d, 1));
	CHECK_INT(dispatch_due(d), INT64_MAX);
	for (int host = 0; host < 10; host++)
		for (uint64_t i = 0; i < 8; i++)
			add(d, format("h%d", host), i);
	for (size_t i = 8; i < 50; i++)
		CHECK((taken[i] = dispatch_take(d, 1)));
	CHECK(!dispatch_take(d, 1));
	finish(d, taken[0], 2);
	CHECK((taken[0] = dispatch_take(d, 2)));
	CHECK(!dispatch_take(d, 2));
	for (size_t i = 0; i < 50; i++)
		finish(d, taken[i], 3);
	dispatch_free(d);
}

TEST(a_rate_gives_a_slot_each_interval_and_other_hosts_do_not_notice)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;
	int64_t now = SECOND;

	l.rate = (struct units_rate){ 200 * MS, 1 };
	d = dispatch_new(&l);
	for (uint64_t i = 0; i < 5; i++)
		add(d, "a", i);
	add(d, "b", 100);
	for (uint64_t i = 0; i < 5; i++) {
		struct job *job = dispatch_take(d, now);

		CHECK_INT(job->line, i);
		CHECK_INT(job->rate_wait, i ? 200 * MS : 0);
		finish(d, job, now);
		if (!i) {
			job = dispatch_take(d, now);
			CHECK_INT(job->line, 100);
			finish(d, job, now);
		}
		CHECK(!dispatch_take(d, now));
		if (i < 4) {
			CHECK_INT(dispatch_due(d), now + 200 * MS);
			CHECK_INT(count_held(d), 4 - i);
		}
		CHECK(!dispatch_take(d, now + 200 * MS - 1));
		now += 200 * MS;
	}
	dispatch_free(d);
}

TEST(a_burst_after_a_rest_is_as_large_as_allowed_and_no_larger)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;
	int taken = 0;

	l.rate = (struct units_rate){ SECOND, 3 };
	d = dispatch_new(&l);
	for (uint64_t i = 0; i < 8; i++)
		add(d, "a", i);
	for (int round = 0; round < 2; round++) {
		/* However long nobody asked, no more than the burst has gathered. */
		int64_t now = SECOND + round * 3600 * SECOND;
		struct job *job;

		for (taken = 0; (job = dispatch_take(d, now)); taken++)
			finish(d, job, now);
		CHECK_INT(taken, 3);
	}
	dispatch_free(d);
}

TEST(a_rate_for_all_holds_all_and_is_told_as_rate_wait)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;
	struct job *job;

	l.rate_total = (struct units_rate){ 100 * MS, 1 };
	d = dispatch_new(&l);
	add(d, "a", 1);
	add(d, "b", 2);
	finish(d, dispatch_take(d, SECOND), SECOND);
	CHECK(!dispatch_take(d, SECOND));
	CHECK_INT(dispatch_due(d), SECOND + 100 * MS);
	job = dispatch_take(d, SECOND + 100 * MS);
	CHECK_INT(job->line, 2);
	CHECK_INT(job->rate_wait, 100 * MS);
	finish(d, job, SECOND);
	dispatch_free(d);
}

/*
 * 1,200 jobs sorted by host, each 200 ms, but one host of twelve never answers. In virtual time: how
 * long until the other eleven are done?
 */
TEST(one_host_that_never_answers_delays_the_others_hardly_at_all)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct job *flying[50] = { 0 };
	int64_t ends[50], now = 1;
	int left = 1100;

	for (uint64_t i = 0; i < 1200; i++)
		add(d, format("h%02llu", (unsigned long long)i / 100), i);
	while (left) {
		int64_t next = INT64_MAX;

		for (int i = 0; i < 50; i++) {
			if (flying[i] && ends[i] <= now) {
				finish(d, flying[i], now);
				flying[i] = NULL;
				left--;
			}
		}
		for (int i = 0; i < 50; i++) {
			if (!flying[i] && (flying[i] = dispatch_take(d, now)))
				ends[i] = flying[i]->line / 100 == 4 ? INT64_MAX : now + 200 * MS;
			if (flying[i] && ends[i] < next)
				next = ends[i];
		}
		if (left)
			now = next;
	}
	CHECK(now < 6 * SECOND);
	for (int i = 0; i < 50; i++)
		if (flying[i])
			finish(d, flying[i], now);
	dispatch_free(d);
}

/* Against a plain model: whatever happens, limits hold and no job is lost or given twice. */
TEST(random_histories_lose_nothing)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;
	struct job *flying[50] = { 0 };
	unsigned per_host[5] = { 0 }, added = 0, ended = 0;
	int64_t now = 1;

	l.per_host = 7;
	l.rate = (struct units_rate){ MS, 2 };
	d = dispatch_new(&l);
	srand(1);
	for (int step = 0; step < 200000; step++) {
		int i = rand() % 50, what = rand() % 8;

		now += rand() % (int)MS;
		if (what < 2 && added < 20000) {
			add(d, format("h%u", added % 5), added);
			added++;
		} else if (what < 5 && !flying[i] && (flying[i] = dispatch_take(d, now))) {
			CHECK(++per_host[flying[i]->line % 5] <= 7);
		} else if (flying[i]) {
			per_host[flying[i]->line % 5]--;
			if (what == 6)
				dispatch_pause(d, flying[i], now, rand() % (int)(2 * MS), 429);
			if (what == 7) {
				dispatch_again(d, flying[i], now, rand() % (int)(5 * MS));
			} else {
				finish(d, flying[i], now);
				ended++;
			}
			flying[i] = NULL;
		}
	}
	for (int i = 0; i < 50; i++)
		if (flying[i]) {
			finish(d, flying[i], now);
			ended++;
		}
	for (struct job *job; (job = dispatch_drain(d)); ended++)
		job_free(job);
	CHECK_INT(ended, added);
	CHECK(added > 10000);
	dispatch_free(d);
}

static void add_some(void)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct job *job;

	for (uint64_t i = 0; d && i < 3; i++) {
		job = calloc(1, sizeof *job + 1);
		if (job && dispatch_add(d, job, i ? "a" : "b") < 0)
			job_free(job);
	}
	dispatch_free(d);
}

TEST(memory_may_run_out_anywhere)
{
	for_each_failing_allocation(add_some);
}
