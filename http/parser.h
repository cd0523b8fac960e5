/* SPDX-License-Identifier: MIT */
/*
 * parser.h - HTTP/1.x messages, strictly: bytes go in, one event at a time comes out.
 *
 * The only user of http-parser, whose build in Debian is the lenient one; everything that it lets
 * through and that two programs could read in two ways is refused here. Pure: no I/O, no waits.
 *
 *     parser_begin(parser, &(struct parser_options){ .head_request = is_head });
 *     while ((n = read(...)) > 0)
 *             for (size_t at = 0; at < n; at += used)
 *                     switch (rc = parser_feed(parser, buffer + at, n - at, &used, &span)) {
 *                     case PARSER_HEAD: parser_head(parser) is complete and checked
 *                     case PARSER_BODY: span is the next piece of the body, inside buffer
 *                     case PARSER_DONE: at + used < n: surplus, never to be fed as a next response
 *                     case PARSER_MORE: used is all of it; read again
 *                     default:          a negative code, parser_why() has the words
 *                     }
 *     at the end of the stream: parser_finish()
 *
 * Rules for users:
 *  - Feed again what was not used; the last byte of a head or body may be asked for twice.
 *  - After PARSER_DONE or a failure, only parser_begin() goes on.
 *  - After a failure, or when the head's keep_alive is false at PARSER_DONE, drop the connection.
 */
#ifndef LOOPHOUND_HTTP_PARSER_H
#define LOOPHOUND_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

struct parser;

enum parser_event {
	PARSER_MORE = 0, /* everything was used, the message goes on */
	PARSER_HEAD,	 /* the final head (interim 1xx ones are skipped) */
	PARSER_BODY,
	PARSER_DONE, /* the message is complete */
};

#define PARSER_MAX_INTERIM 8 /* 1xx responses before the final one */

/* What the message is measured against. */
struct parser_options {
	bool request;	   /* parse requests, as a server does; the next four are for responses */
	bool head_request; /* HEAD was asked: there is no body whatever the head says */
	bool conditional;  /* a 304 was asked for; otherwise HTTP_EUNEXPECTED_304 */
	const char *range; /* the Range asked for; a 206 that is no answer: HTTP_EUNEXPECTED_206 */
	uint64_t max_body; /* bytes, announced or received: HTTP_EBODY_TOO_LARGE; 0: no limit */
};

struct parser_head {
	int status; /* 100 to 599; also set after a failure, once it is known; 0: a request */
	const char *method; /* of a request, else NULL; a constant string */
	const char *target; /* of a request, else NULL; printable ASCII without spaces */
	int minor;	    /* HTTP/1.minor */
	bool keep_alive;    /* final at PARSER_DONE: the connection may carry another message */
	bool chunked;
	bool until_eof;		/* only the end of the stream ends the body */
	int64_t content_length; /* as announced; -1: not */
	unsigned interim;	/* 1xx responses skipped */
	unsigned bare_lf;	/* lines that ended in LF alone: tolerated in heads, counted */
	const struct http_header *headers; /* valid until parser_begin(), unless taken */
	size_t header_count;
};

/* NULL without memory. */
struct parser *parser_new(void);
/* NULL is fine. */
void parser_free(struct parser *parser);

/* Gets ready for the next message; forgets the last one and frees its headers unless taken. */
void parser_begin(struct parser *parser, const struct parser_options *options);

/*
 * An enum parser_event, or a negative code: HTTP_EPARSE, HTTP_EFRAMING, HTTP_EHEADER_OVERFLOW,
 * HTTP_ETOO_MANY_1XX, HTTP_EUNEXPECTED_304, HTTP_EUNEXPECTED_206, HTTP_EBODY_TOO_LARGE,
 * ASYNC_ENOMEM. *used is how many bytes need not be fed again; *body is set with PARSER_BODY and
 * points into data.
 */
int parser_feed(struct parser *parser, const char *data, size_t size, size_t *used,
		struct json_span *body);

/*
 * The stream has ended: PARSER_DONE when that completes the message, else HTTP_ECLOSED_EARLY (no
 * complete head) or HTTP_EBODY_TRUNCATED.
 */
int parser_finish(struct parser *parser);

const struct parser_head *parser_head(const struct parser *parser);
/* Bytes used since parser_begin(), and of the body among them (without chunk framing). */
uint64_t parser_bytes(const struct parser *parser);
uint64_t parser_body_bytes(const struct parser *parser);
/* The last failure in words; valid until parser_begin(). */
const char *parser_why(const struct parser *parser);

/* "Not Found" for 404; "Unknown" for a status that has no name. */
const char *parser_reason(int status);

/* Hands over the block behind head->headers: one free() ends it. After PARSER_HEAD. */
struct http_header *parser_take_headers(struct parser *parser);

#endif
