/* SPDX-License-Identifier: MIT */
/* out.c - see out.h. */
#include "runtime/trace/out.h"

#include <string.h>

void out_flush(struct trace_out *out)
{
	if (!out->flush)
		return;
	if (!out->error && out->used)
		out->error = out->flush(out);
	out->used = 0;
}

void out_bytes(struct trace_out *out, const char *bytes, size_t count)
{
	while (count) {
		size_t room = out->size - out->used, part = count < room ? count : room;

		memcpy(out->buffer + out->used, bytes, part);
		out->used += part;
		bytes += part;
		count -= part;
		if (!count)
			return;
		if (!out->flush)
			return;
		out_flush(out);
	}
}

void out_text(struct trace_out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void out_int(struct trace_out *out, int64_t value)
{
	char digits[24], *at = digits + sizeof digits;
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	out_bytes(out, at, (size_t)(digits + sizeof digits - at));
}

void out_thousandths(struct trace_out *out, int64_t value)
{
	int64_t rest = value % 1000;

	if (value < 0) {
		out_text(out, "-");
		value = -value;
		rest = -rest;
	}
	out_int(out, value / 1000);
	out_bytes(out,
		  (char[4]){ '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
			     (char)('0' + rest % 10) },
		  4);
}

void out_hex(struct trace_out *out, uint64_t value)
{
	char digits[16], *at = digits + sizeof digits;

	do
		*--at = "0123456789abcdef"[value & 15];
	while (value >>= 4);
	out_text(out, "0x");
	out_bytes(out, at, (size_t)(digits + sizeof digits - at));
}

/* How many bytes the character at text has; 0: it is no UTF-8. A NUL ends it in time. */
static size_t utf8_length(const unsigned char *text)
{
	size_t length = *text < 0x80   ? 1
			: *text < 0xc2 ? 0
			: *text < 0xe0 ? 2
			: *text < 0xf0 ? 3
			: *text < 0xf5 ? 4
				       : 0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

static void out_escape(struct trace_out *out, unsigned char c)
{
	if (c == '\n')
		out_text(out, "\\n");
	else if (c == '\t')
		out_text(out, "\\t");
	else
		out_bytes(
			out,
			(char[6]){ '\\', 'u', '0', '0', "01"[c >> 4], "0123456789abcdef"[c & 15] },
			6);
}

void out_json(struct trace_out *out, const char *text)
{
	out_text(out, "\"");
	for (size_t length; *text; text += length) {
		unsigned char c = (unsigned char)*text;

		length = utf8_length((const unsigned char *)text);
		if (length == 0) {
			out_text(out, "\\ufffd");
			length = 1;
		} else if (c < 0x20) {
			out_escape(out, c);
		} else {
			if (c == '"' || c == '\\')
				out_text(out, "\\");
			out_bytes(out, text, length);
		}
	}
	out_text(out, "\"");
}

/* value / unit with three digits, but no more than two decimals, and none that are 0 at the end. */
static void out_scaled(struct trace_out *out, int64_t value, int64_t unit, const char *name)
{
	int64_t step = value < 10 * unit ? 1 : value < 100 * unit ? 10 : 100;
	double hundredths = (double)value / (double)unit * 100;
	int64_t rounded = (int64_t)(hundredths / (double)step + 0.5) * step;

	out_int(out, rounded / 100);
	if (rounded % 100) {
		out_text(out, ".");
		out_int(out, rounded / 10 % 10);
		if (rounded % 10)
			out_int(out, rounded % 10);
	}
	out_text(out, name);
}

void out_duration(struct trace_out *out, int64_t ns)
{
	if (ns < 0)
		ns = 0;
	if (ns < 1000)
		out_scaled(out, ns, 1, " ns");
	else if (ns < 100 * 1000)
		out_scaled(out, ns, 1000, " µs");
	else if (ns < 999500 * 1000LL)
		out_scaled(out, ns, 1000 * 1000, " ms");
	else
		out_scaled(out, ns, 1000 * 1000 * 1000, " s");
}
