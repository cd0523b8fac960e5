/* SPDX-License-Identifier: MIT */
/*
 * blocking_beat.c - the heartbeat: what everything else in the program feels while tasks pause.
 *
 * It is an open loop. A beat that comes late does not put off the next one, and its delay counts from
 * when it was due: a stall of 500 ms is a hundred late beats, not a single one. Beats that were due
 * when the run ended and never had their turn count as late as they were then.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/blocking.h"

int64_t blocking_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Field 2 of schedstat: how long this thread could have run and there was no CPU for it. */
static int64_t waited_for_cpu(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	long long waited = -1;

	if (file == NULL)
		return -1;
	if (fscanf(file, "%*u %lld", &waited) != 1)
		waited = -1;
	fclose(file);
	return waited;
}

void beat_begin(struct beat *beat, int64_t start)
{
	beat->next = start + BEAT_INTERVAL;
	beat->waited_at_begin = waited_for_cpu();
}

void beat_run_due(struct beat *beat, int64_t now)
{
	for (; beat->next <= now; beat->next += BEAT_INTERVAL)
		histogram_add(&beat->delay, now - beat->next);
}

void beat_end(struct beat *beat, int64_t now)
{
	beat_run_due(beat, now);
	int64_t waited = waited_for_cpu();
	beat->waited = waited < 0 ? -1 : waited - beat->waited_at_begin;
}
