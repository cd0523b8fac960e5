/* SPDX-License-Identifier: MIT */
/*
 * testing.c - what a program under test may be asked for from outside, read once when its loop opens.
 *
 * The options of the run come first: a test that chooses a seed keeps it.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime/loop.h"

uint64_t testing_seed(const struct async_run_options *options)
{
	const char *text = getenv("LOOPHOUND_SHUFFLE");

	if (options->shuffle_seed || !text)
		return options->shuffle_seed;
	return strtoull(text, NULL, 0);
}

bool testing_fresh_stacks(const struct async_run_options *options)
{
	const char *text = getenv("LOOPHOUND_FRESH_STACKS");

	return options->fresh_stacks || (text && text[0] && strcmp(text, "0") != 0);
}

uint64_t async_shuffle_seed(void)
{
	return loop_here("?", "async_shuffle_seed")->shuffle_seed;
}
