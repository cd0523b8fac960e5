/* SPDX-License-Identifier: MIT */
/*
 * hold.h - twelve ways to hold a loop; bench/peers/scenarios.py has the same in Python.
 *
 * Each says on stdout what is to be found out: "@begin TIME FILE FIRST LAST" when it begins and which
 * lines hold the loop, "@end TIME" when that is over, on lines of their own whatever was written before.
 * TIME is CLOCK_MONOTONIC in seconds.
 */
#ifndef LOOPHOUND_BENCH_HOLD_H
#define LOOPHOUND_BENCH_HOLD_H

#include <stddef.h>

struct scenario {
	const char *name;
	void (*hold)(void);		   /* in a slice */
	void (*begin)(void), (*end)(void); /* while no loop runs; NULL: nothing */
};
/* "slices" is to be called in many slices of one turn, "callback" in a callback. */
extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
