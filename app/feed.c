/* SPDX-License-Identifier: MIT */
/* feed.c - one buffer; what is left of it moves to the front before it is filled again. */
#include "app/feed.h"

#include <stdlib.h>
#include <string.h>

char *feed_room(struct feed *feed, size_t *size)
{
	size_t kept = feed->end - feed->start;

	if (kept && feed->start)
		memmove(feed->data, feed->data + feed->start, kept);
	feed->start = 0;
	feed->end = kept;
	if (feed->capacity - kept < FEED_CHUNK / 2) {
		size_t capacity = feed->capacity ? feed->capacity * 2 : FEED_CHUNK;
		char *data = realloc(feed->data, capacity);

		if (!data)
			return NULL;
		feed->data = data;
		feed->capacity = capacity;
	}
	*size = feed->capacity - kept;
	return feed->data + kept;
}

void feed_filled(struct feed *feed, size_t size)
{
	feed->end += size;
}

void feed_free(struct feed *feed)
{
	free(feed->data);
	*feed = (struct feed){ 0 };
}

static void give(struct feed *feed, size_t length, struct json_span *line)
{
	*line = (struct json_span){ feed->data + feed->start, length };
	if (length && line->ptr[length - 1] == '\r')
		line->len--;
	feed->number++;
	feed->searched = 0;
}

/* Leaves out what belongs to a line that was too long. True once its end is found. */
static bool skip(struct feed *feed)
{
	char *from = feed->data + feed->start;
	char *found = memchr(from, '\n', feed->end - feed->start);

	feed->start = found ? (size_t)(found - feed->data) + 1 : feed->end;
	feed->skipping = !found;
	return found != NULL;
}

enum feed_result feed_next(struct feed *feed, bool at_end, struct json_span *line)
{
	size_t length = feed->end - feed->start;
	char *from, *found;

	if (!length || (feed->skipping && !skip(feed)))
		return FEED_MORE;
	length = feed->end - feed->start;
	from = feed->data + feed->start;
	found = memchr(from + feed->searched, '\n', length - feed->searched);
	if (found)
		length = (size_t)(found - from);
	feed->searched = length;
	if (length >= FEED_LONGEST) {
		give(feed, 256, line);
		feed->start += found ? length + 1 : length;
		feed->skipping = !found;
		return FEED_TOO_LONG;
	}
	if (!found && (!at_end || !length))
		return FEED_MORE;
	give(feed, length, line);
	feed->start += found ? length + 1 : length;
	return FEED_LINE;
}
