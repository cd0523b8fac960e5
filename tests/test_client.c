/* SPDX-License-Identifier: MIT */
/*
 * test_client.c - what servers do, byte for byte, and what the client makes of it.
 *
 * Most tests are tables. Each response is sent whole, then again cut in two at every byte; the
 * result has to be the same, and so has the fate of the connection.
 */
#include <stdlib.h>
#include <zlib.h>

#include "http/decode.h"
#include "runtime/base.h"
#include "tests/raw_client.h"

enum fate { DROPPED = 0, KEPT = 1 };

struct fixture {
	const char *bytes;
	size_t size;
	enum raw_verb ending; /* 0: the server waits for the next request */
	int rc, status;
	const char *body;
	enum fate fate;
	bool whole; /* what follows the response must come with it: no cuts */
	const char *method;
	const char *asked; /* a request header */
};
#define BYTES(text) .bytes = (text), .size = sizeof(text) - 1
#define CLOSES .ending = RAW_VERB_END
#define RESETS .ending = RAW_VERB_RESET
#define STAYS .ending = RAW_VERB_AGAIN

static void ask_for(const struct fixture *fixture, size_t cut)
{
	bool part = fixture->asked && strcmp(fixture->asked, "Range") == 0;
	struct http_header asked = { fixture->asked, part ? "bytes=0-1" : "x" };
	struct http_options options = {
		.method = fixture->method,
		.headers = &asked,
		.header_count = fixture->asked != NULL,
	};
	int rc;

	server.cut = cut;
	rc = ask("/", &options);
	if (rc != fixture->rc)
		FAIL("cut at %zu: %s is %s, not %s", cut, fixture->bytes, async_errname(rc),
		     async_errname(fixture->rc));
	if (rc < 0)
		return;
	CHECK_INT(answer->status, fixture->status);
	CHECK_MEM(answer->body.ptr, answer->body.len, fixture->body, strlen(fixture->body));
	CHECK_INT(answer->body.ptr[answer->body.len], 0);
}

static void check(const struct fixture *fixture)
{
	const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND_BYTES(fixture->bytes, fixture->size),
		{ .verb = fixture->ending },
	};
	size_t cuts = fixture->whole || fixture->size == 0 ? 1 : fixture->size;

	serve(script);
	for (size_t cut = 0; cut < cuts; cut++)
		ask_for(fixture, cut);
	/* One more shows what became of the last connection. */
	if (fixture->whole)
		ask_for(fixture, 0);
	cuts += fixture->whole;
	CHECK_INT(server.accepted, fixture->fate == KEPT ? 1 : (int)cuts);
	client_test_end();
}

/* PROPERTY(name, { fixture }, { fixture }...) */
#define PROPERTY(name, ...)                                               \
	CLIENT_TEST(name)                                                 \
	{                                                                 \
		static const struct fixture fixtures[] = { __VA_ARGS__ }; \
		for (size_t i = 0; i < array_size(fixtures); i++)         \
			check(&fixtures[i]);                              \
	}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

/* ---- What is right --------------------------------------------------------------------------- */

PROPERTY(a_body_of_known_length_keeps_the_connection, { BYTES(HI), STAYS, 0, 200, "hi", KEPT },
	 { BYTES(OK "Content-Length: 0\r\n\r\n"), STAYS, 0, 200, "", KEPT },
	 { BYTES("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nhi"), STAYS, 0, 404, "hi",
	   KEPT },
	 { BYTES("HTTP/1.1 500\r\nContent-Length: 2\r\n\r\nhi"), STAYS, 0, 500, "hi", KEPT })

PROPERTY(a_chunked_body_keeps_the_connection_trailers_included,
	 { BYTES(CHUNKED "2\r\nhi\r\n0\r\n\r\n"), STAYS, 0, 200, "hi", KEPT },
	 { BYTES(CHUNKED "1;x=y\r\nh\r\n01\r\ni\r\n0\r\nStatus: 500\r\n\r\n"), STAYS, 0, 200, "hi",
	   KEPT })

PROPERTY(without_a_length_the_end_of_the_stream_is_the_end_of_the_body,
	 { BYTES(OK "\r\nhi"), CLOSES, 0, 200, "hi", DROPPED },
	 { BYTES(OK "\r\n"), CLOSES, 0, 200, "", DROPPED })

PROPERTY(http_1_0_and_connection_close_end_the_connection,
	 { BYTES("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), STAYS, 0, 200, "hi", DROPPED },
	 { BYTES("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"), STAYS,
	   0, 200, "hi", KEPT },
	 { BYTES(OK "Connection: close\r\nContent-Length: 2\r\n\r\nhi"), STAYS, 0, 200, "hi",
	   DROPPED })

/* ---- Framing --------------------------------------------------------------------------------- */

PROPERTY(item_9_a_bad_chunk_size_is_http_parse, { BYTES(CHUNKED "ZZ\r\nhi"), STAYS, HTTP_EPARSE },
	 { BYTES(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES(CHUNKED "\r\nhello\r\n0\r\n\r\n"), STAYS, HTTP_EPARSE })

PROPERTY(item_10_a_chunk_size_overflow_is_http_parse,
	 { BYTES(CHUNKED "FFFFFFFFFFFFFFFFF\r\nhi"), STAYS, HTTP_EPARSE },
	 { BYTES(CHUNKED "FFFFFFFFFFFFFFFF\r\nhi"), STAYS, HTTP_EPARSE })

PROPERTY(item_11_chunks_without_the_last_one_are_body_truncated,
	 { BYTES(CHUNKED "2\r\nhi\r\n"), CLOSES, HTTP_EBODY_TRUNCATED },
	 { BYTES(CHUNKED "9\r\nhi"), CLOSES, HTTP_EBODY_TRUNCATED },
	 { BYTES(CHUNKED "2\r\nhi\r\n0\r\n"), CLOSES, HTTP_EBODY_TRUNCATED })

PROPERTY(item_12_chunk_data_not_followed_by_crlf_is_http_parse,
	 { BYTES(CHUNKED "2\r\nhiXX0\r\n\r\n"), STAYS, HTTP_EPARSE })

PROPERTY(item_13_an_end_before_the_announced_length_is_body_truncated,
	 { BYTES(OK "Content-Length: 3\r\n\r\nhi"), CLOSES, HTTP_EBODY_TRUNCATED },
	 { BYTES(OK "Content-Length: 3\r\n\r\n"), CLOSES, HTTP_EBODY_TRUNCATED })

PROPERTY(items_14_15_surplus_bytes_cost_the_connection_and_nothing_else,
	 { BYTES(HI "!"), STAYS, 0, 200, "hi", DROPPED, .whole = true },
	 { BYTES(HI HI), STAYS, 0, 200, "hi", DROPPED, .whole = true },
	 { BYTES(CHUNKED "2\r\nhi\r\n0\r\n\r\njunk"), STAYS, 0, 200, "hi", DROPPED, .whole = true })

PROPERTY(items_17_18_content_lengths_that_are_no_one_number_are_framing_conflict,
	 { BYTES(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Content-Length: 5, 5\r\n\r\nhello"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Content-Length: +5\r\n\r\nhello"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Content-Length: -5\r\n\r\nhello"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Content-Length: \r\n\r\nhello"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Content-Length: 18446744073709551616\r\n\r\nhello"), STAYS, HTTP_EFRAMING })

PROPERTY(items_19_20_transfer_encoding_must_be_one_chunked_and_alone,
	 { BYTES(OK "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"), STAYS,
	   HTTP_EFRAMING },
	 { BYTES(OK "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), STAYS, HTTP_EFRAMING },
	 { BYTES(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), STAYS,
	   HTTP_EFRAMING })

/* ---- Heads ----------------------------------------------------------------------------------- */

PROPERTY(items_21_22_ambiguous_header_lines_are_http_parse,
	 { BYTES(OK "Content-Length : 2\r\n\r\nhi"), STAYS, HTTP_EPARSE },
	 { BYTES(OK " X: y\r\nContent-Length: 2\r\n\r\nhi"), STAYS, HTTP_EPARSE },
	 { BYTES(OK "X: a\rb\r\nContent-Length: 2\r\n\r\nhi"), STAYS, HTTP_EPARSE },
	 { BYTES(OK "X: a\0b\r\nContent-Length: 2\r\n\r\nhi"), STAYS, HTTP_EPARSE })

PROPERTY(item_21_a_bare_line_feed_is_tolerated,
	 { BYTES("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"), STAYS, 0, 200, "hi", KEPT })

PROPERTY(items_23_24_what_is_not_http_1_is_http_parse,
	 { BYTES("HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("SSH-2.0-OpenSSH_9.2p1\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("ICY 200 OK\r\n\r\n"), STAYS, HTTP_EPARSE },
	 { BYTES("<html>hello</html>"), STAYS, HTTP_EPARSE })

PROPERTY(item_25_eof_in_headers_is_conn_closed_early,
	 { BYTES(OK "Content-Length: 2\r\n"), CLOSES, HTTP_ECLOSED_EARLY },
	 { BYTES("HTT"), CLOSES, HTTP_ECLOSED_EARLY })

PROPERTY(item_26_an_empty_reply_on_a_fresh_connection_is_conn_closed_early,
	 { BYTES(""), CLOSES, HTTP_ECLOSED_EARLY })

PROPERTY(item_28_a_reset_is_conn_reset,
	 { BYTES(OK "Content-Length: 5\r\n\r\nhi"), RESETS, -ECONNRESET },
	 { BYTES("HTTP/1.1 2"), RESETS, -ECONNRESET }, { BYTES(""), RESETS, -ECONNRESET })

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define FOUR CONTINUE CONTINUE CONTINUE CONTINUE
PROPERTY(items_29_30_interim_responses_are_skipped,
	 { BYTES(CONTINUE HI), STAYS, 0, 200, "hi", KEPT },
	 { BYTES("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" HI), STAYS, 0, 200, "hi", KEPT },
	 { BYTES("HTTP/1.1 102 P\r\nContent-Length: 9\r\n\r\n" HI), STAYS, 0, 200, "hi", KEPT },
	 { BYTES(FOUR FOUR HI), STAYS, 0, 200, "hi", KEPT, .whole = true },
	 { BYTES(FOUR FOUR CONTINUE HI), STAYS, HTTP_ETOO_MANY_1XX, .whole = true })

PROPERTY(item_31_an_unasked_upgrade_is_http_parse,
	 { BYTES("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), STAYS,
	   HTTP_EPARSE })

PROPERTY(items_32_35_responses_that_have_no_body_end_with_their_head,
	 { BYTES("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"), STAYS, 0, 204, "", DROPPED },
	 { BYTES("HTTP/1.1 204 No\r\n\r\n"), STAYS, 0, 204, "", KEPT },
	 { BYTES("HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"), STAYS, 0, 205, "", KEPT },
	 { BYTES(OK "Content-Length: 5000\r\n\r\n"), STAYS, 0, 200, "", KEPT, .method = "HEAD" },
	 { BYTES(OK "Transfer-Encoding: chunked\r\n\r\n"), STAYS, 0, 200, "", KEPT,
	   .method = "HEAD" },
	 { BYTES("HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n"), STAYS, 0, 304, "",
	   KEPT, .asked = "If-None-Match" })

PROPERTY(items_34_36_answers_to_questions_not_asked_are_errors,
	 { BYTES("HTTP/1.1 304 Not Modified\r\n\r\n"), STAYS, HTTP_EUNEXPECTED_304 },
	 { BYTES("HTTP/1.1 206 P\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/9\r\n\r\nhi"),
	   STAYS, HTTP_EUNEXPECTED_206 },
	 { BYTES("HTTP/1.1 206 P\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/9\r\n\r\nhi"),
	   STAYS, 0, 206, "hi", KEPT, .asked = "range" })

#define PART "HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/9\r\n"
PROPERTY(item_36_a_part_is_as_long_as_its_content_range_says,
	 { BYTES(PART "\r\nhi"), CLOSES, 0, 206, "hi", DROPPED, .asked = "Range" },
	 { BYTES(PART "\r\nh"), CLOSES, HTTP_EBODY_TRUNCATED, .asked = "Range" },
	 { BYTES(PART "\r\n"), CLOSES, HTTP_EBODY_TRUNCATED, .asked = "Range" },
	 { BYTES(PART "\r\nhi!"), CLOSES, HTTP_EUNEXPECTED_206, .asked = "Range" },
	 { BYTES(PART "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), STAYS, 0, 206,
	   "hi", KEPT, .asked = "Range" },
	 { BYTES(PART "Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n0\r\n\r\n"), STAYS,
	   HTTP_EBODY_TRUNCATED, .asked = "Range" })

/* "hello" by gzip: its head, its data, its checksum and length. */
#define GZIP_HELLO                     \
	"\x1f\x8b\x08\0\0\0\0\0\0\x03" \
	"\xcb\x48\xcd\xc9\xc9\x07\0"   \
	"\x86\xa6\x10\x36"             \
	"\5\0\0\0"
#define ENCODED(coding, length) \
	OK "Content-Encoding: " coding "\r\nContent-Length: " length "\r\n\r\n"

PROPERTY(item_38_an_encoding_without_its_end_is_decode_truncated,
	 { BYTES(ENCODED("gzip", "3") "\x1f\x8b\x08"), STAYS, HTTP_EDECODE_TRUNCATED },
	 { BYTES(ENCODED("gzip", "17") "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0"),
	   STAYS, HTTP_EDECODE_TRUNCATED },
	 { BYTES(OK "Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08"), CLOSES, HTTP_EDECODE_TRUNCATED })

PROPERTY(item_39_a_wrong_checksum_is_decode_error,
	 { BYTES(ENCODED("gzip", "25") "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0"
				       "\x87\xa6\x10\x36\5\0\0\0"),
	   STAYS, HTTP_EDECODE },
	 { BYTES(ENCODED("gzip", "25") "\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0"
				       "\x86\xa6\x10\x36\6\0\0\0"),
	   STAYS, HTTP_EDECODE })

PROPERTY(item_40_what_is_not_encoded_as_it_says_is_decode_error,
	 { BYTES(ENCODED("gzip", "2") "hi"), STAYS, HTTP_EDECODE },
	 { BYTES(ENCODED("snappy", "2") "hi"), STAYS, HTTP_EDECODE },
	 { BYTES(ENCODED("gzip, gzip, gzip", "2") "hi"), STAYS, HTTP_EDECODE },
	 { BYTES(ENCODED("snappy", "2") "hi"), STAYS, HTTP_EDECODE, .asked = "Accept-Encoding" },
	 { BYTES(ENCODED("Identity", "2") "hi"), STAYS, 0, 200, "hi", KEPT },
	 { BYTES(ENCODED("gzip", "9")), STAYS, 0, 200, "", KEPT, .method = "HEAD" },
	 { BYTES(ENCODED("gzip", "0")), STAYS, 0, 200, "", KEPT })

PROPERTY(items_41_42_an_encoded_body_is_the_text_and_keeps_the_connection,
	 { BYTES(ENCODED("gzip", "25") GZIP_HELLO), STAYS, 0, 200, "hello", KEPT },
	 { BYTES(ENCODED("gzip", "50") GZIP_HELLO GZIP_HELLO), STAYS, 0, 200, "hellohello", KEPT },
	 { BYTES(ENCODED("gzip", "27") GZIP_HELLO "\0\0"), STAYS, 0, 200, "hello", KEPT },
	 { BYTES(ENCODED("gzip", "27") GZIP_HELLO "hi"), STAYS, HTTP_EDECODE },
	 { BYTES(ENCODED("deflate", "13") "\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15"),
	   STAYS, 0, 200, "hello", KEPT },
	 { BYTES(ENCODED("deflate", "7") "\xcb\x48\xcd\xc9\xc9\x07\0"), STAYS, 0, 200, "hello",
	   KEPT },
	 { BYTES(OK "Content-Encoding: x-gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "19\r\n" GZIP_HELLO "\r\n0\r\n\r\n"),
	   STAYS, 0, 200, "hello", KEPT },
	 { BYTES(OK "Content-Encoding: gzip\r\n\r\n" GZIP_HELLO), CLOSES, 0, 200, "hello",
	   DROPPED })

/* ---- Things without an end ------------------------------------------------------------------- */

static void check_flood(const struct raw_step *script, int rc)
{
	struct http_options options = { .max_body = 256 * 1024 };

	serve(script);
	CHECK_INT(ask("/", &options), rc);
	CHECK(failure.body_bytes <= options.max_body + 65536);
	/* Nothing waits for the rest of it. */
	while (server.open > 0)
		async_sleep(0);
	client_test_end();
}

CLIENT_TEST(items_4_5_a_body_that_never_ends_is_too_large)
{
	static const struct raw_step chunks[] = { RAW_REQUEST, RAW_SEND(CHUNKED),
						  RAW_FLOOD("8\r\n01234567\r\n"), RAW_END };
	static const struct raw_step bytes[] = { RAW_REQUEST, RAW_SEND(CHUNKED),
						 RAW_FLOOD("1\r\nx\r\n"), RAW_END };
	static const struct raw_step endless[] = { RAW_REQUEST, RAW_SEND(OK "\r\n"),
						   RAW_FLOOD("01234567"), RAW_END };
	static const struct raw_step announced[] = {
		RAW_REQUEST, RAW_SEND(OK "Content-Length: 1000000000000\r\n\r\n"), RAW_HOLD, RAW_END
	};

	check_flood(chunks, HTTP_EBODY_TOO_LARGE);
	check_flood(bytes, HTTP_EBODY_TOO_LARGE);
	check_flood(endless, HTTP_EBODY_TOO_LARGE);
	check_flood(announced, HTTP_EBODY_TOO_LARGE);
}

/* 8 MB of zeroes, encoded once, are 8 kB. */
static size_t make_bomb(char *out, size_t room, int layers)
{
	size_t size = 8 << 20;
	char *data = calloc(1, size);

	for (; layers > 0; layers--) {
		z_stream z = { .next_in = (unsigned char *)data, .avail_in = (unsigned)size };

		CHECK_INT(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
		z.next_out = (unsigned char *)out;
		z.avail_out = (unsigned)room;
		CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
		size = z.total_out;
		memcpy(data, out, size);
		deflateEnd(&z);
	}
	free(data);
	return size;
}

static ptrdiff_t held, most_held;

static int hold(void *arg, ptrdiff_t change)
{
	(void)arg;
	held += change;
	most_held = held > most_held ? held : most_held;
	return 0;
}

CLIENT_TEST(item_37_a_bomb_is_too_large_and_never_in_memory)
{
	static char bomb[64 * 1024];
	struct http_options options = { .max_body = 256 * 1024, .on_memory = hold };

	for (int layers = 1; layers <= 2; layers++) {
		size_t size = make_bomb(bomb, sizeof(bomb), layers);
		const char *head = format(OK "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
					  layers == 1 ? "gzip" : "gzip, gzip", size);
		const struct raw_step script[] = { RAW_REQUEST, RAW_SEND_BYTES(head, strlen(head)),
						   RAW_SEND_BYTES(bomb, size), RAW_END };

		serve(script);
		CHECK_INT(ask("/", &options), HTTP_EBODY_TOO_LARGE);
		CHECK_STR(async_raised(HTTP_EBODY_TOO_LARGE)->message,
			  "the body has, decoded, more than 262144 bytes");
		CHECK(most_held <= 2 * (256 * 1024 + 1));
		CHECK_INT(held, 0);
		client_test_end();
	}
}

CLIENT_TEST(keep_encoding_delivers_what_was_sent_and_asks_for_nothing)
{
	static const struct raw_step script[] = { RAW_REQUEST,
						  RAW_SEND(ENCODED("gzip", "25") GZIP_HELLO),
						  RAW_END };
	struct http_options options = { .keep_encoding = true };

	serve(script);
	CHECK_INT(ask("/", &options), 0);
	CHECK_MEM(answer->body.ptr, answer->body.len, GZIP_HELLO, 25);
	client_test_end();
}

CLIENT_TEST(items_6_7_8_a_head_chunk_extension_or_trailer_without_end_is_header_overflow)
{
	static const struct raw_step extension[] = { RAW_REQUEST, RAW_SEND(CHUNKED "2;"),
						     RAW_FLOOD("xxxxxxxx"), RAW_END };
	static const struct raw_step fields[] = { RAW_REQUEST, RAW_SEND(OK), RAW_FLOOD("X: y\r\n"),
						  RAW_END };
	static const struct raw_step field[] = { RAW_REQUEST, RAW_SEND(OK "X: "),
						 RAW_FLOOD("yyyyyyyy"), RAW_END };
	static const struct raw_step trailers[] = { RAW_REQUEST, RAW_SEND(CHUNKED "0\r\n"),
						    RAW_FLOOD("X: y\r\n"), RAW_END };

	check_flood(extension, HTTP_EHEADER_OVERFLOW);
	check_flood(fields, HTTP_EHEADER_OVERFLOW);
	check_flood(field, HTTP_EHEADER_OVERFLOW);
	check_flood(trailers, HTTP_EHEADER_OVERFLOW);
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

static char large[300 * 1024];

static const struct raw_step *serve_large(const char *head)
{
	static struct raw_step script[4];

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)('a' + i % 23);
	script[0] = (struct raw_step)RAW_REQUEST;
	script[1] = (struct raw_step)RAW_SEND_BYTES(head, strlen(head));
	script[2] = (struct raw_step)RAW_SEND_BYTES(large, sizeof(large));
	script[3].verb = strstr(head, "Length") ? RAW_VERB_AGAIN : RAW_VERB_END;
	return script;
}

struct memory {
	ptrdiff_t held, peak;
	int changes;
};

static int remember(void *arg, ptrdiff_t change)
{
	struct memory *memory = arg;

	memory->held += change;
	memory->changes++;
	if (memory->held > memory->peak)
		memory->peak = memory->held;
	return async_sleep(0);
}

CLIENT_TEST(a_large_body_arrives_whole_and_its_memory_is_accounted_for)
{
	struct memory memory = { 0 };
	struct http_options options = { .on_memory = remember, .on_memory_arg = &memory };

	serve(serve_large(OK "Content-Length: 307200\r\n\r\n"));
	CHECK_INT(ask("/", &options), 0);
	CHECK_MEM(answer->body.ptr, answer->body.len, large, sizeof(large));
	CHECK_INT(answer->body.ptr[answer->body.len], 0);
	CHECK_INT(memory.held, sizeof(large) + 1);
	CHECK_INT(memory.peak, sizeof(large) + 1);
	CHECK_INT(answer->wire_bytes, sizeof(large));
	client_test_end();

	memory = (struct memory){ 0 };
	serve(serve_large(OK "\r\n"));
	CHECK_INT(ask("/", &options), 0);
	CHECK_MEM(answer->body.ptr, answer->body.len, large, sizeof(large));
	CHECK(memory.held >= (ptrdiff_t)sizeof(large) &&
	      memory.held <= 2 * (ptrdiff_t)sizeof(large));
	client_test_end();

	memory = (struct memory){ 0 };
	options.max_body = sizeof(large) - 1;
	serve(serve_large(OK "\r\n"));
	CHECK_INT(ask("/", &options), HTTP_EBODY_TOO_LARGE);
	CHECK_INT(memory.held, 0);
}

CLIENT_TEST(an_announced_length_is_asked_for_in_one_step_and_given_back)
{
	static const struct raw_step boast[] = { RAW_REQUEST,
						 RAW_SEND(OK "Content-Length: 60000000\r\n\r\nhi"),
						 RAW_END };
	struct memory memory = { 0 };
	struct http_options options = { .on_memory = remember, .on_memory_arg = &memory };

	serve(boast);
	CHECK_INT(ask("/", &options), HTTP_EBODY_TRUNCATED);
	CHECK_INT(memory.peak, 60000001);
	CHECK_INT(memory.changes, 2);
	CHECK_INT(memory.held, 0);
}

struct sink {
	size_t size;
	int pieces, stop_at;
};

static int swallow(void *arg, const void *data, size_t size)
{
	struct sink *sink = arg;

	CHECK(memcmp(data, large + sink->size, size) == 0);
	sink->size += size;
	if (++sink->pieces == sink->stop_at)
		return -EIO;
	return async_sleep(0);
}

CLIENT_TEST(a_streamed_body_is_not_kept_and_its_reader_may_stop_it)
{
	struct memory memory = { 0 };
	struct sink sink = { 0 };
	struct http_options options = { .on_body = swallow,
					.on_body_arg = &sink,
					.on_memory = remember,
					.on_memory_arg = &memory };

	serve(serve_large(OK "Content-Length: 307200\r\n\r\n"));
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(sink.size, sizeof(large));
	CHECK_INT(answer->body.len, 0);
	CHECK_INT(answer->wire_bytes, sizeof(large));
	CHECK_INT(memory.peak, 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 1);

	sink = (struct sink){ .stop_at = 2 };
	CHECK_INT(ask("/", &options), -EIO);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 2);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

CLIENT_TEST(a_request_has_the_head_that_servers_expect)
{
	struct http_header headers[] = { { "X-One", "1" }, { "accept", "text/plain" } };

	serve(hello);
	CHECK_INT(ask("/a/../b?c=d#e", NULL), 0);
	CHECK_STR(server.requests[0].text,
		  format("GET /b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n"
			 "Accept-Encoding: %s\r\nUser-Agent: loophound/0.1\r\n\r\n",
			 server.port, decode_accepted()));
	CHECK_INT(ask("/", &(struct http_options){ .method = "POST" }), 0);
	CHECK_CONTAINS(server.requests[1].text, "\r\nContent-Length: 0\r\n");
	CHECK_INT(ask("/", &(struct http_options){ .headers = headers, .header_count = 2 }), 0);
	CHECK_CONTAINS(server.requests[2].text, "\r\nX-One: 1\r\n");
	CHECK_CONTAINS(server.requests[2].text, "\r\naccept: text/plain\r\n");
	CHECK(!strstr(server.requests[2].text, "*/*"));
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(request_bodies_of_any_size_arrive_after_their_head)
{
	struct http_options options = { .method = "PUT", .body = large };

	serve(hello);
	memset(large, 'x', sizeof(large));
	for (size_t size = 1; size < 200 * 1024; size *= 5) {
		const char *end;

		options.body_size = size;
		CHECK_INT(ask("/", &options), 0);
		end = strstr(server.requests[server.request_count - 1].text, "\r\n\r\n");
		CHECK_INT(strlen(end + 4), size);
	}
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(what_cannot_be_sent_is_refused_before_anything_is_connected)
{
	static const struct {
		const char *url, *method;
		struct http_header header;
		int rc;
	} table[] = {
		{ "/", "GE T", { "A", "b" }, HTTP_EREQUEST },
		{ "/", "", { "A", "b" }, HTTP_EREQUEST },
		{ "/", "G\r\nX: y", { "A", "b" }, HTTP_EREQUEST },
		{ "/", "GET", { "A b", "c" }, HTTP_EREQUEST },
		{ "/", "GET", { "", "c" }, HTTP_EREQUEST },
		{ "/", "GET", { "A", "b\r\nX: y" }, HTTP_EREQUEST },
		{ "ftp://127.0.0.1/", "GET", { "A", "b" }, HTTP_EURL },
		{ "http://127.0.0.1:65536/", "GET", { "A", "b" }, HTTP_EURL },
		{ "http:///x", "GET", { "A", "b" }, HTTP_EURL },
		{ "http://a\r\nb/", "GET", { "A", "b" }, HTTP_EURL },
		{ "http://2130706433/", "GET", { "A", "b" }, HTTP_EURL },
	};

	serve(hello);
	for (size_t i = 0; i < array_size(table); i++) {
		struct http_options options = { .method = table[i].method,
						.headers = &table[i].header,
						.header_count = 1 };
		int rc = ask(table[i].url, &options);

		if (rc != table[i].rc)
			FAIL("%s %s: %s", table[i].method, table[i].url, async_errname(rc));
		CHECK_STR(failure.phase, "url");
	}
	CHECK_INT(server.accepted, 0);
}

CLIENT_TEST_VIRTUAL(an_answer_that_comes_before_the_body_was_taken_is_delivered)
{
	static const struct raw_step refuse[] = {
		RAW_SEND("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"), RAW_WAIT(1),
		RAW_RESET
	};
	struct http_options options = { .method = "POST", .body_size = 20 << 20 };
	char *body = calloc(1, options.body_size);

	CHECK(body != NULL);
	options.body = body;
	serve(refuse);
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(answer->status, 413);
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(server.accepted, 2);
	free(body);
}

/* ---- Records --------------------------------------------------------------------------------- */

static int64_t sum(const struct http_timing *timing)
{
	return timing->queue + timing->dns + timing->connect + timing->tls + timing->send +
	       timing->first_byte + timing->body;
}

CLIENT_TEST_VIRTUAL(the_phases_of_a_request_add_up_to_its_time)
{
	static const struct raw_step slow[] = {
		RAW_REQUEST,	RAW_WAIT(0.02),		  RAW_SEND(OK "Content-Length: 4\r\n\r\nh"),
		RAW_WAIT(0.01), RAW_TRICKLE("ohi", 0.01), RAW_AGAIN
	};
	int64_t start, whole;

	serve(slow);
	for (int i = 0; i < 2; i++) {
		start = async_time_ns();
		CHECK_INT(ask("/", NULL), 0);
		whole = async_time_ns() - start;
		CHECK_INT(sum(&answer->timing), whole);
		CHECK_NEAR((double)answer->timing.first_byte, 20e6, 1e5);
		CHECK_NEAR((double)answer->timing.body, 30e6, 1e5);
		CHECK_INT(answer->reused, i == 1);
		CHECK_INT(answer->connection, 1);
		CHECK_STR(answer->peer, format("127.0.0.1:%d", server.port));
		CHECK_STR(answer->url, server.url);
		CHECK_STR(answer->tls, NULL);
	}
}

CLIENT_TEST(a_failure_says_how_far_it_came)
{
	static const struct raw_step cut[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 203 X\r\nContent-Length: 5\r\n\r\nhi"), RAW_END
	};

	serve(cut);
	CHECK_INT(ask("/", NULL), HTTP_EBODY_TRUNCATED);
	CHECK_STR(failure.phase, "body");
	CHECK_INT(failure.status, 203);
	CHECK_INT(failure.body_bytes, 2);
	CHECK_INT(failure.content_length, 5);
	CHECK_STR(failure.peer, format("127.0.0.1:%d", server.port));
	CHECK(sum(&failure.timing) > 0 && failure.timing.connect > 0);
}

static int fail_to_get(void *arg)
{
	struct http_response *response;

	return async_http_get(session, arg, NULL, &response);
}

CLIENT_TEST(the_message_of_a_failure_names_the_peer_and_the_reason)
{
	static const struct raw_step cut[] = { RAW_REQUEST,
					       RAW_SEND(OK "Content-Length: 5\r\n\r\nhi"),
					       RAW_END };
	struct async_task *task;

	serve(cut);
	session = http_session_new(NULL);
	task = async_create_task(fail_to_get, server.url);
	CHECK_INT(async_await(task), HTTP_EBODY_TRUNCATED);
	CHECK_STR(async_task_error(task)->message,
		  format("127.0.0.1:%d closed the connection after 2 of 5 bytes of the body",
			 server.port));
	CHECK_INT(async_task_error(task)->code, HTTP_EBODY_TRUNCATED);
	async_task_release(task);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static int close_session(void *arg)
{
	(void)arg;
	return http_session_close(session);
}

CLIENT_TEST(closing_a_session_ends_its_requests_wherever_they_wait)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
	static const struct raw_step trickle[] = { RAW_REQUEST,
						   RAW_SEND(OK "Content-Length: 5\r\n\r\nhi"),
						   RAW_HOLD, RAW_END };
	struct asking asking[3] = { 0 };
	struct async_task *task;

	session = http_session_new(&(struct http_session_options){ .limit = 2 });
	serve(silent, trickle);
	for (int i = 0; i < 3; i++)
		ask_later(&asking[i], "/");
	while (server.request_count < 2)
		async_sleep(0);
	raw_settle();
	task = async_create_task(close_session, NULL);
	async_sleep(0);
	/* Under way, the session takes nothing new. */
	CHECK_INT(ask("/", NULL), HTTP_ESESSION_CLOSED);
	CHECK_INT(async_await(task), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask_join(&asking[i]), HTTP_ESESSION_CLOSED);
		CHECK_STR(async_task_error(asking[i].task)->message, "Session is closed.");
		asking_free(&asking[i]);
	}
	CHECK_INT(ask("/", NULL), HTTP_ESESSION_CLOSED);
	async_task_release(task);
	session = NULL;
}

CLIENT_TEST(cancelling_a_request_is_a_cancellation_and_closes_its_connection)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
	struct asking asking = { 0 };

	serve(silent, hello);
	ask_later(&asking, "/");
	while (server.request_count < 1)
		async_sleep(0);
	async_cancel(asking.task);
	CHECK_INT(ask_join(&asking), ASYNC_ECANCELED);
	CHECK(async_task_cancelled(asking.task));
	CHECK_STR(asking.failure.phase, "head");
	asking_free(&asking);
	while (server.open > 0)
		async_sleep(0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 2);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static int get_in_need(void *arg)
{
	static const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nhi"),
		RAW_REQUEST, RAW_SEND(CHUNKED "2\r\nhi\r\n0\r\n\r\n"), RAW_AGAIN
	};
	struct http_header header = { "X", "y" };
	struct http_options options = {
		.method = "POST",
		.body = "x",
		.body_size = 1,
		.headers = &header,
		.header_count = 1,
		/* A send that only pretends to have failed leaves a peer that waits for the rest. */
		.timeout = 0.2,
	};
	int rc;

	(void)arg;
	if (raw_server_start(&server, script) < 0)
		return 0;
	rc = ask("/", &options);
	if (rc == 0)
		rc = ask("/", &(struct http_options){ .timeout = 0.2 });
	CHECK(rc == 0 || !answer);
	client_test_end();
	return 0;
}

static void run_in_need(void)
{
	(void)async_run(get_in_need, NULL);
}

TEST_WITH_LIMIT(any_one_allocation_may_fail, 60)
{
	for_each_failing_allocation(run_in_need);
}

TEST_WITH_LIMIT(any_one_system_call_may_fail, 60)
{
	for_each_failing_syscall(run_in_need);
}
