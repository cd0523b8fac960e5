/* SPDX-License-Identifier: MIT */
/*
 * watchdog_hold.h - ways to hold a loop, each with what the watchdog has to say of it.
 */
#ifndef LOOPHOUND_APP_WATCHDOG_HOLD_H
#define LOOPHOUND_APP_WATCHDOG_HOLD_H

#include "runtime/async.h"

#define WATCHDOG_LIMIT 0.05 /* seconds: the limit that all of this is made for */

struct way {
	const char *name;
	const char *function, *expected; /* NULL: no finding, no report */
	void (*hold)(void);		 /* in a slice */
	enum async_verdict verdict;
	void (*begin)(void), (*end)(void); /* outside of the loop; NULL: nothing */
};
extern const struct way watchdog_ways[];
extern const int watchdog_way_count;

#endif
