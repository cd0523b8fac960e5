/* SPDX-License-Identifier: MIT */
/*
 * decode.c - encoded bodies: the same comes out however they are cut.
 *
 * The first byte chooses the codings, the second one how long the pieces are.
 */
#include "http/decode.h"
#include "tests/fuzz/fuzz.h"

#define LIMIT (4u << 20)

struct outcome {
	int rc;
	uint64_t hash;
	size_t size;
};

static int feed(struct decode *decode, const char *piece, size_t size, struct outcome *outcome)
{
	const char *out;
	ssize_t n;

	decode_feed(decode, piece, size);
	while ((n = decode_read(decode, &out)) > 0 && outcome->size < LIMIT) {
		outcome->hash = fuzz_hash(outcome->hash, out, (size_t)n);
		outcome->size += (size_t)n;
	}
	return n > 0 ? HTTP_EBODY_TOO_LARGE : (int)n;
}

static struct outcome decode_all(const char *codings, const uint8_t *data, size_t size, size_t step)
{
	struct http_header header = { "content-encoding", codings };
	struct outcome outcome = { 0 };
	struct decode *decode;
	char why[DECODE_WHY];

	outcome.rc = decode_open(&decode, &header, 1, why);
	if (outcome.rc < 0 || !decode)
		return outcome;
	for (size_t at = 0; at < size && outcome.rc == 0; at += step) {
		size_t length = size - at < step ? size - at : step;
		char *piece = fuzz_copy(data + at, length);

		outcome.rc = feed(decode, piece, length, &outcome);
		free(piece);
	}
	if (outcome.rc == 0)
		outcome.rc = decode_finish(decode);
	must(outcome.rc != HTTP_EDECODE || *decode_why(decode), "a failure without a reason");
	decode_close(decode);
	return outcome;
}

FUZZ(decode)
{
	static const char *const codings[] = {
		"gzip", "deflate", "br", "zstd", "gzip, deflate", "gzip, br", "zstd, gzip", "x-gzip"
	};
	struct outcome whole, cut;
	const char *chosen;

	if (size < 2)
		return;
	chosen = codings[data[0] % array_size(codings)];
	whole = decode_all(chosen, data + 2, size - 2, size);
	cut = decode_all(chosen, data + 2, size - 2, data[1] ? data[1] : 1);
	must(whole.rc == cut.rc, "%s: whole %d, in pieces of %d %d", chosen, whole.rc, data[1],
	     cut.rc);
	if (whole.rc == 0)
		must(whole.hash == cut.hash && whole.size == cut.size, "%s", chosen);
}
