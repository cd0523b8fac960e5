/* SPDX-License-Identifier: MIT */
/*
 * bench_detectors.c - holds a loop in one of twelve ways, for whoever watches it.
 *
 *     bench-detectors SCENARIO
 */
#include <stdio.h>
#include <string.h>

#include "bench/hold.h"
#include "runtime/async.h"

#define SHORT_SLICES 10

static void call_back(void *arg)
{
	const struct scenario *scenario = arg;

	scenario->hold();
}

static int short_slice(void *arg)
{
	call_back(arg);
	return 0;
}

/* No slice is longer than the limit, but together they keep everybody waiting. */
ASYNC_SUSPENDS
static void many_slices(void *arg)
{
	struct async_task *tasks[SHORT_SLICES];

	for (size_t i = 0; i < SHORT_SLICES; i++)
		tasks[i] = async_create_task(short_slice, arg);
	async_gather(tasks, SHORT_SLICES, 0, NULL);
}

/* Somebody who suffers. */
ASYNC_SUSPENDS
static int beat(void *arg)
{
	(void)arg;
	while (async_sleep(0.01) == 0)
		;
	return 0;
}

ASYNC_SUSPENDS
static int run(void *arg)
{
	struct async_timer timer = { 0 };
	const struct scenario *scenario = arg;

	if (async_create_task(beat, NULL) == NULL)
		return async_last_error();
	async_sleep(0.3);
	if (strcmp(scenario->name, "slices") == 0)
		many_slices(arg);
	else if (strcmp(scenario->name, "callback") == 0)
		async_call_later(&timer, 0, call_back, arg);
	else
		scenario->hold();
	async_sleep(0.3);
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < scenario_count; i++) {
		const struct scenario *scenario = &scenarios[i];

		if (argc != 2 || strcmp(argv[1], scenario->name) != 0)
			continue;
		if (scenario->begin)
			scenario->begin();
		int rc = async_run(run, (void *)scenario);
		if (scenario->end)
			scenario->end();
		return rc < 0;
	}
	fputs("usage: bench-detectors SCENARIO:", stderr);
	for (size_t i = 0; i < scenario_count; i++)
		fprintf(stderr, " %s", scenarios[i].name);
	fputs("\n", stderr);
	return 2;
}
