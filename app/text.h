/* SPDX-License-Identifier: MIT */
/*
 * text.h - bytes that grow at their end, and how they become part of a line of JSON.
 *
 * Running out of memory is remembered, not returned: what follows is ignored, and whoever built
 * the text looks at `failed` once, at the end. So a record is written in one straight line of calls.
 * A zeroed struct is an empty text.
 */
#ifndef LOOPHOUND_APP_TEXT_H
#define LOOPHOUND_APP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http/json.h"

struct text {
	char *data; /* not NUL-terminated; see text_cstr() */
	size_t length, capacity;
	bool failed;
};

void text_free(struct text *text);
/* Room for so many bytes more, without the doubling that appending does; for large bodies. */
void text_reserve(struct text *text, size_t more);
/* The same with the doubling, and one byte more for text_cstr(). False: there is none. */
bool text_grow_slowly(struct text *text, size_t more);
static inline bool text_grow(struct text *text, size_t more)
{
	if (!text->failed && text->data && more < text->capacity - text->length)
		return true;
	return text_grow_slowly(text, more);
}
/* Takes size bytes out of the middle. */
void text_remove(struct text *text, size_t at, size_t size);
/* Inline, since most of what is appended is a constant of known length for which there is room. */
static inline void text_bytes(struct text *text, const void *data, size_t size)
{
	if (!size || !text_grow(text, size))
		return;
	memcpy(text->data + text->length, data, size);
	text->length += size;
}
static inline void text_string(struct text *text, const char *string)
{
	text_bytes(text, string, strlen(string));
}
static inline void text_char(struct text *text, char c)
{
	text_bytes(text, &c, 1);
}
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_unsigned(struct text *text, uint64_t value);
/* Nanoseconds as milliseconds with one decimal: 412.7, and without a decimal when there is none. */
void text_ms(struct text *text, int64_t ns);
/* The content with a NUL behind it, which is not counted; "" when there is none. */
const char *text_cstr(struct text *text);

/* A JSON string with its quotes; what is not UTF-8 in it becomes U+FFFD. */
void text_json(struct text *text, const char *data, size_t size);
/* The same for header values, whose charset nobody knows: each byte above 0x7f is Latin-1. */
void text_json_latin1(struct text *text, const char *data, size_t size);
/* A JSON string of base64. */
void text_json_base64(struct text *text, const void *data, size_t size);
/* What a string means: raw is its content without the quotes, from valid JSON. */
void text_json_unescape(struct text *text, struct json_span raw);
/* Valid JSON, byte for byte, but on one line. */
void text_json_value(struct text *text, struct json_span value);

#endif
