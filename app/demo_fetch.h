/* SPDX-License-Identifier: MIT */
/* demo_fetch.h - one polite fetch of lesson 1, and when its parts happened. */
#ifndef LOOPHOUND_APP_DEMO_FETCH_H
#define LOOPHOUND_APP_DEMO_FETCH_H

#include "app/demo.h"

struct demo_fetch {
	const char *url;
	double politeness; /* seconds to let pass before the request */
	double begun;	   /* demo_now() when that began, */
	double polite;	   /* ... when it was over, */
	double done;	   /* ... and when the answer was there */
};

/* Lets fetch->politeness seconds pass. Returns 0. It blocks the thread, though it does not look it. */
ASYNC_BLOCKS_THE_THREAD int be_polite(void *fetch);

/* GET with plain blocking sockets and no loop: the status, or -1. */
ASYNC_BLOCKS_THE_THREAD int demo_plain_get(const char *url);

#endif
