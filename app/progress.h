/* SPDX-License-Identifier: MIT */
/*
 * progress.h - how the run is doing, on stderr: a line that is drawn again and again on a terminal,
 * or a plain line now and then; and every other message of the run, so that the two do not mix.
 *
 * The line is erased before anything else is written. What a terminal does not take at once (it may
 * be stopped) is left out: progress never holds the loop.
 */
#ifndef LOOPHOUND_APP_PROGRESS_H
#define LOOPHOUND_APP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/options.h"
#include "app/text.h"

struct progress_numbers {
	uint64_t ok, failed;
	uint64_t left; /* accepted, not finished */
	bool more;     /* the input has not ended: left is only what is known */
	double per_second;
	size_t in_flight;
	size_t held; /* waiting for a rate, a pause or a retry */
	int64_t p95; /* nanoseconds */
};

/* One line without an end, at most width columns. */
void progress_format(struct text *text, const struct progress_numbers *numbers, bool bar,
		     bool color, int width);

struct progress {
	enum options_progress mode; /* never AUTO */
	bool color, drawn;
	int fd;
	double average;		  /* of items per second */
	uint64_t before;	  /* items at the last tick */
	int64_t last, last_plain; /* nanoseconds */
};

#define PROGRESS_PERIOD 0.25 /* seconds */

/* auto is a bar on a terminal that can draw one, plain on one that cannot, else none. */
void progress_init(struct progress *progress, const struct options *options, int fd, int64_t now);
/* Four times a second; per_second is filled in here. */
void progress_tick(struct progress *progress, struct progress_numbers *numbers, int64_t now);
void progress_erase(struct progress *progress);
/* "collect: ..." with a line end, after erasing. */
void progress_say(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Writes all of it to stderr or another terminal, waiting a second at most if that is full. 0 or a
 * negative errno, which only matters when fd is a file.
 */
int progress_write(int fd, const char *data, size_t size);

#endif
