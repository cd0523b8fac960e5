/* SPDX-License-Identifier: MIT */
/* getters.h - on the virtual clock: who gets an item, in order, and how many were dropped. */
#ifndef LOOPHOUND_TESTS_GETTERS_H
#define LOOPHOUND_TESTS_GETTERS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/async.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static inline void run(int (*fn)(void *arg))
{
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

static inline void yield(int times)
{
	while (times-- > 0)
		CHECK_INT(async_sleep(0), 0);
}

static int dropped;

static inline void count_and_free(void *item)
{
	dropped++;
	free(item);
}

static char heard[64];

struct getter {
	struct async_queue *queue;
	const char *name;
};

static inline int get_and_tell(void *arg)
{
	const struct getter *getter = arg;
	void *item;
	int rc = async_queue_get(getter->queue, &item);

	if (rc == 0)
		snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s ", getter->name,
			 (char *)item);
	return rc;
}

#endif
