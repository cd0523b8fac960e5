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
