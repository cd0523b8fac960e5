/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_program.c - build/collect against servers that do wrong: each item is a record with
 * the code, phase and class that the table of codes promises, as many attempts, an exit status, and
 * an end within the limits.
 */
#include <stdlib.h>
#include <zlib.h>

#include "runtime/base.h"
#include "tests/hostile_lines.h"
#include "tests/peer_upstream.h"

#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

TEST_WITH_LIMIT(every_fault_is_a_record_of_its_own, 60)
{
	static struct line lines[192];

	for (size_t i = 0; i < hostile_fault_count; i++)
		lines[i].fault = hostile_faults[i];
	hostile_run(lines, hostile_fault_count, 20, ARGV("--summary", "none"));
}

/* ---- Answers to what was asked ---------------------------------------------------------------- */

#define PART(range, body) \
	BYTES("HTTP/1.1 206 P\r\nContent-Range: " range "\r\nContent-Length: 2\r\n\r\n" body)
#define UNTIL_END "HTTP/1.1 206 P\r\nContent-Range: bytes 2-3/9\r\n\r\n"
#define IN_CHUNKS \
	"HTTP/1.1 206 P\r\nContent-Range: bytes 2-3/9\r\nTransfer-Encoding: chunked\r\n\r\n"
#define NOT_ASKED .code = "unexpected_206", .phase = "head"

TEST(item_36_a_part_has_to_be_the_part_that_was_asked_for)
{
	const struct line lines[] = {
		{ .fault = { "36 that part", PART("bytes 2-3/9", "hi"), IS(206, "hi") } },
		{ .fault = { "36 of unknown size", PART("bytes 2-3/*", "hi"), IS(206, "hi") } },
		{ .fault = { "36 another part", PART("bytes 3-4/9", "hi"), NOT_ASKED } },
		{ .fault = { "36 more than asked", PART("bytes 2-4/9", "hi"), NOT_ASKED } },
		{ .fault = { "36 of another length", PART("bytes 2-2/9", "hi"), NOT_ASKED } },
		{ .fault = { "36 backwards", PART("bytes 3-2/9", "hi"), NOT_ASKED } },
		{ .fault = { "36 behind the end", PART("bytes 2-3/2", "hi"), NOT_ASKED } },
		{ .fault = { "36 no numbers", PART("bytes two-three/9", "hi"), NOT_ASKED } },
		{ .fault = { "36 larger than any number",
			     PART("bytes 18446744073709551618-18446744073709551619/9", "hi"),
			     NOT_ASKED } },
		{ .fault = { "36 no Content-Range",
			     BYTES("HTTP/1.1 206 P\r\nContent-Length: 2\r\n\r\nhi"), NOT_ASKED } },
		{ .fault = { "36 several parts",
			     BYTES("HTTP/1.1 206 P\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Length: 2\r\n\r\nhi"),
			     NOT_ASKED } },
		{ .fault = { "36 the whole instead", BYTES(HI), IS(200, "hi") } },
		{ .fault = { "36 nothing there",
			     BYTES("HTTP/1.1 416 R\r\nContent-Length: 0\r\n\r\n"),
			     .code = "http_416" } },
		{ .fault = { "36 cut short", CLOSES(UNTIL_END "h"), .code = "body_truncated",
			     .phase = "body" } },
		{ .fault = { "36 nothing of it", CLOSES(UNTIL_END), .code = "body_truncated",
			     .phase = "body" } },
		{ .fault = { "36 all of it", CLOSES(UNTIL_END "hi"), IS(206, "hi") } },
		{ .fault = { "36 more than it", CLOSES(UNTIL_END "hi!"), .code = "unexpected_206",
			     .phase = "body" } },
		{ .fault = { "36 too little in chunks", BYTES(IN_CHUNKS "1\r\nh\r\n0\r\n\r\n"),
			     .code = "body_truncated", .phase = "body" } },
		{ .fault = { "36 too much in chunks", BYTES(IN_CHUNKS "3\r\nhi!\r\n0\r\n\r\n"),
			     .code = "unexpected_206", .phase = "body" } },
		{ .fault = { "36 the right chunks", BYTES(IN_CHUNKS "2\r\nhi\r\n0\r\n\r\n"),
			     IS(206, "hi") } },
	};

	HOSTILE_RUN(lines, 10, "-H", "Range: bytes=2-3");
}

TEST(item_33_a_304_that_was_asked_for_ends_with_its_head)
{
	static const char *const answers[] = {
		"HTTP/1.1 304 N\r\n\r\n",
		"HTTP/1.1 304 N\r\nContent-Length: 5000\r\n\r\n",
		"HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 304 N\r\nContent-Encoding: gzip\r\nContent-Length: 5000\r\n\r\n",
	};
	struct line lines[array_size(answers)] = { 0 };

	for (size_t i = 0; i < array_size(answers); i++)
		lines[i].fault = (struct fault){ .name = answers[i],
						 .bytes = answers[i],
						 .size = strlen(answers[i]),
						 .ending = RAW_VERB_AGAIN,
						 .type = "unchanged",
						 .status = 304 };
	HOSTILE_RUN(lines, 10, "-H", "If-None-Match: \"x\"");
}

/* ---- Timing ---------------------------------------------------------------------------------- */

TEST_WITH_LIMIT(items_1_2_a_head_that_does_not_come_is_header_timeout, 40)
{
	const struct line lines[] = {
		{ .fault = { "1 a slow head",
			     STEPS(RAW_TRICKLE(OK "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
					       0.1)),
			     .code = "header_timeout", .phase = "head" } },
		{ .fault = { "1 a slow status line", STEPS(RAW_TRICKLE(OK, 0.1)),
			     .code = "header_timeout", .phase = "head" } },
		{ .fault = { "2 no answer", STEPS(RAW_WAIT(0)), .code = "header_timeout",
			     .phase = "head" } },
		{ .fault = { "2 nothing is read",
			     .script = (const struct raw_step[]){ RAW_WAIT(100), RAW_END },
			     .code = "header_timeout", .phase = "head" } },
		{ .fault = { "2 only 100", STEPS(RAW_SEND("HTTP/1.1 100 C\r\n\r\n")),
			     .code = "header_timeout", .phase = "head" } },
		{ .fault = { "2 nothing behind a redirect",
			     STEPS(RAW_SEND(
				     "HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")),
			     .code = "header_timeout", .phase = "head" } },
	};

	HOSTILE_RUN(lines, 10, "--first-byte-timeout", "300ms");
	CHECK(collect.seconds >= 0.6);
}

TEST_WITH_LIMIT(a_body_that_stops_is_body_idle_timeout, 40)
{
	const struct line lines[] = {
		{ .fault = { "a body", STEPS(RAW_SEND(OK "Content-Length: 3\r\n\r\nhi")),
			     .code = "body_idle_timeout", .phase = "body" } },
		{ .fault = { "chunks", STEPS(RAW_SEND(CHUNKED "2\r\nhi\r\n")),
			     .code = "body_idle_timeout", .phase = "body" } },
		{ .fault = { "a chunk", STEPS(RAW_SEND(CHUNKED "5\r\nhi")),
			     .code = "body_idle_timeout", .phase = "body" } },
		{ .fault = { "trailers", STEPS(RAW_SEND(CHUNKED "0\r\nX: y\r\n")),
			     .code = "body_idle_timeout", .phase = "body" } },
		{ .fault = { "until the end", STEPS(RAW_SEND(OK "\r\nhi")),
			     .code = "body_idle_timeout", .phase = "body" } },
		{ .fault = { "gzip", STEPS(RAW_SEND(OK "Content-Encoding: gzip\r\n\r\n\x1f\x8b")),
			     .code = "body_idle_timeout", .phase = "body" } },
	};

	HOSTILE_RUN(lines, 10, "--idle-timeout", "300ms");
}

TEST_WITH_LIMIT(item_3_a_body_that_trickles_is_total_timeout, 40)
{
	const struct line lines[] = {
		{ .fault = { "3 a body",
			     STEPS(RAW_SEND(OK "Content-Length: 100\r\n\r\n"),
				   RAW_TRICKLE("0123456789012345678901234567890123456789", 0.1)),
			     .code = "total_timeout", .phase = "body" } },
		{ .fault = { "3 chunks",
			     STEPS(RAW_SEND(CHUNKED),
				   RAW_TRICKLE(
					   "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n",
					   0.1)),
			     .code = "total_timeout", .phase = "body" } },
		{ .fault = { "3 trailers",
			     STEPS(RAW_SEND(CHUNKED "0\r\n"),
				   RAW_TRICKLE("X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", 0.1)),
			     .code = "total_timeout", .phase = "body" } },
		{ .fault = { "3 the body of a redirect",
			     STEPS(RAW_SEND(
					   "HTTP/1.1 302 F\r\nLocation: /x\r\nContent-Length: 99\r\n\r\n"),
				   RAW_TRICKLE("0123456789012345678901234567890123456789", 0.1)),
			     .code = "total_timeout" } },
	};

	HOSTILE_RUN(lines, 10, "-m", "1s");
}

/* ---- Without an end -------------------------------------------------------------------------- */

/* 32 MB of zeroes, encoded. */
static struct fault bomb(void)
{
	size_t size = 32 << 20, room = 64 << 10;
	char *data = calloc(1, size), *out = format("%*s", (int)room, "");
	const char *head;
	z_stream z = { .next_in = (unsigned char *)data, .avail_in = (unsigned)size };

	CHECK_INT(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (unsigned char *)out + 200;
	z.avail_out = (unsigned)room - 200;
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	head = format(OK "Content-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n", z.total_out);
	out += 200 - strlen(head);
	memcpy(out, head, strlen(head));
	deflateEnd(&z);
	free(data);
	return (struct fault){ "37 a bomb",
			       .bytes = out,
			       .size = strlen(head) + z.total_out,
			       .ending = RAW_VERB_HOLD,
			       .code = "body_too_large",
			       .phase = "body" };
}

TEST_WITH_LIMIT(items_4_to_8_and_37_what_never_ends_is_ended_and_takes_no_memory, 60)
{
	const struct line lines[] = {
		{ .fault = { "4 chunks", STEPS(RAW_SEND(CHUNKED), RAW_FLOOD("8\r\n01234567\r\n")),
			     .code = "body_too_large", .phase = "body" } },
		{ .fault = { "4 a body", STEPS(RAW_SEND(OK "\r\n"), RAW_FLOOD("01234567")),
			     .code = "body_too_large", .phase = "body" } },
		{ .fault = { "4 one chunk",
			     STEPS(RAW_SEND(CHUNKED "fffffffffff\r\n"), RAW_FLOOD("01234567")),
			     .code = "body_too_large", .phase = "body" } },
		{ .fault = { "5 chunks of a byte",
			     STEPS(RAW_SEND(CHUNKED), RAW_FLOOD("1\r\nx\r\n")),
			     .code = "body_too_large", .phase = "body" } },
		{ .fault = { "6 a chunk extension",
			     STEPS(RAW_SEND(CHUNKED "2;"), RAW_FLOOD("xxxxxxxx")),
			     .code = "header_overflow", .phase = "body" } },
		{ .fault = { "7 headers", STEPS(RAW_SEND(OK), RAW_FLOOD("X: y\r\n")),
			     .code = "header_overflow", .phase = "head" } },
		{ .fault = { "7 a header", STEPS(RAW_SEND(OK "X: "), RAW_FLOOD("yyyyyyyy")),
			     .code = "header_overflow", .phase = "head" } },
		{ .fault = { "7 a header name", STEPS(RAW_SEND(OK), RAW_FLOOD("yyyyyyyy")),
			     .code = "header_overflow", .phase = "head" } },
		{ .fault = { "7 a reason", STEPS(RAW_SEND("HTTP/1.1 200 "), RAW_FLOOD("yyyyyyyy")),
			     .code = "header_overflow", .phase = "head" } },
		{ .fault = { "7 empty lines", STEPS(RAW_FLOOD("\r\n")), .code = "header_overflow",
			     .phase = "head" } },
		{ .fault = { "8 trailers", STEPS(RAW_SEND(CHUNKED "0\r\n"), RAW_FLOOD("X: y\r\n")),
			     .code = "header_overflow", .phase = "body" } },
		{ .fault = { "29 interim responses", STEPS(RAW_FLOOD("HTTP/1.1 100 C\r\n\r\n")),
			     .code = "too_many_1xx", .phase = "head" } },
		{ .fault = { "4 behind a redirect",
			     STEPS(RAW_SEND("HTTP/1.1 302 F\r\nLocation: /x\r\n\r\n"),
				   RAW_FLOOD("01234567")),
			     .code = "redirect_loop" } },
		{ .fault = bomb() },
	};

	HOSTILE_RUN(lines, 20, "--max-body", "1M");
	if (!UNDER_ASAN && !UNDER_TSAN && collect.max_rss_kib > 64 * 1024)
		FAIL("%ld KiB in memory", collect.max_rss_kib);
}
