/* SPDX-License-Identifier: MIT */
/* dial.h - a new connection for a call: straight to its host, or by way of a proxy. */
#ifndef LOOPHOUND_HTTP_DIAL_H
#define LOOPHOUND_HTTP_DIAL_H

#include "http/call.h"
#include "http/connection.h"

/*
 * To call->url through call->proxy, within the limits of the call. 0, or a code that has been raised
 * unless a limit expired; call->phase and call->peer then say where that was.
 */
ASYNC_SUSPENDS int dial(struct call *call, struct connection **out);

#endif
