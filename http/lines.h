/* SPDX-License-Identifier: MIT */
/*
 * lines.h - the line discipline of HTTP/1.x, checked over the raw bytes beside http-parser.
 *
 * Debian's http-parser is built without its strict checks: a CR may be followed by anything, the
 * five bytes "HTTP/" may be any five, chunk data need not be followed by CRLF, a chunk extension
 * may hold a LF, anything may stand behind a chunk size and a blank, a value may begin with any
 * byte. Each of these lets a sender show two readers two different messages. This is fed the same
 * bytes, except those of bodies, and objects.
 */
#ifndef LOOPHOUND_HTTP_LINES_H
#define LOOPHOUND_HTTP_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines {
	bool request;
	enum {
		LINES_BEFORE, /* blank lines ahead of the message */
		LINES_FIRST,  /* the status line or request line */
		LINES_FIELDS, /* the rest of the head: a bare LF is tolerated */
		LINES_STRICT, /* from here on it is not: the trailers */
		LINES_SIZE,   /* the size of a chunk and its extensions */
	} place;
	enum { LINES_DIGITS, LINES_BLANKS, LINES_EXTENSION } size; /* how far in such a line */
	bool after_cr;						   /* only a LF may come now */
	bool at_start;						   /* of a line */
	unsigned char crlf; /* how many bytes of the CRLF after chunk data are to come */
	unsigned column;    /* of the first line, as far as it matters */
	unsigned bare_lf;   /* counted for ever */
	uint64_t tail;	    /* the last eight bytes of the first line */
};

/* For the next message. */
void lines_begin(struct lines *lines, bool request);
/* The data of a chunk has ended. */
void lines_expect_crlf(struct lines *lines);
/* NULL, or what is wrong with these bytes: a constant string. */
const char *lines_check(struct lines *lines, const char *data, size_t size);

#endif
