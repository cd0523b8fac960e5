/* SPDX-License-Identifier: MIT */
/*
 * test_parser_fails.c - how the parser fails: on what is too large or has no end, with which words,
 * for good, and the same for thousands of broken messages however they are cut.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness.h"
#include "tests/parser_story.h"

/* One parser, fed the same bytes until it has had enough of them. */
static int feed_for_ever(const char *start, const char *again, size_t limit)
{
	struct parser *parser = parser_new();
	size_t used, fed = 0;
	struct json_span piece;
	int rc = PARSER_MORE;

	CHECK(parser);
	parser_begin(parser, &(struct parser_options){ 0 });
	for (const char *at = start; *at && rc >= 0; at += used)
		rc = parser_feed(parser, at, strlen(at), &used, &piece);
	while (rc >= 0 && fed < limit) {
		for (const char *at = again; *at && rc >= 0; at += used, fed += used)
			rc = parser_feed(parser, at, strlen(at), &used, &piece);
	}
	parser_free(parser);
	return rc;
}

TEST(endless_heads_extensions_and_trailers_overflow)
{
	static const size_t limit = 90000;

	CHECK_INT(feed_for_ever(OK, "A: b\r\n", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever(OK "A: ", "bbbbbbbb", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever(OK, "AAAA", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever("HTTP/1.1 200 ", "OK", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever("", "\r\n", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever(CHUNKED "5;", "ext", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever(CHUNKED "0\r\n", "A: b\r\n", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever(CHUNKED "0\r\nA: ", "bb", limit), HTTP_EHEADER_OVERFLOW);
	CHECK_INT(feed_for_ever(CHUNKED, "1\r\nx\r\n", limit), PARSER_MORE);
}

TEST(a_hundred_fields_of_16_kib_are_the_most)
{
	struct parser *parser = parser_new();
	static char text[100000], *at = text;
	struct json_span piece;
	size_t used;

	at += sprintf(at, OK);
	for (int i = 0; i < 100; i++)
		at += sprintf(at, "h%d: v\r\n", i);
	parser_begin(parser, &(struct parser_options){ 0 });
	CHECK_INT(parser_feed(parser, text, at - text, &used, &piece), PARSER_MORE);
	CHECK_INT(parser_feed(parser, BYTES("\r\n"), &used, &piece), PARSER_HEAD);
	CHECK_INT(parser_head(parser)->header_count, 100);
	CHECK_STR(parser_head(parser)->headers[99].name, "h99");
	parser_begin(parser, &(struct parser_options){ 0 });
	CHECK_INT(parser_feed(parser, text, at - text, &used, &piece), PARSER_MORE);
	CHECK_INT(parser_feed(parser, BYTES("one: more\r\n"), &used, &piece),
		  HTTP_EHEADER_OVERFLOW);
	at = text + sprintf(text, OK "a: ");
	memset(at, 'x', 16384);
	parser_begin(parser, &(struct parser_options){ 0 });
	CHECK_INT(parser_feed(parser, text, at - text + 16382, &used, &piece), PARSER_MORE);
	CHECK_INT(parser_feed(parser, BYTES("\r\n\r\n"), &used, &piece), PARSER_HEAD);
	CHECK_INT(strlen(parser_head(parser)->headers[0].value), 16382);
	parser_begin(parser, &(struct parser_options){ 0 });
	CHECK_INT(parser_feed(parser, text, at - text + 16384, &used, &piece),
		  HTTP_EHEADER_OVERFLOW);
	parser_free(parser);
}

TEST(taken_headers_outlive_the_parser)
{
	struct parser *parser = parser_new();
	struct http_header *headers;
	struct json_span piece;
	size_t used, count;

	CHECK_INT(parser_feed(parser, BYTES(OK "A: b\r\nContent-Length: 0\r\n\r\n"), &used, &piece),
		  PARSER_HEAD);
	count = parser_head(parser)->header_count;
	headers = parser_take_headers(parser);
	parser_begin(parser, &(struct parser_options){ 0 });
	parser_free(parser);
	CHECK_INT(count, 2);
	CHECK_STR(headers[0].name, "a");
	CHECK_STR(headers[0].value, "b");
	CHECK_STR(headers[1].value, "0");
	free(headers);
}

TEST(a_broken_head_is_told_by_what_is_wrong_with_it)
{
	static const struct {
		const char *text;
		size_t size;
		const char *why;
		int status;
	} table[] = {
		{ BYTES(OK "A: b\0c\r\n\r\n"), "a byte that is not allowed", 200 },
		{ BYTES(OK "A b\r\n\r\n"), "no colon", 200 },
		{ BYTES(OK "A\x01: b\r\n\r\n"), "a byte that is not allowed", 200 },
		{ BYTES(OK "Ab\r\n\r\n"), "no colon", 200 },
		{ BYTES(OK ": b\r\n\r\n"), "no name", 200 },
		{ BYTES(OK "A: b\rc\r\n\r\n"), "not followed by LF", 200 },
		{ BYTES("SSH-2.0-x\r\n"), "not HTTP/1.x", 0 },
	};
	struct parser *parser = parser_new();
	struct json_span piece;
	size_t used;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		parser_begin(parser, &(struct parser_options){ 0 });
		CHECK_INT(parser_feed(parser, table[i].text, table[i].size, &used, &piece),
			  HTTP_EPARSE);
		CHECK_CONTAINS(parser_why(parser), table[i].why);
		CHECK_INT(parser_head(parser)->status, table[i].status);
	}
	parser_free(parser);
}

TEST(a_failure_stays_until_the_next_message)
{
	struct parser *parser = parser_new();
	struct json_span piece;
	size_t used;

	CHECK_INT(parser_feed(parser, BYTES("SSH"), &used, &piece), HTTP_EPARSE);
	CHECK_STR(parser_why(parser), "not HTTP/1.x");
	CHECK_INT(parser_feed(parser, BYTES(OK), &used, &piece), HTTP_EPARSE);
	CHECK_INT(used, 0);
	CHECK_INT(parser_finish(parser), HTTP_EPARSE);
	parser_begin(parser, &(struct parser_options){ 0 });
	CHECK_INT(parser_feed(parser, BYTES(OK "Content-Length: 0\r\n\r\n"), &used, &piece),
		  PARSER_HEAD);
	CHECK_INT(parser_finish(parser), HTTP_EBODY_TRUNCATED);
	parser_free(parser);
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Changes, drops or doubles one byte, or a few. */
static size_t mutate(char *text, size_t size, unsigned *state)
{
	static const char bytes[] = "\r\n\r\n \t:;,0159afAFHTP/.x\0\x80\x7f-+";

	for (unsigned n = 1 + next_random(state) % 3; n > 0; n--) {
		size_t at = next_random(state) % size;

		switch (next_random(state) % 3) {
		case 0:
			text[at] = bytes[next_random(state) % (sizeof(bytes) - 1)];
			break;
		case 1:
			memmove(text + at, text + at + 1, size - at - 1);
			size--;
			break;
		default:
			memmove(text + at + 1, text + at, size - at);
			size++;
		}
	}
	return size;
}

/* Which of two objections comes first may depend on the cuts; that there is one may not. */
TEST(thousands_of_broken_messages_are_told_the_same_however_they_are_cut)
{
	static const char *const seeds[] = {
		OK "Content-Length: 5\r\nX: y\r\n\r\nhello",
		CHUNKED "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n",
		"HTTP/1.1 100 C\r\n\r\nHTTP/1.0 200\nConnection: keep-alive\n\nbody",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
	};
	struct parser *parser = parser_new();
	unsigned state = 7, refused = 0, rounds = UNDER_ASAN || under_valgrind() ? 1000 : 10000;

	for (unsigned round = 0; round < rounds; round++) {
		const char *seed = seeds[round % 4];
		char text[256];
		struct message message = { .bytes = text,
					   .options = { .request = round % 4 == 3 } };
		struct story whole, cut;

		strcpy(text, seed);
		message.size = mutate(text, strlen(seed), &state);
		story_of(&whole, parser, &message, message.size, 1);
		refused += whole.text[0] == 'E';
		for (size_t step = 1; step < 8; step++) {
			story_of(&cut, parser, &message, next_random(&state) % step, step);
			if (whole.text[0] == 'E' ? cut.text[0] != 'E'
						 : strcmp(whole.text, cut.text) != 0)
				FAIL("round %u, %zu: %.*s\nwhole %s\ncut   %s", round, step,
				     (int)message.size, text, whole.text, cut.text);
		}
	}
	CHECK(refused > rounds / 4 && refused < rounds);
	parser_free(parser);
}

static void parse_with_failures(void)
{
	static const char text[] = OK "A: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
	struct parser *parser = parser_new();
	struct json_span piece;
	size_t at = 0, used;
	int rc = 0;

	if (!parser)
		return;
	for (; at < sizeof(text) - 1 && rc >= 0 && rc != PARSER_DONE; at += used)
		rc = parser_feed(parser, text + at, sizeof(text) - 1 - at, &used, &piece);
	CHECK(rc == PARSER_DONE || rc == ASYNC_ENOMEM);
	parser_free(parser);
}

TEST(running_out_of_memory_is_an_error_code)
{
	for_each_failing_allocation(parse_with_failures);
}
