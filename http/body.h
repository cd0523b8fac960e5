/* SPDX-License-Identifier: MIT */
/*
 * body.h - a response body that grows as it arrives.
 *
 * An announced length is believed only up to 64 KiB; beyond, memory is taken as the bytes come, so
 * a server's claim costs nothing. The holder of a budget (on_memory) is asked for all that is
 * announced at once, since bodies that each hold a part and want more would wait for one another;
 * it is told when that is given back.
 */
#ifndef LOOPHOUND_HTTP_BODY_H
#define LOOPHOUND_HTTP_BODY_H

#include "http/http.h"

struct body {
	char *data; /* NULL: nothing yet; otherwise there is room for a NUL after size bytes */
	size_t size, room;
	size_t asked; /* of on_memory */
};

/*
 * announced: the whole length, -1 when unknown. 0, ASYNC_ENOMEM, or what on_memory returned.
 */
ASYNC_SUSPENDS int body_append(struct body *body, const char *data, size_t size, int64_t announced,
			       const struct http_options *options);
/* Frees it and tells on_memory, whose answer is ignored. */
ASYNC_SUSPENDS
void body_drop(struct body *body, const struct http_options *options);

#endif
