/* SPDX-License-Identifier: MIT */
/*
 * hop.h - one request and its response, with at most one free repetition: the piece of a call
 * between two redirects.
 */
#ifndef LOOPHOUND_HTTP_HOP_H
#define LOOPHOUND_HTTP_HOP_H

#include "http/call.h"

/* 0 and *out is the response; 1: call holds the next request; a negative code, raised already. */
ASYNC_SUSPENDS int hop_make(struct call *call, struct http_response **out);

#endif
