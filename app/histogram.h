/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - percentiles of any number of times, in 8 KiB and within 2 %. Pure.
 *
 * As in HdrHistogram: each power of two is divided into 64 equal steps, from a microsecond to a day.
 */
#ifndef LOOPHOUND_APP_HISTOGRAM_H
#define LOOPHOUND_APP_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 64
#define HISTOGRAM_OCTAVES 31

struct histogram {
	uint64_t count;
	int64_t largest;
	uint32_t counts[HISTOGRAM_STEPS * (HISTOGRAM_OCTAVES + 1)];
};

/* Nanoseconds; negative counts as 0. */
void histogram_add(struct histogram *histogram, int64_t ns);
/* The value that percent of all are not above: 50, 99... in nanoseconds; 0 when there is none. */
int64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
