/* SPDX-License-Identifier: MIT */
/* response.h - what a call hands to its caller. */
#ifndef LOOPHOUND_HTTP_RESPONSE_H
#define LOOPHOUND_HTTP_RESPONSE_H

#include "http/body.h"
#include "http/call.h"
#include "http/connection.h"

/*
 * After a complete exchange: takes the body, the head's fields and the call's URL over.
 * 0 or ASYNC_ENOMEM, and then nothing was taken.
 */
int response_make(struct http_response **out, struct call *call, struct connection *connection,
		  struct body *body);

#endif
