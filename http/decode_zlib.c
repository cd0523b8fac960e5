/* SPDX-License-Identifier: MIT */
/*
 * decode_zlib.c - gzip and deflate, by zlib.
 *
 * gzip (RFC 1952) may be several members in a row, and servers pad it with zeroes; any other byte
 * behind a member must begin the next one. "deflate" means the zlib format (RFC 1950), and since
 * some have always sent bare deflate (RFC 1951), the first two bytes decide.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "http/decode.h"

#define GZIP (15 + 16) /* windowBits as zlib has them: the largest window, and which wrapping */
#define ZLIB 15
#define RAW (-15)
#define MAGIC 0x1f /* the first byte of a member */

struct inflate {
	z_stream z;
	bool gzip;
	bool started;	     /* inflateInit2() was called */
	bool between;	     /* behind the end of a member: padding, or the next one */
	bool padded;	     /* then there is no next one */
	unsigned char first; /* of a deflate body, whose second byte is not there yet */
	bool have_first;
};

/* zlib takes two factors; its own memory counts like ours. */
static void *take(void *unused, unsigned count, unsigned size)
{
	(void)unused;
	return calloc(count, size);
}

static void give(void *unused, void *memory)
{
	(void)unused;
	free(memory);
}

static int start(struct inflate *inflate, int window_bits)
{
	inflate->z.zalloc = take;
	inflate->z.zfree = give;
	if (inflateInit2(&inflate->z, window_bits) != Z_OK)
		return ASYNC_ENOMEM;
	inflate->started = true;
	return 0;
}

static void *open_gzip(void)
{
	struct inflate *inflate = calloc(1, sizeof(*inflate));

	if (!inflate || start(inflate, GZIP) == 0) {
		if (inflate)
			inflate->gzip = true;
		return inflate;
	}
	free(inflate);
	return NULL;
}

static void *open_deflate(void)
{
	return calloc(1, sizeof(struct inflate));
}

/* One call of inflate() with the io's input and room. */
static int run(struct inflate *inflate_, struct decode_io *io, const char **why)
{
	z_stream *z = &inflate_->z;
	int rc;

	z->next_in = (unsigned char *)io->in;
	z->avail_in = (unsigned)io->in_size;
	z->next_out = (unsigned char *)io->out;
	z->avail_out = (unsigned)io->out_size;
	rc = inflate(z, Z_NO_FLUSH);
	io->in += io->in_size - z->avail_in;
	io->in_size = z->avail_in;
	io->out += io->out_size - z->avail_out;
	io->out_size = z->avail_out;
	if (rc == Z_MEM_ERROR)
		return ASYNC_ENOMEM;
	if (rc == Z_STREAM_END) {
		inflate_->between = true;
		return 0;
	}
	/* Z_BUF_ERROR: neither input nor room, which is not an error. */
	if (rc == Z_OK || rc == Z_BUF_ERROR)
		return 0;
	*why = z->msg ? z->msg : "damaged";
	return HTTP_EDECODE;
}

/* Behind a member's end: skips padding, or gets ready for the next member. */
static int go_on(struct inflate *inflate, struct decode_io *io, const char **why)
{
	while (io->in_size > 0 && *io->in == '\0') {
		inflate->padded = true;
		io->in++;
		io->in_size--;
	}
	if (io->in_size == 0)
		return 0;
	if (!inflate->gzip || inflate->padded || *io->in != MAGIC) {
		*why = "there are bytes behind its end";
		return HTTP_EDECODE;
	}
	inflate->between = false;
	return inflateReset(&inflate->z) == Z_OK ? 0 : ASYNC_ENOMEM;
}

static int step_gzip(void *state, struct decode_io *io, const char **why)
{
	struct inflate *inflate = state;
	int rc = inflate->between ? go_on(inflate, io, why) : 0;

	return rc < 0 || inflate->between ? rc : run(inflate, io, why);
}

/* RFC 1950 2.2: method 8, a window of at most 32 KiB, and a check of both bytes. */
static bool is_zlib(unsigned char first, unsigned char second)
{
	return (first & 0x0f) == 8 && first >> 4 <= 7 && (first << 8 | second) % 31 == 0;
}

/* Decides by the first two bytes, and feeds the first one, which may have come alone. */
static int begin_deflate(struct inflate *inflate, struct decode_io *io, const char **why)
{
	char first;
	struct decode_io again = { .in = &first, .in_size = 1 };
	int rc;

	if (!inflate->have_first && io->in_size > 0) {
		inflate->first = (unsigned char)*io->in++;
		io->in_size--;
		inflate->have_first = true;
	}
	if (io->in_size == 0)
		return 0;
	rc = start(inflate, is_zlib(inflate->first, (unsigned char)*io->in) ? ZLIB : RAW);
	if (rc < 0)
		return rc;
	first = (char)inflate->first;
	again.out = io->out;
	again.out_size = io->out_size;
	rc = run(inflate, &again, why);
	io->out = again.out;
	io->out_size = again.out_size;
	return rc;
}

static int step_deflate(void *state, struct decode_io *io, const char **why)
{
	struct inflate *inflate = state;
	int rc = 0;

	if (!inflate->started)
		rc = begin_deflate(inflate, io, why);
	return rc < 0 || !inflate->started ? rc : step_gzip(inflate, io, why);
}

static bool ended(const void *state)
{
	return ((const struct inflate *)state)->between;
}

static void close_inflate(void *state)
{
	struct inflate *inflate = state;

	if (inflate->started)
		inflateEnd(&inflate->z);
	free(inflate);
}

static const struct decoder gzip = {
	.name = "gzip",
	.open = open_gzip,
	.step = step_gzip,
	.ended = ended,
	.close = close_inflate,
};
static const struct decoder deflate_or_raw = {
	.name = "deflate",
	.open = open_deflate,
	.step = step_deflate,
	.ended = ended,
	.close = close_inflate,
};
const struct decoder *const decode_gzip = &gzip;
const struct decoder *const decode_deflate = &deflate_or_raw;
