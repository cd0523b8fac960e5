/* SPDX-License-Identifier: MIT */
/*
 * json.h - strict JSON (RFC 8259) without copies: validate, and point into the text.
 * Pure: buffers in, values out. No recursion, so it is safe on a coroutine's small stack.
 */
#ifndef LOOPHOUND_HTTP_JSON_H
#define LOOPHOUND_HTTP_JSON_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A stretch of somebody else's bytes; valid as long as what it points into. */
struct json_span {
	const char *ptr;
	size_t len;
};

#define JSON_MAX_DEPTH 512

enum json_verdict { JSON_VALID = 0, JSON_INVALID, JSON_TOO_DEEP };

/*
 * Checks all of text: one value, UTF-8, depth at most JSON_MAX_DEPTH. Also refused: a \u escape
 * that is half of a surrogate pair, and a byte order mark, which callers strip. On failure *offset
 * (may be NULL) is the first byte that is wrong, or text.len when more should have come.
 */
enum json_verdict json_validate(struct json_span text, size_t *offset);

/*
 * Finds path ("$.a[0].b", "$['x.y']") and points value at it, as written: a string without its
 * quotes and with its escapes untouched, anything else as in the text. The text is validated on
 * the way; keys are compared by what they mean ("\u0061" is "a"). 0, or HTTP_EJSON when the path
 * is absent or malformed, one of its names is twice in its object, or the text is not JSON.
 */
int json_get(struct json_span text, const char *path, struct json_span *value);
/* The text behind a byte order mark, which some servers and editors write and JSON does not have. */
struct json_span json_without_mark(struct json_span text);

/* Is it of that form? For who takes a path from a user. */
bool json_is_path(const char *path);
/* The same as json_get(), but 1 when the text is JSON in which the path leads to nothing. */
int json_look(struct json_span text, const char *path, struct json_span *value);

/*
 * Copies a text that json_validate() has accepted, without the CR and LF bytes between its tokens:
 * one line, and otherwise byte for byte. out has room for text.len bytes and may be text.ptr
 * itself. Returns how many were written.
 */
size_t json_one_line(struct json_span text, char *out);

/* Is text well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF? */
bool json_is_utf8(struct json_span text);

/* What a string of so many bytes may need at most, quotes included. */
#define JSON_STRING_ROOM(len) (6 * (size_t)(len) + 2)

/*
 * Writes text as a JSON string with its quotes, and no NUL. Valid UTF-8 is kept as it is; each byte
 * that is not part of it becomes U+FFFD. out has JSON_STRING_ROOM(text.len) bytes. Returns how many
 * were written.
 */
size_t json_write_string(char *out, struct json_span text);
/* The same for header values: each byte above 0x7f is the Latin-1 character of that number. */
size_t json_write_latin1(char *out, struct json_span text);

#ifdef __cplusplus
}
#endif

#endif
