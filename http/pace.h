/* SPDX-License-Identifier: MIT */
/*
 * pace.h - is a body coming fast enough? An idle timer alone is content with a byte now and then.
 *
 * Each further low_speed_limit bytes have to come within low_speed_time; the time that the caller's
 * functions take is not the server's.
 */
#ifndef LOOPHOUND_HTTP_PACE_H
#define LOOPHOUND_HTTP_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {
	uint64_t limit; /* bytes; 0: any pace will do */
	double seconds;
	int64_t since;	/* the time for the next bytes began; 0: not yet */
	uint64_t bytes; /* that had come by then */
};

/* Before more is read, with so many bytes there: when they have to have come. */
int64_t pace_due(struct pace *pace, int64_t now, uint64_t bytes);
/* Somebody else had the time from then to now. */
void pace_excuse(struct pace *pace, int64_t then, int64_t now);

#endif
