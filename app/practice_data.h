/* SPDX-License-Identifier: MIT */
/* practice_data.h - what the twelve practice APIs know: a path and a JSON object each. Pure. */
#ifndef LOOPHOUND_APP_PRACTICE_DATA_H
#define LOOPHOUND_APP_PRACTICE_DATA_H

#include <stddef.h>

#define PRACTICE_APIS 12

struct practice_api {
	const char *name;   /* "weather": its path without the slash */
	const char *fields; /* what its object holds besides "id" and "api", as JSON */
};

extern const struct practice_api practice_apis[PRACTICE_APIS];

/* The API whose path this is ("/weather", "/weather/7"), or NULL. */
const struct practice_api *practice_api_of(const char *path, size_t length);

/*
 * Writes {"id":7,"api":"weather",...} and pads it with a member "padding" to size bytes exactly,
 * when it is shorter by more than the member's own frame. Returns the length that it has, or would
 * have: nothing is written past capacity, and the text ends with a NUL when there is room.
 */
size_t practice_body(char *buffer, size_t capacity, const struct practice_api *api, int id,
		     size_t size);

#endif
