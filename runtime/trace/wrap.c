/* SPDX-License-Identifier: MIT */
/* wrap.c - see wrap.h. */
#include "runtime/trace/wrap.h"

#include <string.h>

enum { COLUMNS = 78, INDENT = 2 };

static void end_word(struct wrap *wrap)
{
	if (!wrap->length)
		return;
	if (wrap->column && wrap->column + 1 + wrap->width > COLUMNS) {
		out_text(wrap->out, "\n  ");
		wrap->column = INDENT;
	} else if (wrap->column) {
		out_text(wrap->out, " ");
		wrap->column++;
	}
	out_bytes(wrap->out, wrap->word, wrap->length);
	wrap->column += wrap->width;
	wrap->length = wrap->width = 0;
}

static void add(struct wrap *wrap, char c)
{
	/* A word longer than any line is cut: better than to lose it. */
	if (wrap->length == sizeof wrap->word)
		end_word(wrap);
	wrap->word[wrap->length++] = c;
	wrap->width += ((unsigned char)c & 0xc0) != 0x80;
}

void wrap_text(struct wrap *wrap, const char *text)
{
	for (; *text; text++)
		if (*text == ' ')
			end_word(wrap);
		else
			add(wrap, *text);
}

void wrap_unbroken(struct wrap *wrap, const char *text)
{
	for (; *text; text++)
		add(wrap, *text);
}

void wrap_int(struct wrap *wrap, int64_t value)
{
	char digits[24] = "";
	struct trace_out out = { .buffer = digits, .size = sizeof digits - 1 };

	out_int(&out, value);
	wrap_unbroken(wrap, digits);
}

void wrap_duration(struct wrap *wrap, int64_t ns)
{
	char text[32] = "";
	struct trace_out out = { .buffer = text, .size = sizeof text - 1 };

	out_duration(&out, ns);
	wrap_unbroken(wrap, text);
}

void wrap_seconds(struct wrap *wrap, int64_t ns)
{
	char text[32] = "";
	struct trace_out out = { .buffer = text, .size = sizeof text - 1 };

	out_thousandths(&out, ns / 1000000);
	out_text(&out, " s");
	wrap_unbroken(wrap, text);
}

void wrap_paragraph(struct wrap *wrap)
{
	end_word(wrap);
	if (wrap->column)
		out_text(wrap->out, "\n\n");
	wrap->column = 0;
}

void wrap_block(struct wrap *wrap, const char *lines)
{
	end_word(wrap);
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		out_text(wrap->out, "\n    ");
		out_bytes(wrap->out, lines, length);
		lines += length + (lines[length] == '\n');
	}
	/* The paragraph goes on below it. */
	wrap->column = COLUMNS;
}
