/* SPDX-License-Identifier: MIT */
/*
 * exchange.h - one request and its response over one connection, with all limits of time and size.
 *
 * A failure has been raised, with its text, when these return; an expired limit has not, because
 * only limit_end() knows it from a cancellation.
 */
#ifndef LOOPHOUND_HTTP_EXCHANGE_H
#define LOOPHOUND_HTTP_EXCHANGE_H

#include "http/call.h"
#include "http/connection.h"
#include "http/content.h"

/* Sends call->bytes (and the body, if it is not in them) and reads to the end of the head. */
ASYNC_SUSPENDS int exchange_head(struct call *call, struct connection *connection);

/*
 * The next piece of the body, decoded: 1 and *piece, valid until the next call; 0 at its end, which
 * has been verified; or a code. A cancelled call has lost nothing: the next one goes on.
 */
ASYNC_SUSPENDS int exchange_pull(struct call *call, struct connection *connection,
				 struct content *content, struct json_span *piece);
/* Reads to the end of the response and keeps the body in content, or tells on_body. */
ASYNC_SUSPENDS int exchange_body(struct call *call, struct connection *connection,
				 struct content *content);

/*
 * Reads to the end of a response that nobody wants, unless it is long or takes long; then the
 * connection just does not become reusable.
 */
ASYNC_SUSPENDS int exchange_drain(struct call *call, struct connection *connection);

/* The same as far as it has been received: never waits. */
void exchange_discard(struct call *call, struct connection *connection);

/*
 * Is what exchange_head() got no answer to the request, but the end of an idle connection, crossing
 * it on its way? Then the request may go out again, on another connection.
 */
bool exchange_is_late_timeout(const struct call *call, const struct connection *connection);
/* After a failure of exchange_head: may the request go out again, on another connection? */
bool exchange_may_retry(const struct call *call, const struct connection *connection, int rc);

/* ---- Between exchange.c and exchange_send.c --------------------------------------------------- */

/*
 * Sends the request. 0; or raised, what upload_next() and net_write() return. *event becomes PARSER_HEAD
 * when the answer's head came instead of a leave to go on. connection->write_failed: the peer takes
 * no more, but may have answered.
 */
ASYNC_SUSPENDS int exchange_send(struct call *call, struct connection *connection, int64_t now,
				 int *event);
/* From now on the call expires at due, meaning code, or with the whole if that is earlier. */
void exchange_allow(struct call *call, struct connection *connection, int64_t due, int code);
/* While the caller's code runs, the server is not to blame for the time. */
void exchange_allow_callback(struct call *call, struct connection *connection);
/* What the parser makes of the input: an event, or a code, raised. */
int exchange_feed(struct call *call, struct connection *connection, struct json_span *piece);
/* More input: PARSER_MORE; at the end of the stream PARSER_DONE, or a code, raised. */
ASYNC_SUSPENDS int exchange_fill(struct call *call, struct connection *connection);
bool exchange_is_disconnect(int rc);
int exchange_stream_failed(const struct call *call, const struct connection *connection, int rc);

#endif
