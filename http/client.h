/* SPDX-License-Identifier: MIT */
/*
 * client.h - what http_request() and http_open() have in common: a call is begun, run up to its
 * response, and cleaned up.
 */
#ifndef LOOPHOUND_HTTP_CLIENT_H
#define LOOPHOUND_HTTP_CLIENT_H

#include "http/call.h"

/* options: not NULL, to stay as long as the call. The session is open. */
void client_begin(struct call *call, struct http_session *session,
		  const struct http_options *options);
/* Up to the response, or with call->stream to the end of its head. 0, or a code, raised and traced. */
ASYNC_SUSPENDS
int client_run(struct call *call, const char *url, struct http_response **out);
/* Puts an expired limit into words; every other failure has its own already. Returns rc. */
int client_explain(const struct call *call, int rc);
/* All that belongs to the request alone goes. */
void client_clean_up(struct call *call);

#endif
