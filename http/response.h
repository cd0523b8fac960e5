/* SPDX-License-Identifier: MIT */
/* response.h - what a call hands to its caller. */
#ifndef LOOPHOUND_HTTP_RESPONSE_H
#define LOOPHOUND_HTTP_RESPONSE_H

#include "http/body.h"
#include "http/call.h"
#include "http/connection.h"

/*
 * After a complete exchange, or the end of a head: takes the body, the head's fields and the call's URL over.
 * 0 or ASYNC_ENOMEM, and then nothing was taken.
 */
int response_make(struct http_response **out, struct call *call, struct connection *connection,
		  struct body *body);

struct opened;

/* Whose body is still to be read, or was read by its caller; NULL: a whole response. */
struct opened *response_opened(const struct http_response *response);
/* It is opened's from now on. Returns the response's URL, which stays its own. */
struct url *response_own(struct http_response *response, struct opened *opened);
/* The memory of the response itself. */
void response_drop(struct http_response *response);

#endif
