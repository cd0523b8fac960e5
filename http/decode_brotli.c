/* SPDX-License-Identifier: MIT */
/* decode_brotli.c - br (RFC 7932), by libbrotlidec. It has an end, but no checksum. */
#include <brotli/decode.h>
#include <stdlib.h>

#include "http/decode.h"

static void *take(void *unused, size_t size)
{
	(void)unused;
	return malloc(size);
}

static void give(void *unused, void *memory)
{
	(void)unused;
	free(memory);
}

static void *open_brotli(void)
{
	return BrotliDecoderCreateInstance(take, give, NULL);
}

static bool is_about_memory(BrotliDecoderErrorCode code)
{
	return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
	       code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

static int step(void *state, struct decode_io *io, const char **why)
{
	const uint8_t *in = (const uint8_t *)io->in;
	uint8_t *out = (uint8_t *)io->out;
	BrotliDecoderResult result =
		BrotliDecoderDecompressStream(state, &io->in_size, &in, &io->out_size, &out, NULL);

	io->in = (const char *)in;
	io->out = (char *)out;
	if (result == BROTLI_DECODER_RESULT_ERROR) {
		BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state);

		*why = BrotliDecoderErrorString(code);
		return is_about_memory(code) ? ASYNC_ENOMEM : HTTP_EDECODE;
	}
	if (result == BROTLI_DECODER_RESULT_SUCCESS && io->in_size > 0) {
		*why = "there are bytes behind its end";
		return HTTP_EDECODE;
	}
	return 0;
}

static bool ended(const void *state)
{
	return BrotliDecoderIsFinished(state);
}

static void close_brotli(void *state)
{
	BrotliDecoderDestroyInstance(state);
}

static const struct decoder brotli = {
	.name = "br",
	.open = open_brotli,
	.step = step,
	.ended = ended,
	.close = close_brotli,
};
const struct decoder *const decode_brotli = &brotli;
