/* SPDX-License-Identifier: MIT */
/* json_write.c - text into JSON strings, and JSON texts into single lines. */
#include <string.h>

#include "http/json.h"
#include "http/utf8.h"

size_t json_one_line(struct json_span text, char *out)
{
	const char *at = text.len ? text.ptr : "", *end = at + text.len;
	char *start = out;

	/* In a valid text CR and LF only stand between tokens, so all of them go. */
	while (at < end) {
		const char *stop = memchr(at, '\n', end - at), *cr;

		if (!stop)
			stop = end;
		cr = memchr(at, '\r', stop - at);
		if (cr)
			stop = cr;
		memmove(out, at, stop - at);
		out += stop - at;
		at = stop < end ? stop + 1 : end;
	}
	return out - start;
}

/* A quote, a backslash or a control byte. */
static char *write_escape(char *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[32] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};

	*out++ = '\\';
	if (c >= ' ') {
		*out++ = (char)c;
	} else if (letters[c]) {
		*out++ = letters[c];
	} else {
		memcpy(out, "u00", 3);
		out[3] = hex[c >> 4];
		out[4] = hex[c & 15];
		out += 5;
	}
	return out;
}

/* Copies the plain bytes at *at to *out. Where *at then stands is not plain, or the end. */
static void copy_plain(const char **at, const char *end, char **out)
{
	const char *stop = utf8_skip_plain(*at, end);

	memcpy(*out, *at, stop - *at);
	*out += stop - *at;
	*at = stop;
}

size_t json_write_string(char *out, struct json_span text)
{
	const char *at = text.len ? text.ptr : "", *end = at + text.len;
	char *start = out;

	*out++ = '"';
	while (at < end) {
		int length;

		copy_plain(&at, end, &out);
		if (at == end)
			break;
		if ((unsigned char)*at < 0x80) {
			out = write_escape(out, (unsigned char)*at++);
			continue;
		}
		length = utf8_length(at, end);
		memcpy(out, length ? at : "\xef\xbf\xbd", length ? length : 3);
		out += length ? length : 3;
		at += length ? length : 1;
	}
	*out++ = '"';
	return out - start;
}

size_t json_write_latin1(char *out, struct json_span text)
{
	const char *at = text.len ? text.ptr : "", *end = at + text.len;
	char *start = out;

	*out++ = '"';
	while (at < end) {
		unsigned char c;

		copy_plain(&at, end, &out);
		if (at == end)
			break;
		c = (unsigned char)*at++;
		if (c < 0x80) {
			out = write_escape(out, c);
		} else {
			*out++ = (char)(0xc0 | c >> 6);
			*out++ = (char)(0x80 | (c & 0x3f));
		}
	}
	*out++ = '"';
	return out - start;
}
