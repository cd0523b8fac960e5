/* SPDX-License-Identifier: MIT */
/*
 * decode_zstd.c - zstd (RFC 8878), by libzstd. A body may be several frames in a row.
 *
 * RFC 9659 limits the window of a body sent over HTTP to 8 MiB, so that is all the memory that a
 * frame's head may ask for.
 */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "http/decode.h"

#define WINDOW_LOG_MAX 23

struct frames {
	ZSTD_DStream *stream;
	bool begun; /* a frame */
	bool ended; /* the last one is complete, and no other has begun */
};

static void *open_zstd(void)
{
	struct frames *frames = calloc(1, sizeof(*frames));

	if (!frames)
		return NULL;
	frames->stream = ZSTD_createDStream();
	if (frames->stream && !ZSTD_isError(ZSTD_DCtx_setParameter(
				      frames->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return frames;
	ZSTD_freeDStream(frames->stream);
	free(frames);
	return NULL;
}

/* RFC 8878 3.1: the first byte of a frame, or of one to be skipped; libzstd knows older formats. */
static bool is_magic(unsigned char byte)
{
	return byte == 0x28 || (byte & 0xf0) == 0x50;
}

static int step(void *state, struct decode_io *io, const char **why)
{
	struct frames *frames = state;
	ZSTD_inBuffer in = { io->in, io->in_size, 0 };
	ZSTD_outBuffer out = { io->out, io->out_size, 0 };
	size_t rc;

	/* Between frames a call without input would begin the next one. */
	if (io->in_size == 0 && !frames->begun)
		return 0;
	if (!frames->begun && !is_magic((unsigned char)*io->in)) {
		*why = "not a frame of zstd";
		return HTTP_EDECODE;
	}
	frames->begun = true;
	rc = ZSTD_decompressStream(frames->stream, &out, &in);
	io->in += in.pos;
	io->in_size -= in.pos;
	io->out += out.pos;
	io->out_size -= out.pos;
	if (ZSTD_isError(rc)) {
		*why = ZSTD_getErrorName(rc);
		return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? ASYNC_ENOMEM
									     : HTTP_EDECODE;
	}
	frames->ended = rc == 0;
	frames->begun = rc != 0;
	return 0;
}

static bool ended(const void *state)
{
	return ((const struct frames *)state)->ended;
}

static void close_zstd(void *state)
{
	struct frames *frames = state;

	ZSTD_freeDStream(frames->stream);
	free(frames);
}

static const struct decoder zstd = {
	.name = "zstd",
	.open = open_zstd,
	.step = step,
	.ended = ended,
	.close = close_zstd,
};
const struct decoder *const decode_zstd = &zstd;
