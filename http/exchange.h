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

/* Reads to the end of the response and gives the body to content. */
ASYNC_SUSPENDS int exchange_body(struct call *call, struct connection *connection,
				 struct content *content);

/*
 * Reads to the end of a response that nobody wants, unless it is long; then the connection just
 * does not become reusable.
 */
ASYNC_SUSPENDS int exchange_drain(struct call *call, struct connection *connection);

/*
 * Is what exchange_head() got no answer to the request, but the end of an idle connection, crossing
 * it on its way? Then the request may go out again, on another connection.
 */
bool exchange_is_late_timeout(const struct call *call, const struct connection *connection);
/* After a failure of exchange_head: may the request go out again, on another connection? */
bool exchange_may_retry(const struct call *call, const struct connection *connection, int rc);

#endif
