/* SPDX-License-Identifier: MIT */
/* test_practice_knobs.c - knobs are read whole or refused, and chance and limits can be repeated. */
#include <stdio.h>

#include "app/practice_knobs.h"
#include "tests/harness.h"

static const char *parse(struct practice_knobs *knobs, const char *query)
{
	static char bad[32];

	*knobs = (struct practice_knobs){ 0 };
	return practice_knobs_parse(knobs, query, bad);
}

TEST(every_knob_is_taken_from_a_query)
{
	struct practice_knobs knobs;

	CHECK_STR(parse(&knobs, "delay=200ms&jitter=0.05s&error_rate=0.25&status=404"), NULL);
	CHECK_INT(knobs.delay, 200000000);
	CHECK_INT(knobs.jitter, 50000000);
	CHECK_NEAR(knobs.error_rate, 0.25, 0);
	CHECK_INT(knobs.status, 404);
	CHECK_STR(parse(&knobs, "rate=5/30s,burst=2&retry_after=2s&size=64k&id=7&n=3"), NULL);
	CHECK_INT(knobs.rate.interval, 6000000000);
	CHECK_INT(knobs.rate.burst, 2);
	CHECK_INT(knobs.retry_after, 2000000000);
	CHECK_INT(knobs.size, 65536);
	CHECK_INT(knobs.id, 7);
	CHECK_INT(knobs.n, 3);
}

TEST(percent_encoding_is_undone)
{
	struct practice_knobs knobs;

	CHECK_STR(parse(&knobs, "rate=5%2Fs%2cburst=2&d%65lay=1s"), NULL);
	CHECK_INT(knobs.rate.interval, 200000000);
	CHECK_INT(knobs.rate.burst, 2);
	CHECK_INT(knobs.delay, 1000000000);
	/* A percent sign with nothing behind it stands for itself. */
	CHECK_STR(parse(&knobs, "delay=%"), "delay");
	CHECK_STR(parse(&knobs, "delay=5%2"), "delay");
}

TEST(unknown_names_and_empty_queries_are_left_alone)
{
	struct practice_knobs knobs;

	CHECK_STR(parse(&knobs, NULL), NULL);
	CHECK_STR(parse(&knobs, ""), NULL);
	CHECK_STR(parse(&knobs, "page=3&&=&per_page&delay=1s&"), NULL);
	CHECK_INT(knobs.delay, 1000000000);
	CHECK_INT(practice_knobs_set(&knobs, "page", "3"), 1);
}

TEST(values_that_are_not_fit_are_named_and_change_nothing)
{
	static const char *const wrong[] = {
		"delay=",     "delay=-1s",  "delay=fast", "error_rate=1.1", "error_rate=x",
		"status=199", "status=600", "rate=5",	  "rate=0/s",	    "size=129M",
		"size=4x",    "id=1.5",	    "n=1001",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct practice_knobs knobs, zero = { 0 };
		const char *bad = parse(&knobs, wrong[i]);

		if (bad == NULL || strncmp(bad, wrong[i], strlen(bad)) != 0)
			FAIL("%s: %s", wrong[i], bad ? bad : "was taken");
		CHECK_MEM(&knobs, sizeof(knobs), &zero, sizeof(zero));
	}
}

TEST(names_and_values_that_are_too_long_are_cut_and_do_no_harm)
{
	struct practice_knobs knobs;
	char query[600];

	memset(query, 'x', sizeof(query));
	query[300] = '=';
	query[sizeof(query) - 1] = 0;
	CHECK_STR(parse(&knobs, query), NULL);
	memcpy(query, "delay=1", 7);
	CHECK_STR(parse(&knobs, query), "delay");
}

TEST(chance_is_a_function_of_seed_and_number)
{
	int below = 0;

	for (uint64_t n = 0; n < 10000; n++) {
		double x = practice_chance(42, n);

		CHECK(x >= 0 && x < 1);
		CHECK(x == practice_chance(42, n));
		below += x < 0.1;
	}
	/* Ten standard deviations are 300. */
	CHECK_NEAR(below, 1000, 300);
	CHECK(practice_chance(42, 0) != practice_chance(43, 0));
}

TEST(a_rate_lets_a_burst_through_and_then_one_per_interval)
{
	struct units_rate rate = { .interval = 100, .burst = 3 };
	int64_t due = 0, now = 1000000;

	for (int i = 0; i < 3; i++)
		CHECK_INT(practice_rate_take(&due, &rate, now), 0);
	CHECK_INT(practice_rate_take(&due, &rate, now), 100);
	CHECK_INT(practice_rate_take(&due, &rate, now + 40), 60);
	CHECK_INT(practice_rate_take(&due, &rate, now + 100), 0);
	CHECK_INT(practice_rate_take(&due, &rate, now + 100), 100);
	/* A long rest earns no more than the burst. */
	for (int i = 0; i < 3; i++)
		CHECK_INT(practice_rate_take(&due, &rate, now + 100000), 0);
	CHECK_INT(practice_rate_take(&due, &rate, now + 100000), 100);
}
