/* SPDX-License-Identifier: MIT */
/*
 * parser.c - the wrapper around http-parser, and the only file that knows it.
 *
 * The callbacks only record: what happened goes into the struct, and the parser is paused, so that
 * one call of http_parser_execute() sees at most one event. Beside it lines.c reads the same bytes
 * for what http-parser does not check, and what it finds wrong with an earlier byte comes first: a
 * byte that either one objects to never becomes an event. The file is long because all of that is
 * one state.
 */
#include <http_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/headers.h"
#include "http/lines.h"
#include "http/parser.h"
#include "http/range.h"

/* Besides enum parser_event: a 1xx response has ended. */
#define INTERIM 100

struct parser {
	struct http_parser foreign;
	struct parser_options options;
	struct parser_head head;
	struct headers headers;
	struct lines lines;
	struct http_header *block; /* behind head.headers; NULL once taken */
	int event;
	int error;
	const char *why;
	struct json_span piece; /* with the event PARSER_BODY */
	bool head_done, body_begun, done;
	bool no_body; /* whatever the head announces */
	uint64_t bytes, body_bytes;
	uint64_t part; /* the bytes that a Content-Range announces; UINT64_MAX: none */
};

static int fail(struct parser *parser, int code, const char *why)
{
	parser->error = code;
	parser->why = why;
	return code;
}

static int record(struct parser *parser, int event)
{
	parser->event = event;
	http_parser_pause(&parser->foreign, 1);
	return 0;
}

/* ---- Heads ----------------------------------------------------------------------------------- */

static int header_result(struct parser *parser, int rc)
{
	if (rc == HTTP_EHEADER_OVERFLOW)
		fail(parser, rc, "more than 100 header fields, or one above 16 KiB");
	else if (rc == HTTP_EPARSE)
		fail(parser, rc, "a header name is not a token");
	else if (rc < 0)
		fail(parser, rc, "out of memory");
	return rc < 0;
}

/* What comes after the head is a trailer: it is bounded by the parser, and goes nowhere. */
static int on_header_field(http_parser *foreign, const char *data, size_t size)
{
	struct parser *parser = foreign->data;

	if (!parser->head_done)
		return header_result(parser, headers_name(&parser->headers, data, size));
	return size == 0 || headers_is_token(data, size)
		       ? 0
		       : fail(parser, HTTP_EPARSE, "the name of a trailer is not a token");
}

static int on_header_value(http_parser *foreign, const char *data, size_t size)
{
	struct parser *parser = foreign->data;

	if (parser->head_done)
		return 0;
	return header_result(parser, headers_value(&parser->headers, data, size));
}

static int on_url(http_parser *foreign, const char *data, size_t size)
{
	struct parser *parser = foreign->data;

	for (size_t i = 0; i < size; i++)
		if (data[i] <= ' ' || data[i] > '~')
			return fail(parser, HTTP_EPARSE, "the target is not printable ASCII");
	return header_result(parser, headers_lead(&parser->headers, data, size));
}

/* How long is the body? Only if there is exactly one answer. */
static int check_framing(struct parser *parser)
{
	const struct http_parser *foreign = &parser->foreign;
	struct parser_head *head = &parser->head;
	const char *coding = headers_find(head->headers, head->header_count, "transfer-encoding");
	bool chunked = foreign->flags & F_CHUNKED;

	if (headers_count(head->headers, head->header_count, "transfer-encoding") > 1)
		return fail(parser, HTTP_EFRAMING, "two Transfer-Encoding headers");
	if (coding ? strcasecmp(coding, "chunked") != 0 || !chunked : chunked)
		return fail(parser, HTTP_EFRAMING, "Transfer-Encoding is not just \"chunked\"");
	head->chunked = chunked;
	if (foreign->flags & F_CONTENTLENGTH) {
		if (foreign->content_length > INT64_MAX)
			return fail(parser, HTTP_EFRAMING, "Content-Length is above 2^63");
		head->content_length = (int64_t)foreign->content_length;
	}
	return 0;
}

static int check_request(struct parser *parser)
{
	struct parser_head *head = &parser->head;
	size_t hosts = headers_count(head->headers, head->header_count, "host");

	head->method = http_method_str(parser->foreign.method);
	if (parser->foreign.method == HTTP_CONNECT)
		return fail(parser, HTTP_EPARSE, "CONNECT is for proxies");
	if (hosts > 1 || (hosts == 0 && head->minor > 0))
		return fail(parser, HTTP_EPARSE, "there must be one Host header");
	if (head->chunked && head->minor == 0)
		return fail(parser, HTTP_EFRAMING, "chunked in HTTP/1.0");
	return 0;
}

static int check_response(struct parser *parser)
{
	const struct parser_options *options = &parser->options;
	struct parser_head *head = &parser->head;
	int status = head->status;

	if (status < 100 || status > 599)
		return fail(parser, HTTP_EPARSE, "the status is not from 100 to 599");
	if (status == 101)
		return fail(parser, HTTP_EPARSE, "101 although no upgrade was asked for");
	if (status < 200)
		return 0;
	if (status == 304 && !options->conditional)
		return fail(parser, HTTP_EUNEXPECTED_304, "304 although nothing was conditional");
	if (status == 206 && !options->range)
		return fail(parser, HTTP_EUNEXPECTED_206, "206 although no range was asked for");
	if (status == 206 &&
	    !range_answered(options->range,
			    headers_find(head->headers, head->header_count, "content-range"),
			    head->content_length))
		return fail(parser, HTTP_EUNEXPECTED_206, "206 with another range than asked for");
	if (status == 206)
		parser->part = range_length(
			headers_find(head->headers, head->header_count, "content-range"));
	parser->no_body = options->head_request || status == 204 || status == 205 || status == 304;
	head->until_eof = !parser->no_body && !head->chunked && head->content_length < 0;
	return 0;
}

static int finish_head(struct parser *parser)
{
	struct parser_head *head = &parser->head;
	const char *lead;
	int rc;

	head->status = parser->options.request ? 0 : parser->foreign.status_code;
	head->minor = parser->foreign.http_minor;
	if (parser->foreign.http_major != 1)
		return fail(parser, HTTP_EPARSE, "not HTTP/1.x");
	rc = headers_finish(&parser->headers, &parser->block, &lead);
	if (rc < 0)
		return fail(parser, rc, "out of memory");
	head->headers = parser->block;
	head->header_count = parser->headers.count;
	head->target = parser->options.request ? lead : NULL;
	rc = check_framing(parser);
	if (rc == 0)
		rc = parser->options.request ? check_request(parser) : check_response(parser);
	return rc;
}

/* Returns 1 when there is no body, -1 to stop, 0 to go on. */
static int on_headers_complete(http_parser *foreign)
{
	struct parser *parser = foreign->data;
	uint64_t announced = foreign->flags & F_CONTENTLENGTH ? foreign->content_length : 0;

	if (finish_head(parser) < 0)
		return -1;
	if (!parser->options.request && parser->head.status < 200)
		return 1;
	if (parser->options.max_body && announced > parser->options.max_body && !parser->no_body) {
		fail(parser, HTTP_EBODY_TOO_LARGE, "the announced body is above the limit");
		return -1;
	}
	parser->head_done = true;
	record(parser, PARSER_HEAD);
	return parser->no_body;
}

/* ---- Bodies ---------------------------------------------------------------------------------- */

/* As with a Content-Length, there is no need to wait for what will be too much. */
static int on_chunk_header(http_parser *foreign)
{
	struct parser *parser = foreign->data;
	uint64_t limit = parser->options.max_body;

	if (limit && foreign->content_length > limit - parser->body_bytes)
		return fail(parser, HTTP_EBODY_TOO_LARGE, "the announced chunk is above the limit");
	return 0;
}

static int on_body(http_parser *foreign, const char *data, size_t size)
{
	struct parser *parser = foreign->data;

	parser->body_bytes += size;
	parser->piece = (struct json_span){ data, size };
	return record(parser, PARSER_BODY);
}

/* 204 and 205 that announce a body may well send one: nobody can tell where the next head is. */
static bool may_keep_alive(const struct parser *parser)
{
	const struct parser_head *head = &parser->head;

	if (head->until_eof || (head->chunked && head->minor == 0))
		return false;
	if ((head->status == 204 || head->status == 205) && !parser->options.head_request &&
	    (head->chunked || head->content_length > 0))
		return false;
	return http_should_keep_alive(&parser->foreign);
}

static int on_message_complete(http_parser *foreign)
{
	struct parser *parser = foreign->data;

	if (!parser->head_done)
		return record(parser, INTERIM);
	/* The framing alone may not have said how much there had to be. */
	if (parser->part != UINT64_MAX && !parser->no_body && parser->body_bytes != parser->part)
		return fail(parser,
			    parser->body_bytes < parser->part ? HTTP_EBODY_TRUNCATED
							      : HTTP_EUNEXPECTED_206,
			    "the body has not the length that its Content-Range says");
	parser->done = true;
	parser->head.keep_alive = may_keep_alive(parser);
	return record(parser, PARSER_DONE);
}

static const struct http_parser_settings callbacks = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_chunk_header = on_chunk_header,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

/* ---- Feeding --------------------------------------------------------------------------------- */

/* Everything about one message but what the connection and the interim responses have counted. */
static void begin_message(struct parser *parser)
{
	free(parser->block);
	parser->block = NULL;
	headers_reset(&parser->headers);
	lines_begin(&parser->lines, parser->options.request);
	http_parser_init(&parser->foreign, parser->options.request ? HTTP_REQUEST : HTTP_RESPONSE);
	parser->foreign.data = parser;
	parser->head =
		(struct parser_head){ .content_length = -1, .interim = parser->head.interim };
}

/* What http-parser objects to in a head, with the byte at which it stopped. */
static const char *head_failure(struct parser *parser, enum http_errno number, char byte)
{
	bool named = number == HPE_INVALID_HEADER_TOKEN || number == HPE_LF_EXPECTED;

	/* The first line was in order, then, and with it the status. */
	if (named && !parser->options.request && parser->foreign.status_code >= 200)
		parser->head.status = (int)parser->foreign.status_code;
	if (number == HPE_LF_EXPECTED)
		return "a CR in the head is not followed by LF";
	if (number != HPE_INVALID_HEADER_TOKEN)
		return "not HTTP/1.x";
	if (byte == ':')
		return "a header has no name";
	return byte == '\r' || byte == '\n' ? "a header line has no colon"
					    : "a header has a byte that is not allowed in it";
}

static int failure_of(struct parser *parser, char byte)
{
	enum http_errno number = HTTP_PARSER_ERRNO(&parser->foreign);

	if (parser->error)
		return parser->error;
	if (number == HPE_HEADER_OVERFLOW)
		return fail(parser, HTTP_EHEADER_OVERFLOW,
			    "head, chunk extension or trailers above 80 KiB");
	if (number == HPE_UNEXPECTED_CONTENT_LENGTH)
		return fail(parser, HTTP_EFRAMING,
			    "two Content-Length headers, or one beside Transfer-Encoding");
	if (number == HPE_INVALID_TRANSFER_ENCODING)
		return fail(parser, HTTP_EFRAMING, "Transfer-Encoding is not just \"chunked\"");
	/* The same number stands for a chunk size that overflows. */
	if (number == HPE_INVALID_CONTENT_LENGTH)
		return parser->head_done
			       ? fail(parser, HTTP_EPARSE, "a chunk size is above 2^64")
			       : fail(parser, HTTP_EFRAMING, "Content-Length is not a number");
	if (!parser->head_done)
		return fail(parser, HTTP_EPARSE, head_failure(parser, number, byte));
	return fail(parser, HTTP_EPARSE, http_errno_description(number));
}

/* The bytes used, but for those of the body, go past lines.c. */
static const char *check_lines(struct parser *parser, const char *data, size_t used)
{
	struct lines *lines = &parser->lines;
	const char *wrong, *after;
	size_t before = used;

	if (parser->event != PARSER_BODY)
		return parser->body_begun && !parser->head.chunked ? NULL
								   : lines_check(lines, data, used);
	if (parser->body_begun && !parser->head.chunked)
		return NULL;
	parser->body_begun = true;
	if (before > (size_t)(parser->piece.ptr - data))
		before = parser->piece.ptr - data;
	wrong = lines_check(lines, data, before);
	if (wrong || !parser->head.chunked)
		return wrong;
	if (parser->foreign.content_length == 0)
		lines_expect_crlf(lines);
	after = parser->piece.ptr + parser->piece.len;
	return lines_check(lines, after, data + used - after);
}

/* One call of http-parser, which ends at the first event. */
static int step(struct parser *parser, const char *data, size_t size, size_t *used)
{
	const char *wrong;
	size_t n;

	parser->event = PARSER_MORE;
	if (HTTP_PARSER_ERRNO(&parser->foreign) == HPE_PAUSED)
		http_parser_pause(&parser->foreign, 0);
	n = http_parser_execute(&parser->foreign, &callbacks, data, size);
	*used += n;
	parser->bytes += n;
	/* What is wrong with an earlier byte comes first, so that it does not matter how they came. */
	wrong = check_lines(parser, data, n);
	/* The last byte of a head is looked at before the event, and used only after it. */
	if (!wrong && parser->event == PARSER_HEAD && data[n] != '\n')
		wrong = "a CR is not followed by LF";
	parser->head.bare_lf = parser->lines.bare_lf;
	if (wrong)
		return fail(parser, HTTP_EPARSE, wrong);
	if (HTTP_PARSER_ERRNO(&parser->foreign) != HPE_OK &&
	    HTTP_PARSER_ERRNO(&parser->foreign) != HPE_PAUSED)
		return failure_of(parser, n < size ? data[n] : '\0');
	if (parser->options.max_body && parser->body_bytes > parser->options.max_body)
		return fail(parser, HTTP_EBODY_TOO_LARGE, "the body is above the limit");
	if (parser->event == INTERIM) {
		if (++parser->head.interim > PARSER_MAX_INTERIM)
			return fail(parser, HTTP_ETOO_MANY_1XX, "more than 8 interim responses");
		begin_message(parser);
		return PARSER_MORE;
	}
	return parser->event;
}

int parser_feed(struct parser *parser, const char *data, size_t size, size_t *used,
		struct json_span *body)
{
	int rc = parser->done ? PARSER_DONE : parser->error;

	*used = 0;
	while (rc == PARSER_MORE && *used < size)
		rc = step(parser, data + *used, size - *used, used);
	if (rc == PARSER_BODY)
		*body = parser->piece;
	return rc;
}

int parser_finish(struct parser *parser)
{
	size_t used = 0;

	if (parser->done)
		return PARSER_DONE;
	if (parser->error)
		return parser->error;
	if (!parser->head_done)
		return fail(parser, HTTP_ECLOSED_EARLY,
			    parser->bytes ? "the stream ended inside the head"
					  : "the stream ended before the first byte");
	if (parser->head.until_eof) {
		int rc = step(parser, "", 0, &used);

		if (rc == PARSER_DONE || rc < 0)
			return rc;
	}
	return fail(parser, HTTP_EBODY_TRUNCATED, "the stream ended inside the body");
}

/* ---- The object ------------------------------------------------------------------------------ */

struct parser *parser_new(void)
{
	struct parser *parser = calloc(1, sizeof(*parser));

	if (parser)
		parser_begin(parser, &(struct parser_options){ 0 });
	return parser;
}

void parser_free(struct parser *parser)
{
	if (!parser)
		return;
	headers_free(&parser->headers);
	free(parser->block);
	free(parser);
}

void parser_begin(struct parser *parser, const struct parser_options *options)
{
	parser->options = *options;
	parser->head.interim = 0;
	parser->lines.bare_lf = 0;
	begin_message(parser);
	parser->error = 0;
	parser->why = "";
	parser->head_done = parser->body_begun = parser->done = parser->no_body = false;
	parser->bytes = parser->body_bytes = 0;
	parser->part = UINT64_MAX;
}

const struct parser_head *parser_head(const struct parser *parser)
{
	return &parser->head;
}

uint64_t parser_bytes(const struct parser *parser)
{
	return parser->bytes;
}

uint64_t parser_body_bytes(const struct parser *parser)
{
	return parser->body_bytes;
}

const char *parser_why(const struct parser *parser)
{
	return parser->why;
}

struct http_header *parser_take_headers(struct parser *parser)
{
	struct http_header *block = parser->block;

	parser->block = NULL;
	return block;
}

const char *parser_reason(int status)
{
	const char *text = http_status_str((enum http_status)status);

	return text[0] == '<' ? "Unknown" : text;
}
