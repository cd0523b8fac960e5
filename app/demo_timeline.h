/* SPDX-License-Identifier: MIT */
/*
 * demo_timeline.h - bars over time, as text. Pure.
 *
 *     fetch-0  ######
 *     fetch-1  ......######
 */
#ifndef LOOPHOUND_APP_DEMO_TIMELINE_H
#define LOOPHOUND_APP_DEMO_TIMELINE_H

#include <stddef.h>

struct timeline_segment {
	double from, to; /* seconds from the left end */
	char mark;
};

/*
 * Draws the segments into out (width + 1 bytes): a column is marked by the segment that covers its
 * middle, the last one if there are several. Trailing blanks are cut. Returns out.
 */
char *timeline_bar(char *out, int width, double span, const struct timeline_segment *segments,
		   size_t count);

/* The scale below the bars, "0 s       1         2", as far as the numbers fit. Returns out. */
char *timeline_scale(char *out, int width, double span);

#endif
