/* SPDX-License-Identifier: MIT */
/* body.c - see body.h. */
#include "http/body.h"

#include <stdlib.h>
#include <string.h>

#define BELIEVED (64 * 1024)
#define SMALLEST 2048

static size_t next_room(const struct body *body, size_t needed, int64_t announced)
{
	size_t room = 2 * body->room;

	if (announced >= 0 && announced <= BELIEVED)
		return (size_t)announced > needed ? (size_t)announced : needed;
	if (room < (announced < 0 ? SMALLEST : BELIEVED))
		room = announced < 0 ? SMALLEST : BELIEVED;
	if (announced >= 0 && room > (uint64_t)announced)
		room = (size_t)announced;
	return room > needed ? room : needed;
}

ASYNC_SUSPENDS
static int grow(struct body *body, size_t room, const struct http_options *options)
{
	ptrdiff_t change = (ptrdiff_t)(room - body->room) + (body->data ? 0 : 1);
	int rc = 0;

	if (options->on_memory)
		rc = options->on_memory(options->on_memory_arg, change);
	if (rc < 0)
		return rc;

	char *data = realloc(body->data, room + 1);
	if (!data) {
		if (options->on_memory)
			(void)options->on_memory(options->on_memory_arg, -change);
		return async_raise(ASYNC_ENOMEM, "no memory for a body of %zu bytes", room);
	}
	body->data = data;
	body->room = room;
	return 0;
}

ASYNC_SUSPENDS
int body_append(struct body *body, const char *data, size_t size, int64_t announced,
		const struct http_options *options)
{
	size_t needed = body->size + size;
	int rc = 0;

	if (!body->data || needed > body->room)
		rc = grow(body, next_room(body, needed, announced), options);
	if (rc < 0)
		return rc;
	memcpy(body->data + body->size, data, size);
	body->size = needed;
	body->data[needed] = '\0';
	return 0;
}

ASYNC_SUSPENDS
void body_drop(struct body *body, const struct http_options *options)
{
	ptrdiff_t held = (ptrdiff_t)body->room + 1;

	if (!body->data)
		return;
	free(body->data);
	*body = (struct body){ 0 };
	if (options->on_memory)
		(void)options->on_memory(options->on_memory_arg, -held);
}
