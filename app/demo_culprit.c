/* SPDX-License-Identifier: MIT */
/*
 * demo_culprit.c - the call that holds the loop, buried three calls deep.
 *
 * Nothing at the caller says that be_polite() blocks the thread: that is how it happens in life. In
 * lesson 1 a coroutine calls it, and the watchdog has to name rest_a_while() and the line of its
 * usleep(). Neither inlining nor tail calls may take the frames away: see the Makefile.
 */
#include <unistd.h>

#include "app/demo_fetch.h"

__attribute__((noinline)) static int rest_a_while(double seconds)
{
	return usleep((useconds_t)(seconds * 1e6));
}

__attribute__((noinline)) static int keep_distance(double seconds)
{
	return rest_a_while(seconds);
}

ASYNC_BLOCKS_THE_THREAD int be_polite(void *arg)
{
	struct demo_fetch *fetch = arg;

	fetch->begun = demo_now();
	int rc = keep_distance(fetch->politeness);
	fetch->polite = demo_now();
	return rc;
}
