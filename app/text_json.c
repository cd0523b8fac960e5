/* SPDX-License-Identifier: MIT */
/* text_json.c - any bytes as a part of one line of valid JSON. */
#include "app/text.h"

#include <string.h>

/* A string may grow sixfold; in slices of this size that costs no memory worth speaking of. */
#define SLICE 16384

/* How much of data the next slice takes: it does not end inside a UTF-8 sequence. */
static size_t slice(const char *data, size_t size)
{
	size_t length = size;

	if (size <= SLICE)
		return size;
	for (length = SLICE; length > SLICE - 4 && (data[length] & 0xC0) == 0x80; length--)
		;
	return length;
}

static void write_string(struct text *text, const char *data, size_t size,
			 size_t (*write)(char *out, struct json_span text))
{
	bool first = true;

	do {
		struct json_span part = { data, slice(data, size) };
		size_t from = text->length;

		text_grow(text, JSON_STRING_ROOM(part.len));
		if (text->failed)
			return;
		/* Each slice brings quotes of its own; the first of them replaces the last one. */
		if (!first)
			from--;
		text->length = from + write(text->data + from, part);
		if (!first)
			text_remove(text, from, 1);
		first = false;
		data += part.len;
		size -= part.len;
	} while (size);
}

void text_json(struct text *text, const char *data, size_t size)
{
	write_string(text, data, size, json_write_string);
}

void text_json_latin1(struct text *text, const char *data, size_t size)
{
	write_string(text, data, size, json_write_latin1);
}

void text_json_value(struct text *text, struct json_span value)
{
	text_reserve(text, value.len);
	if (!text->failed)
		text->length += json_one_line(value, text->data + text->length);
}

void text_json_base64(struct text *text, const void *data, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *bytes = data;

	text_reserve(text, size / 3 * 4 + 6);
	text_char(text, '"');
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		unsigned word = (unsigned)bytes[i] << 16 | (left > 1 ? bytes[i + 1] : 0u) << 8 |
				(left > 2 ? bytes[i + 2] : 0u);
		char four[4] = { digits[word >> 18], digits[word >> 12 & 63],
				 left > 1 ? digits[word >> 6 & 63] : '=',
				 left > 2 ? digits[word & 63] : '=' };

		text_bytes(text, four, 4);
	}
	text_char(text, '"');
}

static unsigned hex4(const char *digits)
{
	unsigned number = 0;

	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)digits[i];

		number = number << 4 | (c <= '9' ? c - '0' + 0u : (c | 0x20) - 'a' + 10u);
	}
	return number;
}

static void utf8(struct text *text, unsigned c)
{
	if (c >= 0x10000)
		text_char(text, (char)(0xF0 | c >> 18));
	if (c >= 0x800)
		text_char(text, (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 63) : 0xE0 | c >> 12));
	if (c >= 0x80)
		text_char(text, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 63) : 0xC0 | c >> 6));
	text_char(text, (char)(c >= 0x80 ? 0x80 | (c & 63) : c));
}

void text_json_unescape(struct text *text, struct json_span raw)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at = raw.ptr, *end = at + raw.len;

	while (at < end) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));
		unsigned c;

		text_bytes(text, at, (size_t)((slash ? slash : end) - at));
		if (!slash)
			return;
		at = slash + 2;
		if (slash[1] != 'u') {
			text_char(text, meant[strchr(letters, slash[1]) - letters]);
			continue;
		}
		c = hex4(at);
		at += 4;
		if (c >> 10 == 0x36 && end - at >= 6) {
			c = 0x10000 + ((c & 0x3FF) << 10) + (hex4(at + 2) & 0x3FF);
			at += 6;
		}
		utf8(text, c);
	}
}
