/* SPDX-License-Identifier: MIT */
/*
 * feed.h - a stream of bytes cut into lines, whatever pieces it comes in. Pure.
 *
 *     while ((room = feed_room(&feed, &size)) && (got = read(fd, room, size)) > 0) {
 *             feed_filled(&feed, got);
 *             while ((what = feed_next(&feed, false, &line)) != FEED_MORE)
 *                     ...
 *     }
 *     ... and once more with true, for a last line without an end
 */
#ifndef LOOPHOUND_APP_FEED_H
#define LOOPHOUND_APP_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/json.h"

#define FEED_LONGEST (1024 * 1024) /* of a line, its end included */
#define FEED_CHUNK 65536

struct feed {
	char *data;
	size_t start, end, capacity;
	size_t searched; /* from start: known to hold no line end */
	uint64_t number; /* of the last line given out, from 1 */
	bool skipping;	 /* the rest of a line that was too long */
};

enum feed_result {
	FEED_MORE,     /* nothing whole left: fill in more */
	FEED_LINE,     /* *line, without its LF and CR; valid until feed_room() */
	FEED_TOO_LONG, /* *line is how it began; the rest will be left out */
};

/* Where to read to; NULL without memory. At least one byte once feed_next() said FEED_MORE. */
char *feed_room(struct feed *feed, size_t *size);
void feed_filled(struct feed *feed, size_t size);
enum feed_result feed_next(struct feed *feed, bool at_end, struct json_span *line);
void feed_free(struct feed *feed);

#endif
