/* SPDX-License-Identifier: MIT */
/*
 * headers.c - the arena that header fields grow in, and questions about a finished array of them.
 *
 * Pieces come in order: lead, name, value, name, value. Each is ended, with a NUL, when the next
 * kind begins, so there is always room kept for that one byte.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/headers.h"

#define FIRST_SIZE 1024
#define KEEP_SIZE 8192 /* a larger arena is not kept for the next message */

/* RFC 9110 5.6.2 */
static const bool token_bytes[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,
	['#'] = true,	      ['$'] = true,	    ['%'] = true,	  ['&'] = true,
	['\''] = true,	      ['*'] = true,	    ['+'] = true,	  ['-'] = true,
	['.'] = true,	      ['^'] = true,	    ['_'] = true,	  ['`'] = true,
	['|'] = true,	      ['~'] = true,
};

void headers_reset(struct headers *headers)
{
	if (headers->size > KEEP_SIZE)
		headers_free(headers);
	headers->used = headers->field_start = 0;
	headers->piece = HEADERS_LEAD;
	headers->count = 0;
}

void headers_free(struct headers *headers)
{
	free(headers->text);
	headers->text = NULL;
	headers->size = 0;
}

/* Makes room for size bytes and a NUL. */
static int grow(struct headers *headers, size_t size)
{
	size_t need = headers->used + size + 1;
	size_t room = headers->size ? headers->size : FIRST_SIZE;
	char *text;

	if (need <= headers->size)
		return 0;
	while (room < need)
		room *= 2;
	text = realloc(headers->text, room);
	if (!text)
		return ASYNC_ENOMEM;
	headers->text = text;
	headers->size = room;
	return 0;
}

static int append(struct headers *headers, const char *data, size_t size)
{
	int rc;

	if (size > HEADERS_MAX_FIELD ||
	    headers->used + size - headers->field_start > HEADERS_MAX_FIELD ||
	    headers->used + size > HEADERS_MAX_TOTAL)
		return HTTP_EHEADER_OVERFLOW;
	rc = grow(headers, size);
	if (rc < 0)
		return rc;
	memcpy(headers->text + headers->used, data, size);
	headers->used += size;
	return 0;
}

static void end_piece(struct headers *headers)
{
	if (headers->piece == HEADERS_VALUE) {
		size_t start = headers->fields[headers->count - 1].value;

		while (headers->used > start && (headers->text[headers->used - 1] == ' ' ||
						 headers->text[headers->used - 1] == '\t'))
			headers->used--;
	}
	headers->text[headers->used++] = '\0';
}

int headers_lead(struct headers *headers, const char *data, size_t size)
{
	return append(headers, data, size);
}

static int begin_field(struct headers *headers)
{
	int rc = grow(headers, 0);

	if (rc < 0)
		return rc;
	if (headers->count == HEADERS_MAX_FIELDS)
		return HTTP_EHEADER_OVERFLOW;
	end_piece(headers);
	headers->fields[headers->count++].name = (uint32_t)headers->used;
	headers->field_start = headers->used;
	headers->piece = HEADERS_NAME;
	return 0;
}

int headers_name(struct headers *headers, const char *data, size_t size)
{
	int rc = headers->piece == HEADERS_NAME ? 0 : begin_field(headers);
	char *name;

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < size; i++)
		if (!token_bytes[(unsigned char)data[i]])
			return HTTP_EPARSE;
	rc = append(headers, data, size);
	if (rc < 0)
		return rc;
	name = headers->text + headers->used - size;
	for (size_t i = 0; i < size; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 0x20;
	return 0;
}

static int begin_value(struct headers *headers)
{
	int rc = grow(headers, 0);

	if (rc < 0)
		return rc;
	end_piece(headers);
	headers->fields[headers->count - 1].value = (uint32_t)headers->used;
	headers->piece = HEADERS_VALUE;
	return 0;
}

int headers_value(struct headers *headers, const char *data, size_t size)
{
	int rc = headers->piece == HEADERS_VALUE ? 0 : begin_value(headers);

	return rc < 0 ? rc : append(headers, data, size);
}

int headers_finish(struct headers *headers, struct http_header **block, const char **lead)
{
	struct http_header *items;
	char *text;
	int rc = headers->piece == HEADERS_NAME ? begin_value(headers) : grow(headers, 0);

	if (rc < 0)
		return rc;
	end_piece(headers);
	items = malloc(headers->count * sizeof(*items) + headers->used);
	if (!items)
		return ASYNC_ENOMEM;
	text = (char *)(items + headers->count);
	memcpy(text, headers->text, headers->used);
	for (unsigned i = 0; i < headers->count; i++)
		items[i] = (struct http_header){ .name = text + headers->fields[i].name,
						 .value = text + headers->fields[i].value };
	*block = items;
	if (lead)
		*lead = text;
	return 0;
}

/* Most names differ in their first byte already, whatever its case. */
static bool same_name(const char *a, const char *b)
{
	return (*a | 0x20) == (*b | 0x20) && strcasecmp(a, b) == 0;
}

const char *headers_find(const struct http_header *items, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (same_name(items[i].name, name))
			return items[i].value;
	return NULL;
}

size_t headers_count(const struct http_header *items, size_t count, const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += same_name(items[i].name, name);
	return found;
}

bool headers_is_token(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!token_bytes[(unsigned char)text[i]])
			return false;
	return size > 0;
}

bool headers_is_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

bool headers_has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (;;) {
		list += strspn(list, ", \t");
		if (*list == '\0')
			return false;
		if (strncasecmp(list, word, length) == 0) {
			const char *end = list + length + strspn(list + length, " \t");

			if (*end == ',' || *end == '\0')
				return true;
		}
		list += strcspn(list, ",");
	}
}
