/* SPDX-License-Identifier: MIT */
/* demo_timeline.c - see demo_timeline.h. */
#include "app/demo_timeline.h"

#include <stdio.h>
#include <string.h>

static char *cut_blanks(char *text, int width)
{
	while (width > 0 && text[width - 1] == ' ')
		width--;
	text[width] = 0;
	return text;
}

char *timeline_bar(char *out, int width, double span, const struct timeline_segment *segments,
		   size_t count)
{
	memset(out, ' ', (size_t)width);
	for (int column = 0; column < width; column++) {
		double middle = (column + 0.5) * span / width;

		for (size_t i = 0; i < count; i++)
			if (segments[i].from <= middle && middle < segments[i].to)
				out[column] = segments[i].mark;
	}
	return cut_blanks(out, width);
}

char *timeline_scale(char *out, int width, double span)
{
	char number[16];

	memset(out, ' ', (size_t)width);
	for (int second = 0; second <= (int)span; second++) {
		int at = (int)(second * width / span + 0.5);
		int n = snprintf(number, sizeof(number), second == 0 ? "%d s" : "%d", second);

		if (at + n <= width)
			memcpy(out + at, number, (size_t)n);
	}
	return cut_blanks(out, width);
}
