/* SPDX-License-Identifier: MIT */
/* content.c - see content.h. */
#include "http/content.h"

#include <inttypes.h>
#include <string.h>

#define DEFAULT_LIMIT (64 << 20)

/* ---- The limit ------------------------------------------------------------------------------- */

static uint64_t limit_of(const struct http_options *options)
{
	return options->max_body ? options->max_body : DEFAULT_LIMIT;
}

uint64_t content_wire_limit(const struct http_options *options)
{
	return options->max_wire ? options->max_wire : limit_of(options);
}

static int too_large(const struct content *content, const char *what)
{
	return async_raise(HTTP_EBODY_TOO_LARGE, "%s more than %" PRIu64 " bytes", what,
			   content->limit);
}

/* HEAD, 204, 205, 304 have none, whatever their heads say. */
static bool has_body(const struct call *call, const struct parser_head *head)
{
	return head->content_length != 0 && strcmp(call->method, "HEAD") != 0 &&
	       head->status != 204 && head->status != 205 && head->status != 304;
}

int content_begin(struct content *content, const struct call *call, const struct parser_head *head)
{
	const struct http_options *options = call->options;
	char why[DECODE_WHY] = "no memory for a decoder";
	int rc;

	*content =
		(struct content){ .limit = options->max_body ? options->max_body : DEFAULT_LIMIT };
	if (!has_body(call, head))
		return 0;
	if (!options->keep_encoding) {
		rc = decode_open(&content->decode, head->headers, head->header_count, why);
		if (rc < 0)
			return async_raise(rc, "%s", why);
	}
	if (!content->decode && head->content_length > 0 &&
	    (uint64_t)head->content_length > content->limit)
		return too_large(content, "the body is announced to have");
	return 0;
}

/* ---- The bytes ------------------------------------------------------------------------------- */

void content_feed(struct content *content, struct json_span piece)
{
	if (content->decode)
		decode_feed(content->decode, piece.ptr, piece.len);
	else
		content->fed = piece;
}

/* The length, 0 or a negative code. */
static ssize_t next_piece(struct content *content, struct json_span *piece)
{
	ssize_t n;

	if (!content->decode) {
		*piece = content->fed;
		content->fed.len = 0;
		return (ssize_t)piece->len;
	}
	n = decode_read(content->decode, &piece->ptr);
	if (n < 0)
		return async_raise((int)n, "the body cannot be decoded: %s",
				   n == HTTP_EDECODE ? decode_why(content->decode)
						     : async_strerror((int)n));
	piece->len = (size_t)n;
	return n;
}

int content_next(struct content *content, struct json_span *piece)
{
	ssize_t n = next_piece(content, piece);

	if (n <= 0)
		return (int)n;
	content->size += (size_t)n;
	if (content->size > content->limit)
		return too_large(content,
				 content->decode ? "the body has, decoded," : "the body has");
	return 1;
}

ASYNC_SUSPENDS
int content_keep(struct content *content, const struct call *call, struct json_span piece)
{
	const struct http_options *options = call->options;

	if (options->on_body)
		return options->on_body(options->on_body_arg, piece.ptr, piece.len);
	return body_append(&content->body, piece.ptr, piece.len,
			   content->decode ? -1 : call->content_length, options);
}

int content_end(const struct content *content)
{
	int rc = content->decode ? decode_finish(content->decode) : 0;

	if (rc < 0)
		return async_raise(rc,
				   "the body is complete, but what it encodes was cut short after "
				   "%" PRIu64 " bytes",
				   content->size);
	return 0;
}

ASYNC_SUSPENDS
void content_drop(struct content *content, const struct call *call)
{
	decode_close(content->decode);
	body_drop(&content->body, call->options);
}
