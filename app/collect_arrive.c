/* SPDX-License-Identifier: MIT */
/*
 * collect_arrive.c - what an attempt leaves to be done when it has ended: its host hears of it, it is
 * counted, and its job goes back to the dispatcher or is freed. On the main loop.
 */
#include "app/collect.h"

/* Before this machine is asked again for what it was short of: nanoseconds. */
#define SHORT_PAUSE INT64_C(200000000)

static void pause_host(struct flight *flight, int64_t now)
{
	struct collect *c = flight->lane->collect;
	const struct arrival *arrival = &flight->arrival;

	dispatch_pause(c->dispatch, flight->job, now, arrival->pause, arrival->outcome);
	if (c->options->verbose)
		progress_say(&c->progress, "%s: no request to its host for %.1f s",
			     flight->job->url, (double)arrival->pause / 1e9);
}

void collect_hear(struct flight *flight)
{
	struct arrival *arrival = &flight->arrival;
	struct dispatch *dispatch = flight->lane->collect->dispatch;
	int64_t now = async_time_ns();

	if (arrival->pause > 0)
		pause_host(flight, now);
	/* Out of descriptors, ports or memory: what is in flight gives some back soon. */
	if (arrival->local)
		dispatch_pause_all(dispatch, now, SHORT_PAUSE);
	if (arrival->reached)
		dispatch_reached(flight->job);
	if (arrival->unreachable)
		dispatch_unreachable(dispatch, flight->job, now, arrival->outcome);
	arrival->pause = 0;
	arrival->local = arrival->reached = arrival->unreachable = false;
}

void collect_arrive(struct flight *flight)
{
	struct collect *c = flight->lane->collect;
	const struct arrival *arrival = &flight->arrival;
	struct job *job = flight->job;
	int64_t now = async_time_ns();

	collect_hear(flight);
	flight->job = NULL;
	c->summary.wire_bytes += arrival->wire_bytes;
	c->summary.body_bytes += arrival->body_bytes;
	if (arrival->complete)
		histogram_add(&c->summary.latency, arrival->latency);
	if (!arrival->unsent) {
		c->summary.requests++;
		histogram_add(&c->summary.rate_wait, job->rate_wait);
	}
	if (arrival->again) {
		c->summary.retries++;
		dispatch_again(c->dispatch, job, now, arrival->wait);
		return;
	}
	collect_count(c, arrival->outcome, arrival->unchanged);
	if (arrival->next)
		dispatch_follow(c->dispatch, arrival->next, job);
	if (arrival->no_page)
		collect_count(c, arrival->no_page, false);
	dispatch_done(c->dispatch, job, now);
	job_free(job);
}
