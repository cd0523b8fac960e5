/* SPDX-License-Identifier: MIT */
/*
 * decode.c - which codings a head names, and a chain of them.
 *
 * Codings are named in the order in which they were applied, so they are undone from the last one
 * on. The chain is pulled from its end: a stage that has no input asks the one before it.
 */
#include "http/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "runtime/base.h"

struct stage {
	const struct decoder *decoder;
	void *state;
	struct decode_io io;
	char *buffer; /* what the stage before it has made; NULL: this is the first */
};

struct decode {
	struct stage stages[DECODE_MAX_CODINGS];
	int count;
	bool fed;
	const char *why;
	char piece[DECODE_PIECE];
};

/* ---- Names ----------------------------------------------------------------------------------- */

/* x-gzip is gzip (RFC 9110 8.4.1.3). NULL: unknown here. */
static const struct decoder *find(const char *name, size_t length)
{
	const struct decoder *const known[] = { decode_gzip, decode_deflate, decode_brotli,
						decode_zstd };

	if (length == 6 && strncasecmp(name, "x-gzip", 6) == 0)
		return decode_gzip;
	for (size_t i = 0; i < array_size(known); i++)
		if (known[i] && strlen(known[i]->name) == length &&
		    strncasecmp(known[i]->name, name, length) == 0)
			return known[i];
	return NULL;
}

const char *decode_accepted(void)
{
	if (decode_brotli)
		return decode_zstd ? "gzip, deflate, br, zstd" : "gzip, deflate, br";
	return decode_zstd ? "gzip, deflate, zstd" : "gzip, deflate";
}

/* What the head names, in its order. Their number, or HTTP_EDECODE. */
static int name_codings(const char *list, const struct decoder **named, int count,
			char why[DECODE_WHY])
{
	for (const char *at = list; *at;) {
		size_t length, end = strcspn(at, ",");

		length = end;
		while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
			length--;
		if (length > 0 && !(length == 8 && strncasecmp(at, "identity", 8) == 0)) {
			const struct decoder *decoder = find(at, length);

			if (!decoder) {
				snprintf(why, DECODE_WHY,
					 "the body is encoded (%.*s) in a way that is unknown here",
					 (int)(length < 40 ? length : 40), at);
				return HTTP_EDECODE;
			}
			if (count == DECODE_MAX_CODINGS) {
				snprintf(why, DECODE_WHY, "the body is encoded more than %d times",
					 DECODE_MAX_CODINGS);
				return HTTP_EDECODE;
			}
			named[count++] = decoder;
		}
		at += end;
		at += strspn(at, ", \t");
	}
	return count;
}

/* ---- The chain ------------------------------------------------------------------------------- */

static bool open_stage(struct stage *stage, const struct decoder *decoder, bool first)
{
	stage->decoder = decoder;
	stage->io.in = "";
	stage->state = decoder->open();
	if (!first)
		stage->buffer = malloc(DECODE_PIECE);
	return stage->state && (first || stage->buffer);
}

int decode_open(struct decode **out, const struct http_header *headers, size_t count,
		char why[DECODE_WHY])
{
	const struct decoder *named[DECODE_MAX_CODINGS];
	struct decode *decode;
	int codings = 0;
	bool opened = true;

	*out = NULL;
	for (size_t i = 0; i < count && codings >= 0; i++)
		if (strcasecmp(headers[i].name, "content-encoding") == 0)
			codings = name_codings(headers[i].value, named, codings, why);
	if (codings <= 0)
		return codings;
	decode = calloc(1, sizeof(*decode));
	if (!decode)
		return ASYNC_ENOMEM;
	while (decode->count < codings && opened) {
		opened = open_stage(&decode->stages[decode->count],
				    named[codings - 1 - decode->count], decode->count == 0);
		decode->count++;
	}
	if (!opened) {
		decode_close(decode);
		return ASYNC_ENOMEM;
	}
	*out = decode;
	return 0;
}

void decode_close(struct decode *decode)
{
	if (!decode)
		return;
	for (int i = 0; i < decode->count; i++) {
		struct stage *stage = &decode->stages[i];

		if (stage->state)
			stage->decoder->close(stage->state);
		free(stage->buffer);
	}
	free(decode);
}

void decode_feed(struct decode *decode, const char *data, size_t size)
{
	struct stage *first = &decode->stages[0];

	must(first->io.in_size == 0, "decode_feed: what was fed before has not been read yet");
	first->io.in = data;
	first->io.in_size = size;
	decode->fed |= size > 0;
}

static ssize_t pull(struct decode *decode, int which, char *out, size_t size)
{
	struct stage *stage = &decode->stages[which];

	for (;;) {
		size_t before = stage->io.in_size;
		ssize_t got;
		int rc;

		stage->io.out = out;
		stage->io.out_size = size;
		rc = stage->decoder->step(stage->state, &stage->io, &decode->why);
		if (rc < 0)
			return rc;
		if (stage->io.out_size < size)
			return (ssize_t)(size - stage->io.out_size);
		if (stage->io.in_size > 0) {
			must(stage->io.in_size < before, "decode %s: no progress",
			     stage->decoder->name);
			continue;
		}
		if (which == 0)
			return 0;
		got = pull(decode, which - 1, stage->buffer, DECODE_PIECE);
		if (got <= 0)
			return got;
		stage->io.in = stage->buffer;
		stage->io.in_size = (size_t)got;
	}
}

ssize_t decode_read(struct decode *decode, const char **piece)
{
	*piece = decode->piece;
	return pull(decode, decode->count - 1, decode->piece, DECODE_PIECE);
}

int decode_finish(const struct decode *decode)
{
	if (!decode->fed)
		return 0;
	for (int i = 0; i < decode->count; i++)
		if (!decode->stages[i].decoder->ended(decode->stages[i].state))
			return HTTP_EDECODE_TRUNCATED;
	return 0;
}

const char *decode_why(const struct decode *decode)
{
	return decode->why ? decode->why : "damaged";
}
