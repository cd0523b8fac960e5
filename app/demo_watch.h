/* SPDX-License-Identifier: MIT */
/* demo_watch.h - keeps what the watchdog reports, to be shown in its place. */
#ifndef LOOPHOUND_APP_DEMO_WATCH_H
#define LOOPHOUND_APP_DEMO_WATCH_H

#include <stdbool.h>

struct demo_stall {
	char task[32];
	char function[64]; /* "": unknown */
	char file[160];	   /* relative to the repository; "": unknown */
	int line;
	double seconds;
	bool ended;
	char text[4096]; /* all that was said of it, lines */
};

/* From now on, until demo_watch_end(), stalls are kept here instead of being written to stderr. */
void demo_watch_begin(void);
/*
 * How many there are; *stalls is valid until the next begin. *total also counts those that the
 * watchdog did not report again, since they look the same.
 */
int demo_watch_end(const struct demo_stall **stalls, unsigned *total);

#endif
