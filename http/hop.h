/* SPDX-License-Identifier: MIT */
/*
 * hop.h - one request and its response, with at most one free repetition: the piece of a call
 * between two redirects.
 */
#ifndef LOOPHOUND_HTTP_HOP_H
#define LOOPHOUND_HTTP_HOP_H

#include "http/call.h"

/*
 * 0 and *out is the response; 1: call holds the next request; a negative code, raised already. With
 * call->stream, 0 comes at the end of the head, and hop_end() is the caller's to call.
 */
ASYNC_SUSPENDS int hop_make(struct call *call, struct http_response **out);
/* Gives back what the hop has: a connection that may go on, as rc tells, to the pool; its lease. */
void hop_end(struct call *call, int rc);

#endif
