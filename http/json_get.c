/* SPDX-License-Identifier: MIT */
/*
 * json_get.c - follows a path into a text.
 *
 * The text is validated first, as a whole; after that every reader here may trust it, which is why
 * none of them looks for an end that the grammar promises.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "http/http.h"
#include "http/json.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* From the opening quote to beyond the closing one. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at + 1;
}

/* From the first byte of a value to beyond its last. */
static const char *skip_value(const char *at, const char *end)
{
	int depth = 0;

	do {
		if (*at == '"') {
			at = skip_string(at);
		} else if (*at == '{' || *at == '[') {
			depth++;
			at++;
		} else if (*at == '}' || *at == ']') {
			depth--;
			at++;
		} else if (depth) {
			at++;
		} else {
			while (at < end && !is_space(*at) && !strchr(",]}", *at))
				at++;
		}
	} while (depth);
	return at;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static unsigned hex4(const char *at)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
	return value;
}

static int write_utf8(char out[4], unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Decodes the escape behind a backslash; *at moves beyond it. Returns how many bytes it means. */
static int decode_escape(const char **at, char out[4])
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	char c = *(*at)++;
	const char *letter = strchr(letters, c);
	unsigned unit;

	if (c != 'u') {
		out[0] = letter ? meanings[letter - letters] : c;
		return 1;
	}
	unit = hex4(*at);
	*at += 4;
	if ((unit & 0xfc00) == 0xd800) {
		unit = 0x10000 + ((unit & 0x3ff) << 10) + (hex4(*at + 2) & 0x3ff);
		*at += 6;
	}
	return write_utf8(out, unit);
}

/* Does the key, as written between its quotes, mean name? */
static bool key_is(struct json_span key, struct json_span name)
{
	const char *at = key.ptr, *end = key.ptr + key.len;

	if (!memchr(key.ptr, '\\', key.len))
		return key.len == name.len && memcmp(key.ptr, name.ptr, name.len) == 0;
	while (at < end) {
		char bytes[4] = { *at++ };
		int count = bytes[0] == '\\' ? decode_escape(&at, bytes) : 1;

		if (name.len < (size_t)count || memcmp(name.ptr, bytes, count) != 0)
			return false;
		name.ptr += count;
		name.len -= count;
	}
	return name.len == 0;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/*
 * From an object to the value of the member called name. NULL when there is none, and when there
 * are two: which one was meant is not for us to guess.
 */
static const char *find_member(const char *at, const char *end, struct json_span name, bool *twice)
{
	const char *found = NULL;

	if (*at != '{')
		return NULL;
	at = skip_space(at + 1, end);
	while (*at != '}') {
		struct json_span key = { at + 1, 0 };

		at = skip_string(at);
		key.len = at - 1 - key.ptr;
		at = skip_space(skip_space(at, end) + 1, end);
		if (key_is(key, name)) {
			*twice = found != NULL;
			if (found)
				return NULL;
			found = at;
		}
		at = skip_space(skip_value(at, end), end);
		if (*at == ',')
			at = skip_space(at + 1, end);
	}
	return found;
}

static const char *find_element(const char *at, const char *end, size_t index)
{
	if (*at != '[')
		return NULL;
	at = skip_space(at + 1, end);
	while (*at != ']') {
		if (index-- == 0)
			return at;
		at = skip_space(skip_value(at, end), end);
		if (*at == ',')
			at = skip_space(at + 1, end);
	}
	return NULL;
}

/* "[12]": *path moves beyond it. False when it has another form. */
static bool read_index(const char **path, size_t *index)
{
	const char *c = *path + 1;

	*index = 0;
	for (; *c >= '0' && *c <= '9' && *index < SIZE_MAX / 16; c++)
		*index = *index * 10 + (*c - '0');
	if (**path != '[' || c == *path + 1 || *c != ']')
		return false;
	*path = c + 1;
	return true;
}

/* ".name" or "['any name']" */
static bool read_name(const char **path, struct json_span *name)
{
	const char *close;

	if (**path == '.') {
		*name = (struct json_span){ *path + 1, strcspn(*path + 1, ".[") };
		*path = name->ptr + name->len;
		return name->len > 0;
	}
	if (strncmp(*path, "['", 2) != 0)
		return false;
	close = strstr(*path + 2, "']");
	if (!close)
		return false;
	*name = (struct json_span){ *path + 2, close - *path - 2 };
	*path = close + 2;
	return true;
}

bool json_is_path(const char *path)
{
	struct json_span name;
	size_t index;

	if (*path++ != '$')
		return false;
	while (*path)
		if (!read_index(&path, &index) && !read_name(&path, &name))
			return false;
	return true;
}

int json_look(struct json_span text, const char *path, struct json_span *value)
{
	const char *at, *end, *after;
	bool twice = false;

	if (*path++ != '$' || json_validate(text, NULL) != JSON_VALID)
		return HTTP_EJSON;
	end = text.ptr + text.len;
	at = skip_space(text.ptr, end);
	while (*path && at) {
		struct json_span name;
		size_t index;

		if (read_index(&path, &index))
			at = find_element(at, end, index);
		else if (read_name(&path, &name))
			at = find_member(at, end, name, &twice);
		else
			return HTTP_EJSON;
	}
	if (!at)
		return twice ? HTTP_EJSON : 1;
	after = skip_value(at, end);
	if (*at == '"') {
		at++;
		after--;
	}
	*value = (struct json_span){ at, after - at };
	return 0;
}

struct json_span json_without_mark(struct json_span text)
{
	if (text.len >= 3 && !memcmp(text.ptr, "\xEF\xBB\xBF", 3))
		return (struct json_span){ text.ptr + 3, text.len - 3 };
	return text;
}

int json_get(struct json_span text, const char *path, struct json_span *value)
{
	int rc = json_look(text, path, value);

	return rc > 0 ? HTTP_EJSON : rc;
}
