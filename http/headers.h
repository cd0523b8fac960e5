/* SPDX-License-Identifier: MIT */
/*
 * headers.h - header fields: collected piece by piece while a head is parsed, then handed over.
 *
 * The text grows in one arena that is used again for the next message; headers_finish() copies it
 * into one malloc'd block, an array of struct http_header with the strings behind it. Names are
 * lower-cased and must be tokens; values lose the white space around them.
 */
#ifndef LOOPHOUND_HTTP_HEADERS_H
#define LOOPHOUND_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/http.h"

#define HEADERS_MAX_FIELDS 100
#define HEADERS_MAX_FIELD (16 * 1024) /* a name and its value */
#define HEADERS_MAX_TOTAL (80 * 1024)

struct headers {
	char *text;
	size_t used, size;
	size_t field_start; /* where the last field, or the lead, begins */
	enum { HEADERS_LEAD, HEADERS_NAME, HEADERS_VALUE } piece; /* what grows now */
	unsigned count;
	struct {
		uint32_t name, value; /* offsets: the text moves as it grows */
	} fields[HEADERS_MAX_FIELDS];
};

/* Zeroed memory is an empty set. */
void headers_reset(struct headers *headers);
void headers_free(struct headers *headers);

/*
 * The parser's callbacks: pieces of the lead (a request's target, before any field), of a name, of
 * a value. 0, HTTP_EHEADER_OVERFLOW, HTTP_EPARSE for a name that is not a token, ASYNC_ENOMEM.
 */
int headers_lead(struct headers *headers, const char *data, size_t size);
int headers_name(struct headers *headers, const char *data, size_t size);
int headers_value(struct headers *headers, const char *data, size_t size);

/*
 * Ends the last field and copies everything: *block is the caller's, one free() for all; *lead (may
 * be NULL) points into it. 0 or ASYNC_ENOMEM.
 */
int headers_finish(struct headers *headers, struct http_header **block, const char **lead);

/* The first value of that name in any case, or NULL; and how many there are of it. */
const char *headers_find(const struct http_header *items, size_t count, const char *name);
size_t headers_count(const struct http_header *items, size_t count, const char *name);

/* A token of RFC 9110 (method, field name), not empty. */
bool headers_is_token(const char *text, size_t size);
/* May be sent as a field's value: no CR, LF, NUL, nor any control byte but the tab. */
bool headers_is_value(const char *text);
/* Looks for a word in a comma-separated list: "close" in "keep-alive, Close". */
bool headers_has_word(const char *list, const char *word);

#endif
