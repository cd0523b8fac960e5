/* SPDX-License-Identifier: MIT */
/* watched.h - what the watchdog says of whole loops, kept for the test to read. */
#ifndef LOOPHOUND_TESTS_WATCHED_H
#define LOOPHOUND_TESTS_WATCHED_H

#include <stdbool.h>

#define NOT_INLINED __attribute__((noinline))

struct said {
	char task[64], function[64], file[128], text[3000];
	int line;
	double seconds;
	bool ended;
};
extern struct said watched_said[64];
extern int watched_count, watched_lasts; /* reports; and lines that a stall still lasts */
extern double watched_missed; /* seconds that the monitor had no CPU during the last run */

/* Runs fn as main under a watchdog with that limit; what it says is in watched_said[] afterwards. */
void watched_run(double limit, int (*fn)(void *arg), void *arg);

/* Do reports name functions and lines in this build? */
bool watched_has_names(void);

/* A monitor slowed down by a sanitizer, or on a busy machine, may come too late for some. */
void watched_check_stalls(unsigned expected);

#endif
