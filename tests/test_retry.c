/* SPDX-License-Identifier: MIT */
#include "app/codes.h"
#include "http/httpdate.h"
#include "app/retry.h"
#include "http/http.h"
#include "tests/harness.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

static struct retry_policy policy(void)
{
	struct retry_policy p = { .retries = 3,
				  .base = 500 * MS,
				  .cap = 30 * SECOND,
				  .max_time = 120 * SECOND,
				  .max_wait = 300 * SECOND,
				  .on_default = true };

	retry_default(&p.on);
	return p;
}

static struct retry_case item(int outcome)
{
	return (struct retry_case){ .outcome = outcome,
				    .idempotent = true,
				    .attempts = 1,
				    .retry_after = -1,
				    .host_requests = 1,
				    .fraction = 0.5 };
}

static struct retry_verdict decide(struct retry_case c)
{
	struct retry_policy p = policy();

	return retry_decide(&p, &c);
}

TEST(these_statuses_are_tried_again_and_others_are_not)
{
	static const int again[] = { 408, 429, 500, 502, 503, 504, 522, 524 };
	static const int never[] = { 300, 302, 400, 401, 403, 404, 410, 501, 505, 599 };

	for (size_t i = 0; i < sizeof again / sizeof *again; i++)
		CHECK(decide(item(again[i])).again);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		CHECK_INT(decide(item(never[i])).why, RETRY_NEVER);
}

TEST(network_errors_are_tried_again_and_mistakes_are_not)
{
	CHECK(decide(item(-ECONNREFUSED)).again);
	CHECK(decide(item(HTTP_ETOTAL_TIMEOUT)).again);
	CHECK(decide(item(NET_EDNS_TEMPORARY)).again);
	CHECK(decide(item(HTTP_EBODY_TRUNCATED)).again);
	CHECK(!decide(item(NET_EDNS_NXDOMAIN)).again);
	CHECK(!decide(item(NET_ETLS_CERT_HOST)).again);
	CHECK(!decide(item(HTTP_EBODY_TOO_LARGE)).again);
	CHECK(!decide(item(HTTP_EURL)).again);
	CHECK(!decide(item(ASYNC_ECANCELED)).again);
}

TEST(a_status_that_is_tried_again_is_so_with_a_broken_body_too)
{
	static const struct {
		int outcome, status;
		bool again;
	} table[] = {
		{ HTTP_EDECODE, 503, true },	      { HTTP_EDECODE, 200, false },
		{ HTTP_EDECODE, 404, false },	      { HTTP_EPARSE, 429, true },
		{ HTTP_EBODY_TOO_LARGE, 503, false }, { ASYNC_ECANCELED, 503, false },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct retry_case c = item(table[i].outcome);

		c.status = table[i].status;
		CHECK_INT(decide(c).again, table[i].again);
	}
}

TEST(only_get_and_head_are_tried_again)
{
	struct retry_case c = item(503);

	c.idempotent = false;
	CHECK_INT(decide(c).why, RETRY_NEVER);
}

TEST(retry_3_is_four_attempts)
{
	struct retry_case c = item(503);

	for (c.attempts = 1; c.attempts <= 3; c.attempts++)
		CHECK(decide(c).again);
	CHECK_INT(decide(c).why, RETRY_NO_ATTEMPTS);
}

TEST(backoff_doubles_up_to_its_cap_and_the_jitter_is_full)
{
	struct retry_policy p = policy();
	struct retry_case c = item(503);

	p.retries = 100;
	for (c.attempts = 1; c.attempts < 60; c.attempts++) {
		int64_t limit = c.attempts < 7 ? 500 * MS << (c.attempts - 1) : 30 * SECOND;

		c.fraction = 0;
		CHECK_INT(retry_decide(&p, &c).wait, 0);
		c.fraction = 1;
		CHECK_INT(retry_decide(&p, &c).wait, limit);
	}
}

TEST(max_time_counts_attempts_and_own_backoff)
{
	struct retry_case c = item(503);

	c.spent = 119 * SECOND;
	CHECK(decide(c).again);
	c.spent = 119900 * MS;
	CHECK_INT(decide(c).why, RETRY_NO_TIME);
}

TEST(a_host_gets_ten_retries_or_a_fifth_of_its_requests)
{
	struct retry_case c = item(503);

	c.host_requests = 10;
	c.host_retries = 9;
	CHECK(decide(c).again);
	c.host_retries = 10;
	CHECK_INT(decide(c).why, RETRY_NO_BUDGET);
	c.host_requests = 1000;
	c.host_retries = 199;
	CHECK(decide(c).again);
	c.host_retries = 200;
	CHECK_INT(decide(c).why, RETRY_NO_BUDGET);
}

TEST(retry_after_pauses_the_host_and_jitter_only_adds)
{
	struct retry_case c = item(429);
	struct retry_verdict v;

	c.retry_after = 7 * SECOND;
	v = decide(c);
	CHECK(v.again);
	CHECK_INT(v.why, RETRY_AFTER);
	CHECK_INT(v.pause, 7 * SECOND);
	CHECK_INT(v.wait, 7250 * MS);
}

TEST(retry_after_makes_any_error_status_worth_another_attempt)
{
	struct retry_case c = item(403);

	c.retry_after = 1 * SECOND;
	CHECK(decide(c).again);
	c.outcome = 302;
	CHECK(!decide(c).again);
}

TEST(a_chosen_list_replaces_the_default_and_its_rule)
{
	struct retry_policy p = policy();
	struct retry_case c = item(403);
	const char *wrong;

	CHECK(choice_parse("404,5xx,connect_refused", true, &p.on, &wrong));
	p.on_default = false;
	c.retry_after = SECOND;
	CHECK(!retry_decide(&p, &c).again);
	c = item(404);
	CHECK(retry_decide(&p, &c).again);
	c = item(501);
	CHECK(retry_decide(&p, &c).again);
	c = item(-ECONNREFUSED);
	CHECK(retry_decide(&p, &c).again);
	c = item(-ECONNRESET);
	CHECK(!retry_decide(&p, &c).again);
}

TEST(a_wait_that_is_too_long_gives_the_item_up_and_pauses_its_host)
{
	struct retry_case c = item(503);
	struct retry_verdict v;

	c.retry_after = 301 * SECOND;
	v = decide(c);
	CHECK_INT(v.why, RETRY_TOO_LONG);
	CHECK_INT(v.pause, 301 * SECOND);
	c.retry_after = INT64_MAX;
	CHECK_INT(decide(c).why, RETRY_TOO_LONG);
}

TEST(what_this_machine_is_short_of_costs_no_attempt_and_not_the_hosts_share)
{
	struct retry_case c = item(-EMFILE);

	c.attempts = 9;
	c.local = 9;
	c.host_retries = 10;
	CHECK(decide(c).again);
	/* Unless nobody else is there to give any back. */
	c.local = 5;
	CHECK_INT(decide(c).why, RETRY_NO_ATTEMPTS);
	c.local = 9;
	/* Nor does it later, for the other failures. */
	c.outcome = 503;
	c.attempts = 10;
	c.host_retries = 0;
	CHECK(decide(c).again);
	/* It does not go on for ever, unless others will end. */
	c.outcome = -EMFILE;
	c.spent = 121 * SECOND;
	CHECK_INT(decide(c).why, RETRY_NO_TIME);
	c.outcome = COLLECT_ECROWDED;
	CHECK(decide(c).again);
	CHECK_INT(decide(c).wait, 250 * MS);
	c.outcome = COLLECT_EMEMORY;
	CHECK_INT(decide(c).why, RETRY_NEVER);
}

TEST(the_last_attempt_still_pauses_its_host)
{
	struct retry_case c = item(429);
	struct retry_verdict v;

	c.attempts = 4;
	c.retry_after = 5 * SECOND;
	v = decide(c);
	CHECK(!v.again);
	CHECK_INT(v.pause, 5 * SECOND);
}

TEST(waits_that_the_server_ordered_do_not_count_as_time_spent)
{
	struct retry_case c = item(429);

	c.spent = 119 * SECOND;
	c.retry_after = 200 * SECOND;
	CHECK(decide(c).again);
}

TEST(retry_after_is_seconds_or_a_date_against_the_date_of_the_response)
{
	const char *date = "Sun, 06 Nov 1994 08:49:37 GMT";

	CHECK_INT(retry_after("7", NULL, 0), 7 * SECOND);
	CHECK_INT(retry_after(" 7 ", NULL, 0), 7 * SECOND);
	CHECK_INT(retry_after("0", NULL, 0), 0);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", date, 0), 30 * SECOND);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", date, 0), 0);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", NULL, 784111777), 10 * SECOND);
	CHECK_INT(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", "nonsense", 784111777), 10 * SECOND);
}

TEST(retry_after_never_overflows_and_nonsense_is_ignored)
{
	static const char *const nonsense[] = { "",   "soon", "1.5",  "7s", "- 1",
						"+7", "0x7",  "7, 8", "-",  "1e9" };

	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
		CHECK_INT(retry_after(nonsense[i], NULL, 0), -1);
	CHECK_INT(retry_after("-5", NULL, 0), 0);
	CHECK_INT(retry_after("999999999", NULL, 0), 999999999 * SECOND);
	CHECK_INT(retry_after("99999999999999999999999999", NULL, 0), INT64_MAX);
	CHECK_INT(retry_after("Fri, 31 Dec 9999 23:59:59 GMT", NULL, 0), INT64_MAX);
}

TEST(dates_are_read_in_all_three_forms)
{
	int64_t seconds = 0;

	CHECK(httpdate_parse("Sun, 06 Nov 1994 08:49:37 GMT", &seconds));
	CHECK_INT(seconds, 784111777);
	CHECK(httpdate_parse("Sunday, 06-Nov-94 08:49:37 GMT", &seconds));
	CHECK_INT(seconds, 784111777);
	CHECK(httpdate_parse("Sun Nov  6 08:49:37 1994", &seconds));
	CHECK_INT(seconds, 784111777);
	CHECK(httpdate_parse("Thu, 29 Feb 2024 00:00:00 GMT", &seconds));
	CHECK_INT(seconds, 1709164800);
	CHECK(httpdate_parse("Thu, 01 Jan 1970 00:00:00 GMT", &seconds));
	CHECK_INT(seconds, 0);
	CHECK(httpdate_parse("Wednesday, 01-Jan-69 00:00:00 GMT", &seconds));
	CHECK_INT(seconds, INT64_C(3124224000));
}

TEST(dates_that_do_not_exist_are_refused)
{
	static const char *const bad[] = {
		"Sun, 06 Nov 1994 08:49:37",	  "Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",  "Sun, 31 Nov 1994 08:49:37 GMT",
		"Thu, 29 Feb 2023 00:00:00 GMT",  "Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 nov 1994 08:49:37 GMT",  "Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT ", "Xyz, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",  "",
	};
	int64_t seconds;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (httpdate_parse(bad[i], &seconds))
			FAIL("'%s' was accepted", bad[i]);
}

TEST(stamps_are_in_utc_with_milliseconds)
{
	char text[HTTPDATE_ISO];

	CHECK_STR(httpdate_iso(0, text), "1970-01-01T00:00:00.000Z");
	CHECK_STR(httpdate_iso(1709164799999, text), "2024-02-28T23:59:59.999Z");
	CHECK_STR(httpdate_iso(1709164800000, text), "2024-02-29T00:00:00.000Z");
	CHECK_STR(httpdate_iso(-1, text), "1969-12-31T23:59:59.999Z");
}
