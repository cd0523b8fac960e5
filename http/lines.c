/* SPDX-License-Identifier: MIT */
/*
 * lines.c - see lines.h. Works line end by line end, with memchr, since heads are on the fast path.
 */
#include <string.h>

#include "http/lines.h"

void lines_begin(struct lines *lines, bool request)
{
	*lines = (struct lines){ .request = request, .at_start = true, .bare_lf = lines->bare_lf };
}

void lines_expect_crlf(struct lines *lines)
{
	lines->crlf = 2;
	lines->at_start = true;
	lines->place = LINES_SIZE;
}

/* Of a status line the beginning matters, "HTTP/1.1 200"; of a request line the end, "HTTP/1.1". */
static const char *check_first(struct lines *lines, const char *data, size_t size)
{
	static const char pattern[] = "HTTP/1.0 000 ";

	if (lines->request) {
		for (size_t i = size > 8 ? size - 8 : 0; i < size; i++)
			lines->tail = lines->tail << 8 | (unsigned char)data[i];
		return NULL;
	}
	for (size_t i = 0; i < size && lines->column < sizeof(pattern) - 1; i++, lines->column++) {
		char want = pattern[lines->column];
		bool digit = data[i] >= '0' && data[i] <= '9';

		if (want == '0' ? !digit : data[i] != want)
			return "not an HTTP/1.x status line";
	}
	return NULL;
}

static const char *end_first(const struct lines *lines)
{
	/* "HTTP/1." and one more byte, which the parser has checked to be a digit. */
	if (lines->request)
		return lines->tail >> 8 == 0x485454502f312eULL ? NULL
							       : "not an HTTP/1.x request line";
	/* The reason phrase may be missing, with or without the space before it. */
	return lines->column >= 12 ? NULL : "not an HTTP/1.x status line";
}

/* RFC 9112 7.1: blanks may stand between the size and the extensions, which begin with ";". */
static const char *check_size(struct lines *lines, const char *data, size_t size)
{
	for (size_t i = 0; i < size && lines->size != LINES_EXTENSION; i++) {
		if (data[i] == ';')
			lines->size = LINES_EXTENSION;
		else if (data[i] == ' ' || data[i] == '\t')
			lines->size = LINES_BLANKS;
		else if (lines->size == LINES_BLANKS)
			return "something else stands behind a chunk size";
	}
	return NULL;
}

static const char *end_line(struct lines *lines)
{
	const char *wrong = NULL;

	if (lines->place == LINES_FIRST) {
		wrong = end_first(lines);
		lines->place = LINES_FIELDS;
	} else if (lines->place == LINES_FIELDS && lines->at_start) {
		lines->place = LINES_SIZE;
	} else if (lines->place == LINES_SIZE) {
		/* Trailers, unless there are data, and behind them another size. */
		lines->place = LINES_STRICT;
	}
	lines->at_start = true;
	lines->size = LINES_DIGITS;
	return wrong;
}

/* RFC 9110 5.5: no control byte but the tab is text. */
static bool is_control(unsigned char byte)
{
	return (byte < ' ' && byte != '\t') || byte == 0x7f;
}

/* Eight bytes at a time: is one of them below a blank, or 0x7f? Those are looked at again. */
static bool has_control(const char *data, size_t size)
{
	const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
	size_t at = 0;

	for (; at + 8 <= size; at += 8) {
		uint64_t word, del;

		memcpy(&word, data + at, 8);
		del = word ^ ones * 0x7f;
		if (((((word - ones * ' ') & ~word) | ((del - ones) & ~del)) & highs) == 0)
			continue;
		for (size_t i = at; i < at + 8; i++)
			if (is_control((unsigned char)data[i]))
				return true;
	}
	for (; at < size; at++)
		if (is_control((unsigned char)data[at]))
			return true;
	return false;
}

/* The bytes of a line before its end. */
static const char *check_text(struct lines *lines, const char *data, size_t size)
{
	if (lines->at_start && (*data == ' ' || *data == '\t') && lines->place >= LINES_FIELDS)
		return "a line begins with white space";
	lines->at_start = false;
	if (lines->place == LINES_BEFORE)
		lines->place = LINES_FIRST;
	if (lines->place == LINES_FIRST)
		return check_first(lines, data, size);
	if (has_control(data, size))
		return "a control byte in the head";
	return lines->place == LINES_SIZE ? check_size(lines, data, size) : NULL;
}

/* The one byte that has to come: of the CRLF after chunk data, or the LF after a CR. */
static const char *check_due(struct lines *lines, char byte)
{
	if (lines->crlf) {
		if (byte != (lines->crlf == 2 ? '\r' : '\n'))
			return "chunk data is not followed by CRLF";
		lines->crlf--;
		return NULL;
	}
	if (byte != '\n')
		return "a CR is not followed by LF";
	lines->after_cr = false;
	return end_line(lines);
}

static const char *check_bare_lf(struct lines *lines)
{
	if (lines->place >= LINES_STRICT)
		return "a line of the chunk framing ends without CR";
	lines->bare_lf++;
	return end_line(lines);
}

const char *lines_check(struct lines *lines, const char *data, size_t size)
{
	const char *end = data + size, *wrong = NULL;

	while (data < end && !wrong) {
		const char *stop, *cr;

		if (lines->crlf || lines->after_cr) {
			wrong = check_due(lines, *data++);
			continue;
		}
		stop = memchr(data, '\n', end - data);
		if (!stop)
			stop = end;
		cr = memchr(data, '\r', stop - data);
		if (cr)
			stop = cr;
		if (stop > data)
			wrong = check_text(lines, data, stop - data);
		if (wrong || stop == end)
			break;
		data = stop + 1;
		if (cr)
			lines->after_cr = true;
		else
			wrong = check_bare_lf(lines);
	}
	return wrong;
}
