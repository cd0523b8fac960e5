/* SPDX-License-Identifier: MIT */
/* follow.h - applies the decisions of redirect.h to a call. */
#ifndef LOOPHOUND_HTTP_FOLLOW_H
#define LOOPHOUND_HTTP_FOLLOW_H

#include "http/call.h"
#include "http/connection.h"

/* Where the answer sends to; NULL: it is the response. Valid until the next parser_begin(). */
const char *follow_location(const struct call *call, const struct connection *connection);

/* NULL is fine. */
void follow_forget(struct http_redirect *history, int count);
/* The next request becomes the one at hand. 0, or a negative code, raised already. */
int follow(struct call *call, const struct connection *connection, const char *location);

#endif
