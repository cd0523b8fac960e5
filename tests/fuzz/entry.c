/* SPDX-License-Identifier: MIT */
/* entry.c - what libFuzzer calls; compiled once for each target, which FUZZ_TARGET names. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FUZZ_TARGET(data, size);
	return 0;
}
