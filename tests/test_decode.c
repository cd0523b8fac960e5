/* SPDX-License-Identifier: MIT */
/*
 * test_decode.c - content codings undone: whatever the pieces, damaged bytes are errors and short
 * ones are truncated.
 */
#include "http/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "runtime/base.h"
#include "tests/harness.h"

#define FOX "The quick brown fox jumps over the lazy dog. "
#define TEXT FOX FOX FOX

/* TEXT, as the programs of that name write it. */
static const unsigned char brotli_text[] = {
	0xa1, 0x30, 0x04, 0x40, 0x64, 0x71, 0xc0, 0x9b, 0x86, 0xae, 0xec, 0xba, 0x84, 0xd8, 0xbd,
	0x58, 0x49, 0x55, 0x86, 0x96, 0x64, 0x66, 0x6c, 0x0d, 0xe2, 0x32, 0x97, 0xb7, 0x41, 0xce,
	0xf0, 0xf4, 0x54, 0xd8, 0x1b, 0x6c, 0xc0, 0x81, 0x43, 0x02, 0x79, 0x23, 0xc9, 0x0d, 0x3a,
	0xad, 0x70, 0xe6, 0xf0, 0x38, 0x51, 0x4d, 0xc1, 0x11, 0x0e, 0xdd, 0xa7, 0xc1,
};
static const unsigned char zstd_text[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x87, 0xad, 0x01, 0x00, 0xd4, 0x02, 0x54, 0x68, 0x65,
	0x20, 0x71, 0x75, 0x69, 0x63, 0x6b, 0x20, 0x62, 0x72, 0x6f, 0x77, 0x6e, 0x20, 0x66,
	0x6f, 0x78, 0x20, 0x6a, 0x75, 0x6d, 0x70, 0x73, 0x20, 0x6f, 0x76, 0x65, 0x72, 0x20,
	0x74, 0x68, 0x65, 0x20, 0x6c, 0x61, 0x7a, 0x79, 0x20, 0x64, 0x6f, 0x67, 0x2e, 0x20,
	0x01, 0x00, 0x3d, 0x38, 0xa9, 0x32, 0x58, 0xa7, 0xa5, 0xfa,
};

struct bytes {
	char *data;
	size_t size;
};

/* wrapping: windowBits as zlib has them. */
static struct bytes deflated(const char *data, size_t size, int wrapping)
{
	struct bytes out = { .size = size / 100 + 1024 };
	z_stream z = { 0 };

	out.data = malloc(out.size);
	CHECK_INT(deflateInit2(&z, 9, Z_DEFLATED, wrapping, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)data;
	z.avail_in = (unsigned)size;
	z.next_out = (unsigned char *)out.data;
	z.avail_out = (unsigned)out.size;
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.size = z.total_out;
	deflateEnd(&z);
	return out;
}

static struct bytes copy(const void *data, size_t size)
{
	struct bytes out = { malloc(size + 1), size };

	memcpy(out.data, data, size);
	return out;
}

static struct bytes joined(struct bytes one, struct bytes other)
{
	one.data = realloc(one.data, one.size + other.size);
	memcpy(one.data + one.size, other.data, other.size);
	one.size += other.size;
	free(other.data);
	return one;
}

static struct bytes gzipped(void)
{
	return deflated(TEXT, strlen(TEXT), 15 + 16);
}

/* ---- Decoding -------------------------------------------------------------------------------- */

static char decoded[4096];
static size_t decoded_size;

static int feed(struct decode *decode, const char *data, size_t size)
{
	const char *piece;
	ssize_t n;

	decode_feed(decode, data, size);
	while ((n = decode_read(decode, &piece)) > 0) {
		CHECK(decoded_size + (size_t)n <= sizeof(decoded));
		memcpy(decoded + decoded_size, piece, (size_t)n);
		decoded_size += (size_t)n;
	}
	return (int)n;
}

/* In pieces: the first of them, then of so many bytes each. */
static int decode_all(const char *coding, struct bytes bytes, size_t first, size_t step)
{
	struct http_header header = { "content-encoding", coding };
	struct decode *decode;
	char why[DECODE_WHY];
	int rc = decode_open(&decode, &header, 1, why);

	decoded_size = 0;
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < bytes.size && rc == 0;) {
		size_t size = at == 0 && first ? first : step;

		if (size > bytes.size - at)
			size = bytes.size - at;
		rc = feed(decode, bytes.data + at, size);
		at += size;
	}
	if (rc == 0)
		rc = decode_finish(decode);
	decode_close(decode);
	return rc;
}

static void expect(const char *coding, struct bytes bytes, int want, const char *text)
{
	for (size_t first = 0; first <= bytes.size; first++) {
		int rc = decode_all(coding, bytes, first, first ? bytes.size : 1);

		if (rc != want)
			FAIL("%s, cut at %zu of %zu: %s, not %s", coding, first, bytes.size,
			     async_errname(rc), async_errname(want));
		if (rc == 0)
			CHECK_MEM(decoded, decoded_size, text, strlen(text));
	}
	free(bytes.data);
}

TEST(every_coding_gives_the_text_back_however_it_is_cut)
{
	expect("gzip", gzipped(), 0, TEXT);
	expect("X-GZIP", gzipped(), 0, TEXT);
	expect("deflate", deflated(TEXT, strlen(TEXT), 15), 0, TEXT);
	expect("deflate", deflated(TEXT, strlen(TEXT), 9), 0, TEXT);
	if (decode_brotli)
		expect("br", copy(brotli_text, sizeof(brotli_text)), 0, TEXT);
	if (decode_zstd)
		expect("zstd", copy(zstd_text, sizeof(zstd_text)), 0, TEXT);
}

TEST(deflate_may_be_bare)
{
	expect("deflate", deflated(TEXT, strlen(TEXT), -15), 0, TEXT);
	expect("deflate", deflated("", 0, -15), 0, "");
}

TEST(members_and_frames_in_a_row_are_one_body)
{
	expect("gzip", joined(gzipped(), gzipped()), 0, TEXT TEXT);
	if (decode_zstd)
		expect("zstd",
		       joined(copy(zstd_text, sizeof(zstd_text)),
			      copy(zstd_text, sizeof(zstd_text))),
		       0, TEXT TEXT);
}

TEST(zeroes_behind_the_end_are_padding_and_anything_else_is_an_error)
{
	expect("gzip", joined(gzipped(), copy("\0\0\0", 3)), 0, TEXT);
	expect("gzip", joined(gzipped(), copy("junk", 4)), HTTP_EDECODE, NULL);
	expect("gzip", joined(gzipped(), copy("\0junk", 5)), HTTP_EDECODE, NULL);
	expect("gzip", joined(joined(gzipped(), copy("\0", 1)), gzipped()), HTTP_EDECODE, NULL);
	expect("deflate", joined(deflated(TEXT, strlen(TEXT), 15), copy("x", 1)), HTTP_EDECODE,
	       NULL);
	if (decode_brotli)
		expect("br", joined(copy(brotli_text, sizeof(brotli_text)), copy("x", 1)),
		       HTTP_EDECODE, NULL);
	if (decode_zstd)
		expect("zstd", joined(copy(zstd_text, sizeof(zstd_text)), copy("junk", 4)),
		       HTTP_EDECODE, NULL);
}

/* Cut anywhere but before the first byte. */
static void expect_truncated(const char *coding, struct bytes bytes)
{
	for (size_t size = 1; size < bytes.size; size++) {
		int rc = decode_all(coding, (struct bytes){ bytes.data, size }, 0, size);

		if (rc != HTTP_EDECODE_TRUNCATED)
			FAIL("%s, %zu of %zu bytes: %s", coding, size, bytes.size,
			     async_errname(rc));
	}
	free(bytes.data);
}

TEST(a_coding_without_its_end_is_truncated_wherever_it_stops)
{
	expect_truncated("gzip", gzipped());
	expect_truncated("deflate", deflated(TEXT, strlen(TEXT), 15));
	expect_truncated("deflate", deflated(TEXT, strlen(TEXT), -15));
	if (decode_brotli)
		expect_truncated("br", copy(brotli_text, sizeof(brotli_text)));
	if (decode_zstd)
		expect_truncated("zstd", copy(zstd_text, sizeof(zstd_text)));
	/* A second member that breaks off. */
	expect("gzip", joined(gzipped(), copy("\x1f\x8b\x08", 3)), HTTP_EDECODE_TRUNCATED, NULL);
}

/* No flipped bit may go unnoticed where there is a checksum. */
static void expect_checked(const char *coding, struct bytes bytes)
{
	for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
		bytes.data[bit / 8] ^= (char)(1 << bit % 8);
		if (decode_all(coding, bytes, 0, bytes.size) == 0)
			CHECK_MEM(decoded, decoded_size, TEXT, strlen(TEXT));
		bytes.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(bytes.data);
}

TEST(a_flipped_bit_is_an_error_or_changes_nothing)
{
	expect_checked("gzip", gzipped());
	expect_checked("deflate", deflated(TEXT, strlen(TEXT), 15));
	if (decode_zstd)
		expect_checked("zstd", copy(zstd_text, sizeof(zstd_text)));
}

TEST(a_wrong_checksum_or_length_is_an_error)
{
	for (size_t from_end = 1; from_end <= 8; from_end++) {
		struct bytes bytes = gzipped();

		bytes.data[bytes.size - from_end] ^= 0x40;
		expect("gzip", bytes, HTTP_EDECODE, NULL);
	}
}

TEST(plain_text_under_a_coding_is_an_error)
{
	expect("gzip", copy("hello, world", 12), HTTP_EDECODE, NULL);
	expect("deflate", copy("hello, world", 12), HTTP_EDECODE, NULL);
	if (decode_zstd)
		expect("zstd", copy("hello, world", 12), HTTP_EDECODE, NULL);
}

TEST(no_byte_at_all_is_an_empty_body)
{
	expect("gzip", copy("", 0), 0, "");
	expect("deflate", copy("", 0), 0, "");
}

/* ---- What the head says ---------------------------------------------------------------------- */

TEST(two_codings_are_undone_from_the_last_one_on)
{
	struct bytes inner = deflated(TEXT, strlen(TEXT), 15), twice = gzipped();

	expect("deflate, gzip", deflated(inner.data, inner.size, 15 + 16), 0, TEXT);
	expect("gzip,\tidentity ,gzip", deflated(twice.data, twice.size, 15 + 16), 0, TEXT);
	/* The inner one is cut short, the outer one is whole. */
	expect("gzip, gzip", deflated(twice.data, twice.size - 1, 15 + 16), HTTP_EDECODE_TRUNCATED,
	       NULL);
	expect("gzip, gzip", joined(deflated(twice.data, twice.size, 15 + 16), copy("x", 1)),
	       HTTP_EDECODE, NULL);
	free(inner.data);
	free(twice.data);
}

TEST(unknown_and_too_many_codings_are_refused_by_name)
{
	struct http_header three[] = { { "Content-Encoding", "gzip, gzip" },
				       { "content-encoding", "gzip" } };
	struct http_header unknown = { "content-encoding", "gzip, snappy" };
	struct decode *decode;
	char why[DECODE_WHY];

	CHECK_INT(decode_open(&decode, three, 2, why), HTTP_EDECODE);
	CHECK_STR(why, "the body is encoded more than 2 times");
	CHECK_INT(decode_open(&decode, &unknown, 1, why), HTTP_EDECODE);
	CHECK_STR(why, "the body is encoded (snappy) in a way that is unknown here");
}

TEST(identity_and_emptiness_need_no_decoder)
{
	static const char *const values[] = { "", "identity", " , ", "Identity,identity" };
	char why[DECODE_WHY];

	for (size_t i = 0; i < array_size(values); i++) {
		struct http_header header = { "content-encoding", values[i] };
		struct decode *decode = (void *)1;

		CHECK_INT(decode_open(&decode, &header, 1, why), 0);
		CHECK(!decode);
	}
}

TEST(what_is_asked_for_is_what_can_be_undone)
{
	CHECK_CONTAINS(decode_accepted(), "gzip, deflate");
	CHECK((strstr(decode_accepted(), "br") != NULL) == (decode_brotli != NULL));
	CHECK((strstr(decode_accepted(), "zstd") != NULL) == (decode_zstd != NULL));
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static char prepared_data[256];
static struct bytes prepared = { prepared_data, 0 };

static void decode_one_of_each(void)
{
	static const char *const codings[] = { "gzip", "deflate", "gzip, deflate" };
	for (size_t i = 0; i < array_size(codings); i++)
		(void)decode_all(codings[i], prepared, 0, 7);
	if (decode_brotli)
		(void)decode_all("br", (struct bytes){ (char *)brotli_text, sizeof(brotli_text) },
				 0, 7);
	if (decode_zstd)
		(void)decode_all("zstd", (struct bytes){ (char *)zstd_text, sizeof(zstd_text) }, 0,
				 7);
}

TEST(a_failing_allocation_leaves_nothing_behind)
{
	struct bytes bytes = gzipped();

	CHECK(bytes.size <= sizeof(prepared_data));
	memcpy(prepared.data, bytes.data, bytes.size);
	prepared.size = bytes.size;
	free(bytes.data);
	for_each_failing_allocation(decode_one_of_each);
}

TEST(a_frame_that_asks_for_a_huge_window_is_refused)
{
	/* Window_Descriptor 0xa8: 2 GiB. */
	static const unsigned char huge[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0, 0 };

	if (decode_zstd)
		expect("zstd", copy(huge, sizeof(huge)), HTTP_EDECODE, NULL);
}
