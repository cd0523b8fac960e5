/* SPDX-License-Identifier: MIT */
/* demo_ways.h - the five ways of lesson 1: each is run by demo_lesson1.c, drawn by demo_show.c. */
#ifndef LOOPHOUND_APP_DEMO_WAYS_H
#define LOOPHOUND_APP_DEMO_WAYS_H

#include "app/demo_fetch.h"
#include "app/demo_watch.h"

#define DEMO_FETCHES 10

struct demo_way {
	const char *name;
	const char *key; /* in the line of --json */
	int (*fetch)(
		void *arg); /* the coroutine, given a struct demo_fetch; NULL: there is no loop */
	char mark;	    /* how its politeness is drawn */
	int at_once;	    /* how many can be polite at the same time; 0: one per pool thread */

	double started, seconds; /* measured */
	struct demo_fetch fetches[DEMO_FETCHES];
	const struct demo_stall *stalls; /* what the watchdog said meanwhile */
	int stall_count;
	unsigned stall_total;
};

/* What a perfect machine would need: rounds of politeness, and answers that take no time. */
double demo_way_expected(const struct demo *demo, const struct demo_way *way);

void demo_show_heading(const struct demo *demo);
void demo_show_name(const struct demo *demo, int number, const struct demo_way *way);
void demo_show_result(const struct demo *demo, const struct demo_way *way);
/* The one line of --json. */
void demo_show_json(const struct demo_way *ways, int count);

#endif
