/* SPDX-License-Identifier: MIT */
/*
 * test_parser.c - each message is fed whole, cut in two at every byte, byte by byte, and with a
 * fresh copy of each piece (so that a sanitizer sees who keeps a pointer); all must tell the same.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/parser.h"
#include "tests/harness.h"

struct message {
	const char *bytes;
	size_t size;
	const char *want; /* what tell() writes */
	struct parser_options options;
};
#define TEXT(text) .bytes = (text), .size = sizeof(text) - 1
#define BYTES(text) (text), sizeof(text) - 1

/* The events of one message as text: the same for every way of cutting it. */
struct story {
	char text[8192];
	size_t used;
	char body[4096];
	size_t body_size;
};

__attribute__((format(printf, 2, 3))) static void tell(struct story *story, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	story->used += vsnprintf(story->text + story->used, sizeof(story->text) - story->used,
				 format, arguments);
	va_end(arguments);
	CHECK(story->used < sizeof(story->text));
}

static void tell_head(struct story *story, const struct parser_head *head)
{
	if (head->method)
		tell(story, "%s %s ", head->method, head->target);
	else
		tell(story, "%d ", head->status);
	for (size_t i = 0; i < head->header_count; i++)
		tell(story, "%s=%s;", head->headers[i].name, head->headers[i].value);
}

static const char *code_name(int code)
{
	switch (code) {
	case HTTP_EPARSE:
		return "EPARSE";
	case HTTP_EFRAMING:
		return "EFRAMING";
	case HTTP_EHEADER_OVERFLOW:
		return "EHEADER_OVERFLOW";
	case HTTP_ECLOSED_EARLY:
		return "ECLOSED_EARLY";
	case HTTP_EBODY_TRUNCATED:
		return "EBODY_TRUNCATED";
	case HTTP_EBODY_TOO_LARGE:
		return "EBODY_TOO_LARGE";
	case HTTP_ETOO_MANY_1XX:
		return "ETOO_MANY_1XX";
	case HTTP_EUNEXPECTED_304:
		return "EUNEXPECTED_304";
	case HTTP_EUNEXPECTED_206:
		return "EUNEXPECTED_206";
	}
	return format("code %d", code);
}

/* True while the message goes on. A failure tells nothing of what came before it. */
static bool tell_event(struct story *story, struct parser *parser, int rc, struct json_span piece)
{
	const struct parser_head *head = parser_head(parser);

	switch (rc) {
	case PARSER_HEAD:
		tell_head(story, head);
		return true;
	case PARSER_BODY:
		CHECK(story->body_size + piece.len <= sizeof(story->body));
		memcpy(story->body + story->body_size, piece.ptr, piece.len);
		story->body_size += piece.len;
		return true;
	case PARSER_MORE:
		return true;
	case PARSER_DONE:
		tell(story, "[%.*s]%s", (int)story->body_size, story->body,
		     head->keep_alive ? " keep" : " close");
		if (head->interim)
			tell(story, " interim %u", head->interim);
		if (head->bare_lf)
			tell(story, " lf %u", head->bare_lf);
		CHECK_INT(parser_body_bytes(parser), story->body_size);
		return false;
	}
	story->used = 0;
	tell(story, "%s", code_name(rc));
	CHECK(parser_why(parser)[0] != '\0');
	return false;
}

/* Feeds one piece from a block of its own size. True while the message goes on. */
static bool feed_piece(struct story *story, struct parser *parser, const char *data, size_t size,
		       size_t *surplus)
{
	char *copy = malloc(size);
	size_t at = 0, used;
	bool more = true;

	CHECK(copy);
	memcpy(copy, data, size);
	while (more && at < size) {
		struct json_span piece = { NULL, 0 };
		int rc = parser_feed(parser, copy + at, size - at, &used, &piece);

		CHECK(used <= size - at);
		CHECK(rc != PARSER_MORE || used == size - at);
		more = tell_event(story, parser, rc, piece);
		at += used;
	}
	*surplus = size - at;
	free(copy);
	return more;
}

/* The first piece has first bytes, the others step. */
static void run(struct story *story, struct parser *parser, const struct message *message,
		size_t first, size_t step)
{
	size_t at = 0, size = first, surplus = 0;
	bool more = true;

	*story = (struct story){ .used = 0 };
	parser_begin(parser, &message->options);
	for (; more && at < message->size; at += size, size = step) {
		if (size > message->size - at)
			size = message->size - at;
		if (size)
			more = feed_piece(story, parser, message->bytes + at, size, &surplus);
	}
	surplus += message->size - at;
	if (more)
		tell_event(story, parser, parser_finish(parser), (struct json_span){ NULL, 0 });
	else if (surplus && parser_finish(parser) == PARSER_DONE)
		tell(story, " surplus %zu", surplus);
}

static void check_message(const struct message *message)
{
	struct parser *parser = parser_new();
	struct story story;
	const char *want = message->want;

	CHECK(parser);
	run(&story, parser, message, message->size, 1);
	if (strcmp(story.text, want) != 0)
		FAIL("whole: %s\n  got  %s\n  want %s\n  why  %s", message->bytes, story.text, want,
		     parser_why(parser));
	for (size_t cut = 0; cut <= message->size; cut++) {
		/* cut == 0: byte by byte. */
		run(&story, parser, message, cut ? cut : 1, cut ? message->size : 1);
		if (strcmp(story.text, want) != 0)
			FAIL("cut at %zu: %s\n  got  %s\n  want %s", cut, message->bytes,
			     story.text, want);
	}
	parser_free(parser);
}

#define check_all(messages)                                                           \
	do {                                                                          \
		for (size_t i = 0; i < sizeof(messages) / sizeof((messages)[0]); i++) \
			check_message(&(messages)[i]);                                \
	} while (0)

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

TEST(a_response_is_told_the_same_however_it_is_cut)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\nX-A:  b c \t\r\n\r\nhello"),
		  "200 content-length=5;x-a=b c;[hello] keep" },
		{ TEXT(OK "Content-Length: 0\r\n\r\n"), "200 content-length=0;[] keep" },
		{ TEXT(OK "Content-Length: 1\r\n\r\nx"), "200 content-length=1;[x] keep" },
		{ TEXT(OK "X:\r\nY: \r\nContent-Length: 1\r\n\r\n\n"),
		  "200 x=;y=;content-length=1;[\n] keep" },
		{ TEXT("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT("\r\n\r\n" OK "Content-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT(OK "A: \x80\xff\r\nContent-Length: 1\r\n\r\nx"),
		  "200 a=\x80\xff;content-length=1;[x] keep" },
		{ TEXT("HTTP/1.1 200 O\0K\r\nContent-Length: 1\r\n\r\nx"),
		  "200 content-length=1;[x] keep" },
		{ TEXT(OK "Set-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n"),
		  "200 set-cookie=a;set-cookie=b;content-length=0;[] keep" },
		{ TEXT(OK "Content-Length: 00005  \r\n\r\nhello"),
		  "200 content-length=00005;[hello] keep" },
	};

	check_all(messages);
}

TEST(chunks_become_one_body_and_trailers_go_nowhere)
{
	static const struct message messages[] = {
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[hello] keep" },
		{ TEXT(CHUNKED "1\r\nh\r\n000004;ext=\"1\"\r\nello\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[hello] keep" },
		{ TEXT(CHUNKED "5 ; a\r\n\r\n\r\n\r\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[\r\n\r\n\r] keep" },
		{ TEXT(CHUNKED "0\r\nContent-Type: evil\r\nX: y\r\n\r\n"),
		  "200 transfer-encoding=chunked;[] keep" },
		{ TEXT(OK "Transfer-Encoding: CHUNKED \r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"),
		  "200 transfer-encoding=CHUNKED;[0123456789] keep" },
		{ TEXT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
		  "200 connection=keep-alive;transfer-encoding=chunked;[x] close" },
	};

	check_all(messages);
}

TEST(broken_chunks_are_refused)
{
	static const struct message messages[] = {
		{ TEXT(CHUNKED "ZZ\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "-5\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED " 5\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "FFFFFFFFFFFFFFFFF\r\nhello"), "EPARSE" },
		{ TEXT(CHUNKED "FFFFFFFFFFFFFFFF\r\nhello"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhelloXX0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\rX0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhelloX\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\rXhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5;a\rb\r\nhello\r\n0\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n\rX"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\nA: b\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\n A: b\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"), "EPARSE" },
		{ TEXT(CHUNKED "5\r\nhello\r\n"), "EBODY_TRUNCATED" },
		{ TEXT(CHUNKED "5\r\nhello\r\n0\r\n"), "EBODY_TRUNCATED" },
		{ TEXT(CHUNKED "5\r\nhell"), "EBODY_TRUNCATED" },
		{ TEXT(CHUNKED), "EBODY_TRUNCATED" },
	};

	check_all(messages);
}

TEST(a_length_is_one_number_or_nothing)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5, 5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5 5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: +5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: -5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 0x5\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length:\r\n\r\nhello"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 18446744073709551616\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 9223372036854775808\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "5\r\nhello\r\n0\r\n\r\n"),
		  "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello"),
		  "EFRAMING" },
		{ TEXT(OK "Content-Length: 6\r\n\r\nhello"), "EBODY_TRUNCATED" },
		{ TEXT(OK "Content-Length: 9223372036854775807\r\n\r\nhello"), "EBODY_TRUNCATED" },
	};

	check_all(messages);
}

TEST(a_transfer_encoding_is_exactly_chunked)
{
	static const struct message messages[] = {
		{ TEXT(OK "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), "EFRAMING" },
		{ TEXT(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "0\r\n\r\n"),
		  "EFRAMING" },
	};

	check_all(messages);
}

TEST(what_is_not_http_1_is_refused)
{
	static const struct message messages[] = {
		{ TEXT("SSH-2.0-OpenSSH_9.2\r\n"), "EPARSE" },
		{ TEXT("<html>old</html>"), "EPARSE" },
		{ TEXT("ICY 200 OK\r\n\r\n"), "EPARSE" },
		{ TEXT("HELLO/1.1 200 OK\r\n\r\n"), "EPARSE" },
		{ TEXT("HXXX/1.1 200 OK\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1 200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 0 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 1000 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"), "EPARSE" },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE" },
		{ TEXT("\x15\x03\x01\x00\x02\x02\x28"), "EPARSE" },
	};

	check_all(messages);
}

TEST(header_lines_that_two_could_read_differently_are_refused)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length : 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo Bar: 2\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK " Foo: 2\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\r\n b\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\r\n\tb\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo:\r\n b\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK ": x\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "F\0oo: x\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "F\xc3\xb6: x\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\0b\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\x01z\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\x7f\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\rContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: a\r\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Foo: \rX: 2\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT("HTTP/1.1 200 O\rK\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT("HTTP/1.1 200\rXContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT(OK "Content-Length: 2\r\n\rXhi"), "EPARSE" },
		{ TEXT(OK "Content-Length: 0\r\n\rX"), "EPARSE" },
	};

	check_all(messages);
}

TEST(bare_line_feeds_in_heads_are_tolerated_and_counted)
{
	static const struct message messages[] = {
		{ TEXT("HTTP/1.1 200 OK\nContent-Length: 2\nA: b\n\nhi"),
		  "200 content-length=2;a=b;[hi] keep lf 4" },
		{ TEXT("\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nhi"),
		  "200 content-length=2;[hi] keep lf 2" },
		{ TEXT("HTTP/1.1 200\nContent-Length: 2\r\n\r\n\n\n"),
		  "200 content-length=2;[\n\n] keep lf 1" },
		{ TEXT("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\r\n\n\r\n0\r\n\r\n"),
		  "200 transfer-encoding=chunked;[\n] keep lf 3" },
		{ TEXT("HTTP/1.1 100 C\n\nHTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
		  "200 content-length=0;[] keep interim 1 lf 3" },
	};

	check_all(messages);
}

TEST(responses_without_a_body_end_with_their_head)
{
	static const struct parser_options head = { .head_request = true };
	static const struct parser_options conditional = { .conditional = true };
	const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\n\r\n"), "200 content-length=5;[] keep", head },
		{ TEXT(CHUNKED), "200 transfer-encoding=chunked;[] keep", head },
		{ TEXT(OK "\r\n"), "200 [] keep", head },
		{ TEXT("HTTP/1.1 404 No\r\nContent-Length: 9223372036854775807\r\n\r\n"),
		  "404 content-length=9223372036854775807;[] keep", head },
		{ TEXT("HTTP/1.1 204 No\r\n\r\n"), "204 [] keep" },
		{ TEXT("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n"),
		  "204 content-length=0;[] keep",
		  {} },
		{ TEXT("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello"),
		  "204 content-length=5;[] close surplus 5",
		  {} },
		{ TEXT("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "204 transfer-encoding=chunked;[] close surplus 5",
		  {} },
		{ TEXT("HTTP/1.1 205 Reset\r\n\r\n"), "205 [] keep" },
		{ TEXT("HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nhi"),
		  "205 content-length=2;[] close surplus 2",
		  {} },
		{ TEXT("HTTP/1.1 304 Same\r\nContent-Length: 5000\r\n\r\n"),
		  "304 content-length=5000;[] keep", conditional },
		{ TEXT("HTTP/1.1 304 Same\r\n\r\n"), "304 [] keep", conditional },
	};

	check_all(messages);
}

TEST(answers_that_were_not_asked_for_are_errors)
{
	static const struct parser_options ranged = { .range = "bytes=0-0" };
	const struct message messages[] = {
		{ TEXT("HTTP/1.1 304 Same\r\n\r\n"), "EUNEXPECTED_304" },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx"), "EUNEXPECTED_206" },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Range: bytes 0-0/9\r\nContent-Length: 1\r\n\r\nx"),
		  "206 content-range=bytes 0-0/9;content-length=1;[x] keep", ranged },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Range: bytes 1-1/9\r\nContent-Length: 1\r\n\r\nx"),
		  "EUNEXPECTED_206", ranged },
		{ TEXT("HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx"), "EUNEXPECTED_206",
		  ranged },
		{ TEXT("HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
		  "EPARSE",
		  {} },
		{ TEXT(OK "Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nhi"),
		  "200 upgrade=h2c;connection=upgrade;content-length=2;[hi] keep",
		  {} },
	};

	check_all(messages);
}

#define EARLY "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"

TEST(interim_responses_are_skipped_up_to_eight)
{
	static const struct message messages[] = {
		{ TEXT("HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi"),
		  "200 content-length=2;[hi] keep interim 1" },
		{ TEXT("HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" OK
		       "Content-Length: 2\r\n\r\nhi"),
		  "200 content-length=2;[hi] keep interim 1" },
		{ TEXT(EARLY EARLY EARLY EARLY EARLY EARLY EARLY EARLY OK
		       "Content-Length: 2\r\n\r\nhi"),
		  "200 content-length=2;[hi] keep interim 8" },
		{ TEXT(EARLY EARLY EARLY EARLY EARLY EARLY EARLY EARLY EARLY OK
		       "Content-Length: 2\r\n\r\nhi"),
		  "ETOO_MANY_1XX" },
		{ TEXT(EARLY), "ECLOSED_EARLY" },
		{ TEXT(EARLY "HXXP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), "EPARSE" },
		{ TEXT("HTTP/1.1 100 C\r\nTransfer-Encoding: x\r\n\r\n" OK "\r\n"), "EFRAMING" },
	};

	check_all(messages);
}

TEST(the_end_of_the_stream_completes_only_what_nothing_else_can)
{
	static const struct message messages[] = {
		{ TEXT(OK "\r\nall of it"), "200 [all of it] close" },
		{ TEXT("HTTP/1.0 200 OK\r\n\r\n"), "200 [] close" },
		{ TEXT(""), "ECLOSED_EARLY" },
		{ TEXT("\r\n"), "ECLOSED_EARLY" },
		{ TEXT("HTTP/1.1 2"), "ECLOSED_EARLY" },
		{ TEXT(OK), "ECLOSED_EARLY" },
		{ TEXT(OK "Content-Length: 2\r\n"), "ECLOSED_EARLY" },
		{ TEXT(OK "Content-Length: 2\r\n\r"), "ECLOSED_EARLY" },
		{ TEXT(OK "Content-Length: 2\r\n\r\n"), "EBODY_TRUNCATED" },
		{ TEXT(OK "Content-Length: 2\r\n\r\nh"), "EBODY_TRUNCATED" },
	};

	check_all(messages);
}

TEST(the_head_decides_whether_the_connection_lives)
{
	static const struct message messages[] = {
		{ TEXT(OK "Connection: close\r\nContent-Length: 0\r\n\r\n"),
		  "200 connection=close;content-length=0;[] close" },
		{ TEXT(OK "Connection: x, Close\r\nContent-Length: 0\r\n\r\n"),
		  "200 connection=x, Close;content-length=0;[] close" },
		{ TEXT("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
		  "200 content-length=0;[] close" },
		{ TEXT("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"),
		  "200 connection=Keep-Alive;content-length=0;[] keep" },
	};

	check_all(messages);
}

TEST(surplus_is_never_parsed)
{
	static const struct message messages[] = {
		{ TEXT(OK "Content-Length: 2\r\n\r\nhijunk"),
		  "200 content-length=2;[hi] keep surplus 4" },
		{ TEXT(OK "Content-Length: 2\r\n\r\nhi" OK "Content-Length: 2\r\n\r\nho"),
		  "200 content-length=2;[hi] keep surplus 40" },
		{ TEXT(CHUNKED "0\r\n\r\n\r\n"),
		  "200 transfer-encoding=chunked;[] keep surplus 2" },
		{ TEXT("HTTP/1.1 204 No\r\n\r\nx"), "204 [] keep surplus 1" },
	};

	check_all(messages);
}

TEST(bodies_above_the_limit_are_refused_announced_or_not)
{
	static const struct parser_options five = { .max_body = 5 };
	static const struct parser_options head = { .max_body = 5, .head_request = true };
	const struct message messages[] = {
		{ TEXT(OK "Content-Length: 5\r\n\r\nhello"), "200 content-length=5;[hello] keep",
		  five },
		{ TEXT(OK "Content-Length: 6\r\n\r\nhello!"), "EBODY_TOO_LARGE", five },
		{ TEXT(CHUNKED "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), "EBODY_TOO_LARGE", five },
		{ TEXT(OK "\r\nhello!"), "EBODY_TOO_LARGE", five },
		{ TEXT(OK "Content-Length: 6\r\n\r\n"), "200 content-length=6;[] keep", head },
	};

	check_all(messages);
}

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

TEST(a_request_is_told_the_same_however_it_is_cut)
{
	static const struct parser_options request = { .request = true };
	static const struct parser_options five = { .request = true, .max_body = 5 };
	const struct message messages[] = {
		{ TEXT("GET /a?b=c%20d HTTP/1.1\r\nHost: x\r\n\r\n"),
		  "GET /a?b=c%20d host=x;[] keep", request },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
		  "POST / host=x;content-length=5;[hello] keep", five },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nhello!"),
		  "EBODY_TOO_LARGE", five },
		{ TEXT("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
		  "PUT / host=x;transfer-encoding=chunked;[hello] keep", five },
		{ TEXT("GET / HTTP/1.0\r\n\r\n"), "GET / [] close", request },
		{ TEXT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		  "GET / connection=keep-alive;[] keep", request },
		{ TEXT("GET http://x/y HTTP/1.1\r\nHost: x\r\n\r\n"),
		  "GET http://x/y host=x;[] keep", request },
		{ TEXT("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), "OPTIONS * host=x;[] keep",
		  request },
		{ TEXT("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
		  "GET /a host=x;[] keep surplus 28", request },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n"
		       "Connection: Upgrade\r\n\r\n"),
		  "GET / host=x;upgrade=h2c;connection=Upgrade;[] keep", request },
	};

	check_all(messages);
}

TEST(broken_requests_are_refused)
{
	static const struct parser_options r = { .request = true };
	const struct message messages[] = {
		{ TEXT("GET / HTTP/1.1\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HXXP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "EPARSE", r },
		{ TEXT("NONSENSE / HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\t HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\rXHost: x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), "EPARSE", r },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"), "EPARSE", r },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "EFRAMING", r },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"), "EFRAMING",
		  r },
		{ TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		  "EFRAMING", r },
		{ TEXT("GET / HTTP/1.1\r\nHost: x\r\n"), "ECLOSED_EARLY", r },
		{ TEXT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell"),
		  "EBODY_TRUNCATED", r },
	};

	check_all(messages);
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
		run(&whole, parser, &message, message.size, 1);
		refused += whole.text[0] == 'E';
		for (size_t step = 1; step < 8; step++) {
			run(&cut, parser, &message, next_random(&state) % step, step);
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
