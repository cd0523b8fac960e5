/* SPDX-License-Identifier: MIT */
/*
 * practice_knobs.h - how a practice API is asked to misbehave, and how it keeps to it. Pure.
 *
 * The same names serve as query of a URL (/weather?delay=200ms&status=503) and as options of
 * build/upstream (--delay 200ms), where they become the default of every request. Chance is a
 * function of a seed and the number of the request, so a run can be repeated exactly.
 */
#ifndef LOOPHOUND_APP_PRACTICE_KNOBS_H
#define LOOPHOUND_APP_PRACTICE_KNOBS_H

#include <stdint.h>

#include "app/units.h"

struct practice_knobs {
	int64_t delay;		/* delay=200ms: before each answer; all times are nanoseconds */
	int64_t jitter;		/* jitter=50ms: up to so much more */
	double error_rate;	/* error_rate=0.1: this share of the answers has status 503 */
	int status;		/* status=404: that status; 0: 200 */
	struct units_rate rate; /* rate=20/s,burst=20: as many requests, then 429 */
	int64_t retry_after;	/* retry_after=2s: the least that Retry-After says; 1 s */
	uint64_t size;		/* size=64k: pads the body to so many bytes */
	uint64_t id;		/* id=7: the id in the body */
	uint64_t n;		/* n=3: of /redirect, how many times */
};

#define PRACTICE_MAX_SIZE (UINT64_C(128) << 20)

/* Sets one knob by its name. 0; 1 when there is none of that name; -1 when value is not fit for it. */
int practice_knobs_set(struct practice_knobs *knobs, const char *name, const char *value);

/*
 * Sets those that the query ("a=1&b=2", percent-encoding understood, NULL for none) names; others
 * in it are left alone, as APIs do. NULL, or the name of the first knob whose value is not fit:
 * it lies in bad.
 */
const char *practice_knobs_parse(struct practice_knobs *knobs, const char *query, char bad[32]);

/* A number in [0,1) that depends on its arguments only. */
double practice_chance(uint64_t seed, uint64_t n);

/*
 * Asks a rate limit for one request at the time now (nanoseconds): 0, or how long until it would be
 * granted, which is always above 0. *due belongs to the limit and starts as 0: so many may come at
 * once as the burst has.
 */
int64_t practice_rate_take(int64_t *due, const struct units_rate *rate, int64_t now);

#endif
