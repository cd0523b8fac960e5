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

/* Whatever is refused or fails, body_drop() gives back what was asked for before. */
ASYNC_SUSPENDS
static int ask(struct body *body, size_t room, int64_t announced,
	       const struct http_options *options)
{
	size_t whole = (announced > (int64_t)room ? (size_t)announced : room) + 1;
	int rc = 0;

	if (!options->on_memory || whole <= body->asked)
		return 0;
	rc = options->on_memory(options->on_memory_arg, (ptrdiff_t)(whole - body->asked));
	if (rc >= 0)
		body->asked = whole;
	return rc < 0 ? rc : 0;
}

ASYNC_SUSPENDS
static int grow(struct body *body, size_t room, int64_t announced,
		const struct http_options *options)
{
	int rc = ask(body, room, announced, options);
	char *data;

	if (rc < 0)
		return rc;
	data = realloc(body->data, room + 1);
	if (!data)
		return async_raise(ASYNC_ENOMEM, "no memory for a body of %zu bytes", room);
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
		rc = grow(body, next_room(body, needed, announced), announced, options);
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
	ptrdiff_t asked = (ptrdiff_t)body->asked;

	free(body->data);
	*body = (struct body){ 0 };
	if (asked)
		(void)options->on_memory(options->on_memory_arg, -asked);
}
