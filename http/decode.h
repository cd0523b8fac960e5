/* SPDX-License-Identifier: MIT */
/*
 * decode.h - a body's Content-Encoding undone, in pieces of any size. Pure: bytes in, bytes out.
 *
 *     rc = decode_open(&decode, headers, count, why);      // NULL: there is nothing to undo
 *     decode_feed(decode, bytes, size);                    // as they come; kept only until used up
 *     while ((n = decode_read(decode, &piece)) > 0)
 *             use(piece, n);
 *     rc = decode_finish(decode);                          // after the last byte
 *
 * Rules for users:
 *  - Feed again only when decode_read() has returned 0; the bytes must stay until then.
 *  - A coding has an end of its own, with a checksum, which must have been seen: a body whose framing
 *    was right may have been cut before it was encoded, or after.
 *  - How much comes out is for the caller to limit: a thousand times what went in is ordinary.
 *
 * Each library is one file behind struct decoder. Brotli and Zstandard are there if the library is;
 * decode_no_*.c stands for what is not.
 */
#ifndef LOOPHOUND_HTTP_DECODE_H
#define LOOPHOUND_HTTP_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "http/http.h"

/* RFC 9110 8.4 sets no limit to how many codings lie over one another; nobody needs three. */
#define DECODE_MAX_CODINGS 2
#define DECODE_WHY 160
#define DECODE_PIECE (16 * 1024)

struct decode;

/*
 * For all Content-Encoding headers together. 0 and *out, which is NULL when the body is as it is;
 * HTTP_EDECODE and why has the reason (a coding that is unknown here, or too many); ASYNC_ENOMEM.
 */
int decode_open(struct decode **out, const struct http_header *headers, size_t count,
		char why[DECODE_WHY]);
void decode_feed(struct decode *decode, const char *data, size_t size);
/*
 * The next decoded bytes, at most DECODE_PIECE, valid until the next call: how many; 0: feed more;
 * HTTP_EDECODE (damaged, or bytes behind the end), ASYNC_ENOMEM.
 */
ssize_t decode_read(struct decode *decode, const char **piece);
/*
 * Was that all of it? 0, or HTTP_EDECODE_TRUNCATED. Nothing at all is taken for an empty body: many
 * servers announce a coding and then send none.
 */
int decode_finish(const struct decode *decode);
/* The last failure in words. */
const char *decode_why(const struct decode *decode);
/* NULL is fine. */
void decode_close(struct decode *decode);

/* The value of Accept-Encoding that asks for what can be undone here: "gzip, deflate, br, zstd". */
const char *decode_accepted(void);

/* ---- One coding: for decode_*.c -------------------------------------------------------------- */

/* Moves forward as it is used. */
struct decode_io {
	const char *in;
	size_t in_size;
	char *out;
	size_t out_size;
};

struct decoder {
	const char *name;    /* in Content-Encoding, lower case */
	void *(*open)(void); /* NULL without memory */
	/* As far as input and room go: 0, HTTP_EDECODE and *why, a constant text, or ASYNC_ENOMEM. */
	int (*step)(void *state, struct decode_io *io, const char **why);
	/* Its own end has been seen, and nothing was begun behind it. */
	bool (*ended)(const void *state);
	void (*close)(void *state);
};

/* NULL: built without. */
extern const struct decoder *const decode_gzip, *const decode_deflate, *const decode_brotli,
									       *const decode_zstd;

#endif
