/* SPDX-License-Identifier: MIT */
/*
 * test_dispatch_pause.c - jobs that have to wait: pauses of a host and of all, retries, how far it looks
 * ahead meanwhile, and the end.
 */
#include <stdlib.h>

#include "app/dispatch.h"
#include "tests/dispatcher.h"
#include "tests/harness.h"

TEST(a_pause_stops_the_whole_host_and_nobody_else)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct job *job;

	add(d, "a", 1);
	add(d, "a", 2);
	add(d, "b", 3);
	job = dispatch_take(d, SECOND);
	dispatch_pause(d, job, SECOND, 7 * SECOND, 429);
	dispatch_again(d, job, SECOND, 7 * SECOND + 1);
	job = dispatch_take(d, SECOND);
	CHECK_INT(job->line, 3);
	finish(d, job, SECOND);
	CHECK(!dispatch_take(d, 8 * SECOND - 1));
	CHECK_INT(dispatch_due(d), 8 * SECOND);
	job = dispatch_take(d, 8 * SECOND);
	CHECK_INT(job->line, 2);
	finish(d, job, 8 * SECOND);
	/* The one that is tried again was given a little more. */
	CHECK(!dispatch_take(d, 8 * SECOND));
	job = dispatch_take(d, 8 * SECOND + 1);
	CHECK_INT(job->line, 1);
	finish(d, job, 9 * SECOND);
	dispatch_free(d);
}

TEST(a_pause_that_never_ends_does_not_overflow)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct job *job;

	add(d, "a", 1);
	job = dispatch_take(d, SECOND);
	dispatch_pause(d, job, SECOND, INT64_MAX, 429);
	dispatch_again(d, job, SECOND, INT64_MAX);
	CHECK(!dispatch_take(d, INT64_MAX - 1));
	dispatch_free(d);
}

TEST(jobs_of_a_host_that_is_paused_too_long_are_handed_out_unsent)
{
	struct dispatch_limits l = limits();
	struct dispatch_refusal refusal = { 0 };
	struct dispatch *d;
	struct job *job;

	l.max_pause = 300 * SECOND;
	l.per_host = 1;
	d = dispatch_new(&l);
	add(d, "a", 1);
	add(d, "a", 2);
	add(d, "b", 3);
	job = dispatch_take(d, SECOND);
	CHECK(!dispatch_refused(d, SECOND, &refusal));
	dispatch_pause(d, job, SECOND, 1000 * SECOND, 503);
	/* A shorter order does not shorten it. */
	dispatch_pause(d, job, 2 * SECOND, 5 * SECOND, 429);
	finish(d, job, 2 * SECOND);
	job = dispatch_refused(d, 2 * SECOND, &refusal);
	CHECK_INT(job->line, 2);
	CHECK_STR(refusal.origin, "a");
	CHECK_INT(refusal.outcome, 503);
	CHECK_INT(refusal.wait, 1000 * SECOND);
	job_free(job);
	/* Nor those that come later, until the rest of it is what one waits for. */
	add(d, "a", 4);
	job = dispatch_take(d, 3 * SECOND);
	CHECK_INT(job->line, 3);
	finish(d, job, 3 * SECOND);
	CHECK(!dispatch_take(d, 3 * SECOND));
	CHECK_INT(dispatch_due(d), INT64_MAX);
	CHECK(!dispatch_refused(d, 701 * SECOND, &refusal));
	CHECK(!dispatch_take(d, 701 * SECOND));
	CHECK_INT(dispatch_due(d), 1001 * SECOND);
	job = dispatch_take(d, 1001 * SECOND);
	CHECK_INT(job->line, 4);
	finish(d, job, 1001 * SECOND);
	dispatch_free(d);
}

TEST(a_paused_host_is_remembered_and_keeps_no_other_in_memory)
{
	struct dispatch_limits l = limits();
	struct dispatch_counts counts;
	struct dispatch_refusal refusal;
	struct dispatch *d;
	struct job *job;

	l.max_pause = SECOND;
	d = dispatch_new(&l);
	add(d, "paused", 1);
	job = dispatch_take(d, 1);
	dispatch_pause(d, job, 1, 1000 * SECOND, 429);
	finish(d, job, 1);
	for (uint64_t i = 0; i < 5000; i++) {
		add(d, format("h%d", (int)i), i);
		finish(d, dispatch_take(d, 2), 2);
	}
	dispatch_count(d, &counts);
	CHECK(counts.hosts <= 1026);
	add(d, "paused", 2);
	job = dispatch_refused(d, 3, &refusal);
	CHECK(job);
	job_free(job);
	/* Whatever waits is handed out at the end, these too. */
	add(d, "paused", 3);
	job = dispatch_drain(d);
	CHECK_INT(job->line, 3);
	job_free(job);
	CHECK(!dispatch_drain(d));
	dispatch_free(d);
}

TEST(a_retry_that_waits_holds_neither_a_host_slot_nor_a_run_slot)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;
	struct job *job;

	l.per_host = l.concurrency = 1;
	d = dispatch_new(&l);
	add(d, "a", 1);
	add(d, "a", 2);
	job = dispatch_take(d, SECOND);
	CHECK(!dispatch_take(d, SECOND));
	dispatch_again(d, job, SECOND, 5 * SECOND);
	CHECK_INT(dispatch_host_retries(job), 0);
	dispatch_count_retry(job);
	CHECK_INT(dispatch_host_retries(job), 1);
	job = dispatch_take(d, SECOND);
	CHECK_INT(job->line, 2);
	finish(d, job, 2 * SECOND);
	CHECK_INT(dispatch_due(d), 6 * SECOND);
	CHECK_INT(count_held(d), 1);
	job = dispatch_take(d, 6 * SECOND);
	CHECK_INT(job->line, 1);
	CHECK_INT(dispatch_host_requests(job), 3);
	finish(d, job, 6 * SECOND);
	dispatch_free(d);
}

TEST(a_retry_that_is_due_goes_before_fresh_work)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct job *job;

	add(d, "a", 1);
	job = dispatch_take(d, SECOND);
	dispatch_again(d, job, SECOND, SECOND);
	add(d, "a", 2);
	job = dispatch_take(d, 2 * SECOND);
	CHECK_INT(job->line, 1);
	finish(d, job, 2 * SECOND);
	dispatch_free(d);
}

TEST(a_pause_for_all_starts_nothing)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);

	add(d, "a", 1);
	dispatch_pause_all(d, SECOND, SECOND);
	CHECK(!dispatch_take(d, SECOND));
	CHECK_INT(dispatch_due(d), 2 * SECOND);
	finish(d, dispatch_take(d, 2 * SECOND), 2 * SECOND);
	dispatch_free(d);
}

TEST(lookahead_counts_jobs_and_bytes)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;

	l.lookahead = 2;
	d = dispatch_new(&l);
	add(d, "a", 1);
	CHECK(!dispatch_full(d));
	add(d, "b", 2);
	CHECK(dispatch_full(d));
	finish(d, dispatch_take(d, 1), 1);
	CHECK(!dispatch_full(d));
	dispatch_free(d);
	l.lookahead = 100;
	l.lookahead_bytes = sizeof(struct job) + 2;
	d = dispatch_new(&l);
	add(d, "a", 1);
	CHECK(!dispatch_full(d));
	add(d, "a", 2);
	CHECK(dispatch_full(d));
	dispatch_free(d);
}

TEST(draining_gives_every_job_that_waits_once)
{
	struct dispatch_limits l = limits();
	struct dispatch *d;
	struct job *job;
	uint64_t seen = 0;

	l.rate = (struct units_rate){ SECOND, 1 };
	d = dispatch_new(&l);
	for (uint64_t i = 0; i < 20; i++)
		add(d, i % 3 ? "a" : "b", i);
	job = dispatch_take(d, SECOND);
	dispatch_again(d, job, SECOND, 100 * SECOND);
	while ((job = dispatch_drain(d))) {
		CHECK(!(seen >> job->line & 1));
		seen |= UINT64_C(1) << job->line;
		job_free(job);
	}
	CHECK_INT(seen, (1 << 20) - 1);
	dispatch_free(d);
}

TEST(a_million_hosts_are_not_remembered)
{
	struct dispatch_limits l = limits();
	struct dispatch *d = dispatch_new(&l);
	struct dispatch_counts counts;
	char name[32];

	for (int i = 0; i < 20000; i++) {
		struct job *job = make(1);

		snprintf(name, sizeof name, "http://h%d:80", i);
		CHECK_INT(dispatch_add(d, job, name), 0);
		finish(d, dispatch_take(d, i + 1), i + 1);
	}
	dispatch_count(d, &counts);
	CHECK(counts.hosts <= 1025);
	dispatch_free(d);
}
