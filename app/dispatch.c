/* SPDX-License-Identifier: MIT */
/* dispatch.c - settle() decides from a host's numbers which list it belongs on; all else calls it. */
#include "app/dispatch.h"

#include <stdlib.h>

#include "app/hosts.h"

/* How many hosts are asked about before the first one is taken, liked or not. */
#define LOOKS 64

struct dispatch {
	struct dispatch_limits limits;
	struct hosts hosts;
	struct async_list ring;	  /* of hosts that may start a job */
	struct due_heap times;	  /* of hosts that may later */
	struct async_list barred; /* hosts whose jobs are to be refused */

	size_t waiting, held, in_flight, bytes;
	unsigned passed;      /* so often the first of the ring was passed over */
	int64_t next_slot;    /* of the rate for all */
	int64_t paused_until; /* for all */
	int64_t held_since;   /* all of them, by these two; 0: they are not */
	int64_t now;	      /* of the last call */
};

struct dispatch *dispatch_new(const struct dispatch_limits *limits)
{
	struct dispatch *dispatch = calloc(1, sizeof *dispatch);

	if (dispatch)
		dispatch->limits = *limits;
	return dispatch;
}

void dispatch_free(struct dispatch *dispatch)
{
	if (dispatch)
		hosts_free(&dispatch->hosts);
	free(dispatch);
}

bool dispatch_full(const struct dispatch *dispatch)
{
	return dispatch->waiting >= dispatch->limits.lookahead ||
	       dispatch->bytes >= dispatch->limits.lookahead_bytes;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t after(int64_t now, int64_t wait)
{
	return wait > INT64_MAX - now ? INT64_MAX : now + wait;
}

/* Takes the host off its list. How long a rate or a pause held a job is known when it leaves. */
static void leave(struct dispatch *d, struct host *host)
{
	if (host->state == HOST_IDLE) {
		hosts_busy(&d->hosts, host);
	} else if (host->state == HOST_READY || host->state == HOST_BARRED) {
		list_remove(&host->node);
	} else if (host->state == HOST_TIMED) {
		due_remove(&d->times, &host->due);
		d->held -= host->waiting;
	}
	host->state = HOST_BUSY;
}

static void wait_until(struct dispatch *d, struct host *host, int64_t when)
{
	due_push(&d->times, &host->due, when);
	d->held += host->waiting;
	host->state = HOST_TIMED;
}

static bool is_broken(const struct dispatch *d, const struct host *host)
{
	return host->broken_until > d->now;
}

static bool is_barred(const struct dispatch *d, const struct host *host)
{
	if (is_broken(d, host))
		return true;
	return d->limits.max_pause && host->paused_until - d->now > d->limits.max_pause;
}

static void bar(struct dispatch *d, struct host *host)
{
	list_append(&d->barred, &host->node);
	host->state = HOST_BARRED;
	host->held_since = host->held = 0;
}

/* Puts the host, which is on no list, where it belongs. */
static void settle(struct dispatch *d, struct host *host)
{
	int64_t work = host->first ? 0 : host->retries.first ? host->retries.first->when : 0;
	int64_t allowed =
		later(host->paused_until, host_slot_due(&d->limits.rate, host->next_slot));

	if (host->held_since && (allowed <= d->now || !host->waiting)) {
		host->held = d->now - host->held_since;
		host->held_since = 0;
	}
	if (!host->waiting && !host->in_flight) {
		hosts_idle(&d->hosts, host, d->now);
		return;
	}
	if (host->waiting && is_barred(d, host)) {
		bar(d, host);
		return;
	}
	if (!host->waiting || host->in_flight >= d->limits.per_host)
		return;
	if (allowed > d->now && work <= d->now && !host->held_since)
		host->held_since = d->now;
	if (later(work, allowed) > d->now) {
		wait_until(d, host, later(work, allowed));
		return;
	}
	list_append(&d->ring, &host->node);
	host->state = HOST_READY;
}

/* A host in the ring keeps its turn: a stream of new jobs must not make it lose it again and again. */
static void lift(struct dispatch *d, struct host *host)
{
	if (host->state != HOST_READY)
		leave(d, host);
}

static void put_back(struct dispatch *d, struct host *host)
{
	if (host->state != HOST_READY)
		settle(d, host);
}

static void count_in(struct dispatch *d, struct job *job)
{
	d->waiting++;
	d->bytes += job->size;
}

static void count_out(struct dispatch *d, struct job *job)
{
	d->waiting--;
	d->bytes -= job->size;
}

int dispatch_add(struct dispatch *d, struct job *job, const char *origin)
{
	struct host *host = hosts_get(&d->hosts, origin, d->now);

	if (!host)
		return ASYNC_ENOMEM;
	lift(d, host);
	job->host = host;
	host_append(host, job);
	count_in(d, job);
	put_back(d, host);
	return 0;
}

void dispatch_follow(struct dispatch *d, struct job *next, const struct job *job)
{
	lift(d, job->host);
	next->host = job->host;
	host_append(job->host, next);
	count_in(d, next);
	put_back(d, job->host);
}

static void wake_timed(struct dispatch *d)
{
	while (d->times.first && d->times.first->when <= d->now) {
		struct host *host = container_of(d->times.first, struct host, due);

		leave(d, host);
		settle(d, host);
	}
}

static int64_t all_allowed(const struct dispatch *d)
{
	return later(d->paused_until, host_slot_due(&d->limits.rate_total, d->next_slot));
}

/* There is one writer, and no order with anything else. */
static void add_one(atomic_ulong *counter)
{
	unsigned long before = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, before + 1, memory_order_relaxed);
}

static struct job *start(struct dispatch *d, struct host *host)
{
	struct job *job;

	leave(d, host);
	job = host_take(host, d->now);
	count_out(d, job);
	job->rate_wait = host->held + (d->held_since ? d->now - d->held_since : 0);
	job->rate_wait = job->rate_wait > 0 ? job->rate_wait : 0;
	d->held_since = 0;
	host->held = 0;
	host->in_flight++;
	add_one(&host->requests);
	d->in_flight++;
	host->next_slot = host_slot_take(&d->limits.rate, host->next_slot, d->now);
	d->next_slot = host_slot_take(&d->limits.rate_total, d->next_slot, d->now);
	settle(d, host);
	return job;
}

/* Whose turn it is, unless one of the next few is liked and that one is not, and can still wait. */
static struct host *next_host(struct dispatch *d)
{
	bool may_pass = d->limits.likes && d->passed < d->limits.concurrency;
	int looks = may_pass ? LOOKS : 0;

	list_for_each(node, &d->ring) {
		struct host *host = container_of(node, struct host, node);

		if (looks-- == 0)
			break;
		if (!d->limits.likes(d->limits.arg, host->number))
			continue;
		d->passed = node == d->ring.next ? 0 : d->passed + 1;
		return host;
	}
	d->passed = 0;
	return container_of(d->ring.next, struct host, node);
}

struct job *dispatch_take(struct dispatch *d, int64_t now)
{
	d->now = now;
	wake_timed(d);
	if (d->in_flight >= d->limits.concurrency || list_empty(&d->ring))
		return NULL;
	if (all_allowed(d) > now) {
		if (!d->held_since)
			d->held_since = now;
		return NULL;
	}
	return start(d, next_host(d));
}

int64_t dispatch_due(const struct dispatch *d)
{
	int64_t due = d->times.first ? d->times.first->when : INT64_MAX;

	if (d->in_flight >= d->limits.concurrency)
		return INT64_MAX;
	if (!list_empty(&d->ring) && all_allowed(d) < due)
		due = all_allowed(d);
	return due;
}

void dispatch_again(struct dispatch *d, struct job *job, int64_t now, int64_t wait)
{
	struct host *host = job->host;

	d->now = now;
	lift(d, host);
	due_push(&host->retries, &job->due, after(now, wait));
	host->waiting++;
	host->in_flight--;
	d->in_flight--;
	count_in(d, job);
	put_back(d, host);
}

void dispatch_done(struct dispatch *d, struct job *job, int64_t now)
{
	struct host *host = job->host;

	d->now = now;
	lift(d, host);
	host->in_flight--;
	d->in_flight--;
	job->host = NULL;
	put_back(d, host);
}

void dispatch_pause(struct dispatch *d, struct job *job, int64_t now, int64_t wait, int outcome)
{
	struct host *host = job->host;

	d->now = now;
	if (after(now, wait) <= host->paused_until)
		return;
	leave(d, host);
	host->paused_until = after(now, wait);
	host->pause = wait;
	host->outcome = outcome;
	settle(d, host);
}

void dispatch_unreachable(struct dispatch *d, struct job *job, int64_t now, int outcome)
{
	struct host *host = job->host;

	d->now = now;
	if (++host->failures < DISPATCH_BREAK)
		return;
	leave(d, host);
	host->broken_until = after(now, DISPATCH_BREAK_TIME);
	host->outcome = outcome;
	settle(d, host);
}

void dispatch_reached(struct job *job)
{
	job->host->failures = 0;
}

void dispatch_pause_all(struct dispatch *d, int64_t now, int64_t wait)
{
	d->paused_until = later(d->paused_until, after(now, wait));
}

static struct job *take_any(struct dispatch *d, struct host *host)
{
	struct job *job;

	leave(d, host);
	job = host_take(host, INT64_MAX);
	count_out(d, job);
	settle(d, host);
	return job;
}

struct job *dispatch_refused(struct dispatch *d, int64_t now, struct dispatch_refusal *refusal)
{
	d->now = now;
	while (!list_empty(&d->barred)) {
		struct host *host = container_of(d->barred.next, struct host, node);

		if (is_barred(d, host)) {
			*refusal =
				(struct dispatch_refusal){ host->origin, host->outcome, host->pause,
							   is_broken(d, host) ? host->failures
									      : 0 };
			return take_any(d, host);
		}
		/* The rest of its pause is what a job does wait for. */
		leave(d, host);
		settle(d, host);
	}
	return NULL;
}

struct job *dispatch_drain(struct dispatch *d)
{
	if (!list_empty(&d->ring))
		return take_any(d, container_of(d->ring.next, struct host, node));
	if (d->times.first)
		return take_any(d, container_of(d->times.first, struct host, due));
	if (!list_empty(&d->barred))
		return take_any(d, container_of(d->barred.next, struct host, node));
	return NULL;
}

void dispatch_count_retry(const struct job *job)
{
	add_one(&job->host->retried);
}

unsigned long dispatch_host_requests(const struct job *job)
{
	return atomic_load_explicit(&job->host->requests, memory_order_relaxed);
}

unsigned long dispatch_host_retries(const struct job *job)
{
	return atomic_load_explicit(&job->host->retried, memory_order_relaxed);
}

unsigned long dispatch_host_number(const struct job *job)
{
	return job->host->number;
}

void dispatch_count(const struct dispatch *d, struct dispatch_counts *counts)
{
	*counts = (struct dispatch_counts){ d->waiting, d->held, d->in_flight, d->hosts.count };
}
