/* SPDX-License-Identifier: MIT */
/*
 * test_opened_faults.c - every fault of hostile_faults.c when the body is read as it comes: it comes to
 * what it comes to as a whole, and so does its connection.
 */
#include <stdlib.h>

#include "app/codes.h"
#include "tests/hostile.h"
#include "tests/raw_client.h"

static char body[1 << 16];

static void serve_fault(const struct fault *fault)
{
	static struct raw_step script[3];

	script[0] = (struct raw_step)RAW_REQUEST;
	script[1] = (struct raw_step)RAW_SEND_BYTES(fault->bytes, fault->size);
	script[2] = (struct raw_step){ .verb = fault->ending };
	serve(script);
}

/* The status, or what went wrong, in the head or in the body. */
ASYNC_SUSPENDS
static int stream(const struct http_options *options, size_t step)
{
	struct http_response *response;
	size_t size = 0;
	ssize_t n;
	int rc = http_open(session, server.url, options, &response);

	if (rc < 0)
		return rc;
	while ((n = http_response_read(response, body + size, step)) > 0) {
		size += (size_t)n;
		CHECK(size + step < sizeof body);
	}
	body[size] = '\0';
	rc = n < 0 ? (int)n : response->status;
	http_response_free(response);
	return rc;
}

static unsigned kept(void)
{
	struct http_session_stats stats;

	http_session_stats(session, &stats);
	CHECK_INT(stats.idle, stats.connections);
	return stats.idle;
}

static void compare(const struct fault *fault, size_t cut, size_t step)
{
	int whole, streamed;
	unsigned kept_whole;

	serve_fault(fault);
	server.cut = cut;
	whole = ask("/", NULL);
	whole = whole < 0 ? whole : answer->status;
	kept_whole = kept();
	client_test_end();

	serve_fault(fault);
	server.cut = cut;
	session = http_session_new(NULL);
	streamed = stream(NULL, step);
	if (streamed != whole)
		FAIL("%s: %s when it is whole, %s when it is read", fault->name,
		     async_errname(whole), async_errname(streamed));
	if (whole > 0 && fault->body)
		CHECK_STR(body, fault->body);
	if (kept() != kept_whole)
		FAIL("%s: %u connections are kept when it is whole", fault->name, kept_whole);
	client_test_end();
}

CLIENT_TEST(whatever_is_wrong_is_as_wrong_when_it_is_read_by_and_by)
{
	size_t played = 0;

	for (size_t i = 0; i < hostile_fault_count; i++) {
		if (!hostile_faults[i].bytes)
			continue;
		compare(&hostile_faults[i], 0, 16384);
		compare(&hostile_faults[i], hostile_faults[i].size - 1, 1);
		played++;
	}
	CHECK(played > 100);
}
