/* SPDX-License-Identifier: MIT */
/*
 * units.h - durations, sizes and rates as people write them. Pure.
 *
 * Each parser takes the whole string or nothing: true, and the value is set, or false. A sign, a
 * blank, an unknown unit and an overflow are refused.
 */
#ifndef LOOPHOUND_APP_UNITS_H
#define LOOPHOUND_APP_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* "250ms", "5s", "2m", "1h", "1.5s"; a bare number is seconds. At most ten years; nanoseconds. */
bool units_duration(const char *text, int64_t *ns);

/* "64M", "1MiB", "512k", "100B"; k, M, G are binary, with or without "B" or "iB" behind. */
bool units_size(const char *text, uint64_t *bytes);

/* So many in so long, evenly spaced, with so many at once after a rest. */
struct units_rate {
	int64_t interval; /* nanoseconds from one to the next; 0: no limit */
	int burst;	  /* 1 or more */
};
/* "10/s", "5/30s", "5000/h", and ",burst=N" behind. */
bool units_rate(const char *text, struct units_rate *rate);

/* Digits only, at most limit. */
bool units_count(const char *text, uint64_t limit, uint64_t *value);

#endif
