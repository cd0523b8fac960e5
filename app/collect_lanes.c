/* SPDX-License-Identifier: MIT */
/*
 * collect_lanes.c - the main loop's view of the lanes: which one a job goes to, how many connections
 * each may have open, and how they begin and end.
 *
 * -j is for all lanes together and counts idle connections, too, which only their own lane can close.
 * So each has an allowance, and all of these together are -j. A flight waits until its lane has some
 * of it left; the lane that has most to spare closes what it does not need and passes that on.
 */
#include "app/collect.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/list.h"

/* ---- Connections ----------------------------------------------------------------------------- */

static unsigned spare(const struct lane *lane)
{
	return lane->borrower || !list_empty(&lane->waiting) ? 0 : lane->allowed - lane->busy;
}

static struct lane *richest(const struct collect *c)
{
	struct lane *best = c->lanes[0];

	for (unsigned i = 1; i < c->lane_count; i++)
		if (spare(c->lanes[i]) > spare(best))
			best = c->lanes[i];
	return spare(best) ? best : NULL;
}

/* Sends what the lane's allowance has room for. */
static void send_waiting(struct lane *lane)
{
	struct lane_mail *mail = lane_mail_begin(lane);

	while (lane->busy < lane->allowed && !list_empty(&lane->waiting)) {
		list_append(&mail->flights, list_take(&lane->waiting));
		lane->busy++;
		lane->queued--;
	}
	lane_mail_end(lane);
}

static void tell_allowance(struct lane *lane)
{
	struct lane_mail *mail = lane_mail_begin(lane);

	mail->keep = (int)lane->allowed;
	mail->keep_number++;
	lane->told = mail->keep_number;
	lane_mail_end(lane);
}

/* Half of what the richest has, so that it does not have to ask for it back at once. */
static void borrow(struct lane *lane, struct lane *lender)
{
	unsigned count = (spare(lender) + 1) / 2;

	lender->lends = count;
	lender->allowed -= count;
	lender->borrower = lane;
	lane->borrows = true;
	tell_allowance(lender);
	lender->lends_number = lender->told;
}

void collect_kept(struct lane *lane, unsigned number)
{
	struct lane *borrower = lane->borrower;

	if (!borrower || (int)(number - lane->lends_number) < 0)
		return;
	lane->borrower = NULL;
	borrower->borrows = false;
	borrower->allowed += lane->lends;
	tell_allowance(borrower);
}

void collect_share_connections(struct collect *c)
{
	for (unsigned i = 0; i < c->lane_count; i++) {
		struct lane *lane = c->lanes[i], *lender;

		if (list_empty(&lane->waiting))
			continue;
		if (lane->busy < lane->allowed)
			send_waiting(lane);
		lender = list_empty(&lane->waiting) || lane->borrows ? NULL : richest(c);
		if (lender)
			borrow(lane, lender);
	}
}

/* The allowances at first: equal ones, as near as can be. */
static void allow(const struct collect *c)
{
	unsigned all = (unsigned)c->options->concurrency;

	for (unsigned i = 0; i < c->lane_count; i++) {
		struct lane *lane = c->lanes[i];

		lane->allowed = all / c->lane_count + (i < all % c->lane_count);
		tell_allowance(lane);
	}
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static struct lane *lane_of(struct collect *c, unsigned long host)
{
	return c->lane_count ? c->lanes[host % c->lane_count] : &c->here;
}

bool collect_has_connections(void *arg, unsigned long host)
{
	const struct lane *lane = lane_of(arg, host);

	return lane->busy + lane->queued < lane->allowed;
}

bool collect_launch(struct collect *c, struct job *job)
{
	struct flight *flight = calloc(1, sizeof *flight);

	if (!flight)
		return false;
	flight->job = job;
	flight->lane = lane_of(c, dispatch_host_number(job));
	atomic_fetch_add(&c->flying, 1);
	if (!c->lane_count) {
		lane_begin(flight);
		return true;
	}
	list_append(&flight->lane->waiting, &flight->node);
	flight->lane->queued++;
	return true;
}

void collect_come_back(struct flight *flight)
{
	struct collect *c = flight->lane->collect;

	collect_arrive(flight);
	flight->lane->busy--;
	atomic_fetch_sub(&c->flying, 1);
	free(flight);
}

void collect_cancel_all(struct collect *c)
{
	const char *why = collect_why_cancelled(c);

	lane_cancel(&c->here, why);
	for (unsigned i = 0; i < c->lane_count; i++) {
		lane_mail_begin(c->lanes[i])->cancel = why;
		lane_mail_end(c->lanes[i]);
	}
}

/* ---- Beginning and end ----------------------------------------------------------------------- */

static bool any(const struct collect *c, int state)
{
	for (unsigned i = 0; i < c->lane_count; i++)
		if ((int)c->lanes[i]->state == state)
			return true;
	return false;
}

/* A cancelled main task waits all the same: threads use what it would free. */
ASYNC_SUSPENDS
static void wait_until_none(struct collect *c, int state)
{
	while (any(c, state)) {
		async_event_clear(&c->lanes_changed);
		(void)async_event_wait(&c->lanes_changed);
	}
}

/* Its loop has closed: the thread has no more to do than to end. */
static void drop(struct lane *lane)
{
	pthread_join(lane->thread, NULL);
	pthread_mutex_destroy(&lane->lock);
	text_free(&lane->from.said);
	text_free(&lane->said);
	text_free(&lane->from.har);
	text_free(&lane->har.entries);
	free(lane);
}

/* Forgets those that did not come to run. Returns why, of the last one, or rc. */
static int drop_failed(struct collect *c, int rc)
{
	unsigned left = 0;

	for (unsigned i = 0; i < c->lane_count; i++) {
		struct lane *lane = c->lanes[i];

		if (lane->state == LANE_RUNS) {
			c->lanes[left++] = lane;
			continue;
		}
		rc = lane->error;
		drop(lane);
	}
	c->lane_count = left;
	return rc;
}

static int start_lanes(struct collect *c)
{
	int rc = 0;

	while (!rc && c->lane_count < c->threads) {
		struct lane *lane = calloc(1, sizeof *lane);

		rc = ASYNC_ENOMEM;
		if (!lane)
			break;
		lane_init(lane, c, c->lane_count);
		rc = lane_start(lane);
		if (rc < 0)
			free(lane);
		else
			c->lanes[c->lane_count++] = lane;
	}
	return rc;
}

ASYNC_SUSPENDS
void collect_open_lanes(struct collect *c)
{
	int rc;

	if (c->threads < 2)
		return;
	c->loop = async_get_running_loop();
	c->lanes = calloc(c->threads, sizeof *c->lanes);
	rc = c->lanes ? start_lanes(c) : ASYNC_ENOMEM;
	wait_until_none(c, LANE_STARTS);
	rc = drop_failed(c, rc);
	if (rc < 0 && !c->options->quiet)
		progress_say(&c->progress, "warning: only %u of %u threads: %s",
			     c->lane_count ? c->lane_count : 1, c->threads, async_strerror(rc));
	if (c->lane_count)
		allow(c);
}

ASYNC_SUSPENDS
void collect_close_lanes(struct collect *c)
{
	for (unsigned i = 0; i < c->lane_count; i++) {
		lane_mail_begin(c->lanes[i])->close = true;
		lane_mail_end(c->lanes[i]);
	}
	wait_until_none(c, LANE_RUNS);
	for (unsigned i = 0; i < c->lane_count; i++)
		drop(c->lanes[i]);
	c->lane_count = 0;
	free(c->lanes);
	c->lanes = NULL;
}
