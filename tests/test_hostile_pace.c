/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_pace.c - build/collect against servers that order it to slow down, in every form and
 * whether or not they mean it.
 */
#include "runtime/base.h"
#include "tests/hostile_lines.h"
#include "tests/peer_upstream.h"

#define LATER(status, headers)                                                                  \
	RAW_SEND("HTTP/1.1 " status " X\r\n" headers "Content-Length: 0\r\n\r\n"), RAW_REQUEST, \
		RAW_SEND(HI)

TEST_WITH_LIMIT(items_69_70_79_retry_after_is_honoured_or_ignored_but_never_trusted, 40)
{
#define AGAIN .attempts = 2
	const struct line lines[] = {
		{ .fault = { "69 0", STEPS(LATER("429", "Retry-After: 0\r\n")), IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 1", STEPS(LATER("503", "Retry-After: 1\r\n")), IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 negative", STEPS(LATER("429", "Retry-After: -99\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 a float", STEPS(LATER("429", "Retry-After: 99.5\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 garbage", STEPS(LATER("503", "Retry-After: soon\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 empty", STEPS(LATER("503", "Retry-After: \r\n")), IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 a past date",
			     STEPS(LATER("503", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 no such date",
			     STEPS(LATER("503", "Retry-After: Thu, 99 Jan 2099 00:00:00 GMT\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "79 against its own Date",
			     STEPS(LATER(
				     "503",
				     "Date: Fri, 01 Jan 2100 00:00:00 GMT\r\nRetry-After: Fri, 01 Jan 2100 00:00:01 GMT\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "69 too long", STEPS(LATER("429", "Retry-After: 999999999\r\n")),
			     .code = "http_429" },
		  .says = "--retry-max-wait" },
		{ .fault = { "69 longer than any number",
			     STEPS(LATER("429", "Retry-After: 99999999999999999999999999\r\n")),
			     .code = "http_429" },
		  .says = "--retry-max-wait" },
		{ .fault = { "69 a far date",
			     STEPS(LATER("503", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n")),
			     .code = "http_503" },
		  .says = "--retry-max-wait" },
		{ .fault = { "69 two forms",
			     STEPS(LATER(
				     "503",
				     "Retry-After: 999999999\r\nRetry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n")),
			     .code = "http_503" },
		  .says = "--retry-max-wait" },
		{ .fault = { "70 429 for ever",
			     BYTES("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n"),
			     .code = "http_429" },
		  .attempts = 2,
		  .says = "\"why\": \"backoff\"" },
		{ .fault = { "70 429 for ever with Retry-After",
			     BYTES("HTTP/1.1 429 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
			     .code = "http_429" },
		  .attempts = 2,
		  .says = "\"why\": \"retry_after\"" },
		{ .fault = { "70 a 404 is not tried again", STEPS(LATER("404", "")),
			     .code = "http_404" } },
		{ .fault = { "70 unless it says when", STEPS(LATER("404", "Retry-After: 0\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "70 408 on a fresh connection", STEPS(LATER("408", "")),
			     IS(200, "hi") },
		  AGAIN },
	};

	HOSTILE_RUN(lines, 10, "--retry-max-wait", "5s");
	CHECK(collect.seconds >= 1 && collect.seconds < 5 * time_scale());
}

TEST_WITH_LIMIT(item_70_what_a_rule_names_is_as_good_as_a_429, 40)
{
#define BODY(status, headers, body) \
	RAW_SEND("HTTP/1.1 " status " X\r\n" headers "Connection: close\r\n\r\n" body)
	const struct line lines[] = {
		{ .fault = { "70 a 403 with nothing left", STEPS(LATER("403", "X-Left: 0\r\n")),
			     IS(200, "hi") },
		  AGAIN },
		{ .fault = { "70 a 403 with something left", STEPS(LATER("403", "X-Left: 1\r\n")),
			     .code = "http_403" } },
		{ .fault = { "70 a 403 with Retry-After",
			     STEPS(LATER("403", "X-Left: 0\r\nRetry-After: 999999999\r\n")),
			     .code = "rate_limited", .phase = "body" },
		  .attempts = 1,
		  .says = "--retry-max-wait" },
		{ .fault = { "70 a 200 with an error for a body",
			     CLOSES("HTTP/1.1 200 OK\r\n\r\n{\"error\":\"slow\"}"),
			     .code = "rate_limited", .phase = "body" },
		  .says = "\"body\": {\"error\": \"slow\"}" },
		{ .fault = { "70 a 200 with another body",
			     CLOSES("HTTP/1.1 200 OK\r\n\r\n{\"error\":\"none\"}"),
			     IS(200, NULL) } },
	};

	HOSTILE_RUN(lines, 10, "--retry-max-wait", "5s", "--also-limited", "403:x-left=0",
		    "--also-limited", "200:$.error=slow");
}

/* Seconds that a second request to one host takes when the first has left nothing. */
static double second_request(const char *left, const char *reset)
{
	static struct raw_step script[6];
	const char *text = format("HTTP/1.1 200 OK\r\nX-Left: %s\r\nX-Reset: %s\r\n"
				  "Content-Length: 2\r\n\r\nhi",
				  left, reset);
	const struct line lines[] = { { .fault = { "71", .script = script, IS(200, "hi") } },
				      { .fault = { "71", .script = script, IS(200, "hi") } } };

	script[0] = (struct raw_step)RAW_REQUEST;
	script[1] = (struct raw_step)RAW_SEND_BYTES(text, strlen(text));
	script[2] = (struct raw_step)RAW_AGAIN;
	hostile_same_server = true;
	HOSTILE_RUN(lines, 10, "--quota", "x-left,x-reset", "--retry-max-wait", "400ms", "-j", "1");
	hostile_same_server = false;
	return collect.seconds;
}

TEST_WITH_LIMIT(item_71_a_quota_holds_its_host_back_and_no_longer_than_allowed, 40)
{
	static const struct {
		const char *left, *reset;
		bool waits;
	} table[] = {
		{ "0", "1", true },	      { "0", "99999999999999999999", true },
		{ "-1", "4000000000", true }, { "0", "-1", false },
		{ "0", "1000000001", false }, { "0", "soon", false },
		{ "5", "9", false },
	};

	for (size_t i = 0; i < array_size(table); i++) {
		double seconds = second_request(table[i].left, table[i].reset);

		if (table[i].waits ? seconds < 0.4 : seconds > 0.35 * time_scale())
			FAIL("left %s, reset %s: %g s", table[i].left, table[i].reset, seconds);
	}
}
