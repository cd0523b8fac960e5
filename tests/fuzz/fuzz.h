/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the fuzzer feeds: functions that take any bytes and abort when a property does not
 * hold. A sanitizer finds what is read or kept wrongly; the properties find what is understood wrongly.
 *
 * FUZZ(name) { ... } in tests/fuzz/NAME.c, with data and size as arguments. `make fuzz` feeds it by
 * libFuzzer, `make test` with what is in tests/fuzz/corpus/NAME.
 */
#ifndef LOOPHOUND_TESTS_FUZZ_FUZZ_H
#define LOOPHOUND_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base.h"

#define FUZZ(name) void fuzz_##name(const uint8_t *data, size_t size)

FUZZ(response);
FUZZ(request);
FUZZ(url);
FUZZ(decode);
FUZZ(json);
FUZZ(proxy);
FUZZ(dates);
FUZZ(cookies);
FUZZ(netrc);

/* A copy without a byte to spare, so that reading past its end is seen. For free(). */
static inline char *fuzz_copy(const void *data, size_t size)
{
	char *copy = malloc(size ? size : 1);

	must(copy, "no memory");
	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* The same as a string, which ends where data has a NUL. */
static inline char *fuzz_string(const void *data, size_t size)
{
	size_t length = size ? strnlen(data, size) : 0;
	char *string = malloc(length + 1);

	must(string, "no memory");
	if (length)
		memcpy(string, data, length);
	string[length] = '\0';
	return string;
}

/* FNV-1a, for comparing what is too long to keep. */
static inline uint64_t fuzz_hash(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

#endif
