/* SPDX-License-Identifier: MIT */
/*
 * content.h - what becomes of the bytes of a response's body: decoded, counted against the limit, and
 * then kept or handed to the caller, piece by piece. Pulled: nothing is decoded before it is asked for.
 */
#ifndef LOOPHOUND_HTTP_CONTENT_H
#define LOOPHOUND_HTTP_CONTENT_H

#include "http/body.h"
#include "http/call.h"
#include "http/decode.h"
#include "http/parser.h"

struct content {
	struct body body;      /* what was kept */
	struct decode *decode; /* NULL: the body is as it is */
	struct json_span fed;  /* without a decoder: what comes out next */
	uint64_t size;	       /* of what came out so far */
	uint64_t limit;
};

/* How many bytes may be received, encoded or not. */
uint64_t content_wire_limit(const struct http_options *options);

/* By what the head says. 0, HTTP_EDECODE, HTTP_EBODY_TOO_LARGE, ASYNC_ENOMEM, all raised. */
int content_begin(struct content *content, const struct call *call, const struct parser_head *head);
/* The next bytes as received, which stay until content_next() has returned 0; not before it has. */
void content_feed(struct content *content, struct json_span piece);
/*
 * 1 and *piece, the next bytes as they are meant; 0: feed more; HTTP_EDECODE, HTTP_EBODY_TOO_LARGE,
 * ASYNC_ENOMEM, raised.
 */
int content_next(struct content *content, struct json_span *piece);
/* Keeps the piece in content->body, or tells on_body: 0, ASYNC_ENOMEM, what the caller's functions say. */
ASYNC_SUSPENDS
int content_keep(struct content *content, const struct call *call, struct json_span piece);
/* After the last one: 0 or HTTP_EDECODE_TRUNCATED, raised. */
int content_end(const struct content *content);
/* Frees what has not been taken over. To be called once after content_begin(), whatever it returned. */
ASYNC_SUSPENDS
void content_drop(struct content *content, const struct call *call);

#endif
