/* SPDX-License-Identifier: MIT */
/*
 * micro_create.c - a task's whole life: created, run once, ended, and its stack taken by the next.
 */
#include "bench/micro.h"
#include "runtime/async.h"

#define COUNT 1000000
#define BATCH 100

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

ASYNC_SUSPENDS
static int create_all(void *arg)
{
	const struct micro *micro = arg;
	int count = micro->count ? micro->count : COUNT;
	struct micro_start start = micro_begin();

	for (int i = 0; i < count; i++) {
		int rc = async_spawn(nothing, NULL);

		if (rc == 0 && i % BATCH == BATCH - 1)
			rc = async_sleep(0);
		if (rc < 0)
			return rc;
	}
	return micro_print(micro, count, start);
}

static int create_much(const struct micro *micro)
{
	return micro_run(micro, create_all, (void *)micro);
}

const struct micro_mode micro_create_mode = { "create", "a task's creation and end", create_much };
