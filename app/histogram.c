/* SPDX-License-Identifier: MIT */
/* histogram.c - see histogram.h. The first 64 steps are a microsecond each. */
#include "app/histogram.h"

#include <stddef.h>

#define LAST (HISTOGRAM_STEPS * (HISTOGRAM_OCTAVES + 1) - 1)

static size_t place(int64_t ns)
{
	uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;
	unsigned octave;
	size_t at;

	if (us < HISTOGRAM_STEPS)
		return us;
	octave = 63u - (unsigned)__builtin_clzll(us) - 6;
	at = (size_t)(octave + 1) * HISTOGRAM_STEPS + (us >> octave) - HISTOGRAM_STEPS;
	return at < LAST ? at : LAST;
}

/* The middle of a step. */
static int64_t value(size_t at)
{
	size_t octave = at / HISTOGRAM_STEPS;
	uint64_t low = at % HISTOGRAM_STEPS;

	if (!octave)
		return (int64_t)low * 1000;
	low = (low + HISTOGRAM_STEPS) << (octave - 1);
	return (int64_t)(low * 1000 + (UINT64_C(500) << (octave - 1)));
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
	histogram->counts[place(ns)]++;
	histogram->count++;
	if (ns > histogram->largest)
		histogram->largest = ns;
}

int64_t histogram_percentile(const struct histogram *histogram, double percent)
{
	uint64_t wanted = (uint64_t)((double)histogram->count * percent / 100 + 0.999999);
	uint64_t seen = 0;

	if (!histogram->count)
		return 0;
	for (size_t i = 0; i <= LAST; i++) {
		seen += histogram->counts[i];
		if (seen >= wanted && seen)
			return value(i) < histogram->largest ? value(i) : histogram->largest;
	}
	return histogram->largest;
}
