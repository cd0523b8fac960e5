/* SPDX-License-Identifier: MIT */
/*
 * dispatch.h - which job starts next. Pure: the caller brings the time and does the work.
 *
 * A job starts when its host is not paused, its rate slot is due, and a host slot and a run slot
 * are free: all of that is looked at together and nothing is held while waiting for another, so
 * one host that is slow or limited takes nothing from the others. Hosts with work take turns. A
 * host is an origin: scheme, host and port. Times are nanoseconds of one clock.
 */
#ifndef LOOPHOUND_APP_DISPATCH_H
#define LOOPHOUND_APP_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/jobs.h"
#include "app/units.h"

struct dispatch_limits {
	unsigned concurrency, per_host;
	struct units_rate rate; /* of each host; interval 0: none */
	struct units_rate rate_total;
	size_t lookahead;	/* jobs that may wait */
	size_t lookahead_bytes; /* and their memory */
	int64_t max_pause;	/* of a host for which jobs still wait; 0: any */
	/*
	 * Of hosts whose turn it is, those of such numbers come first, which cost less just now; but
	 * each of the others after at most concurrency jobs. NULL: all cost the same.
	 */
	bool (*likes)(void *arg, unsigned long host);
	void *arg;
};

struct dispatch;

/* NULL without memory. */
struct dispatch *dispatch_new(const struct dispatch_limits *limits);
/* Frees the jobs that still wait, too. */
void dispatch_free(struct dispatch *dispatch);

/* True while no further job should be read. */
bool dispatch_full(const struct dispatch *dispatch);
/* The job is the dispatcher's from now on. 0 or ASYNC_ENOMEM, and then it is not. */
int dispatch_add(struct dispatch *dispatch, struct job *job, const char *origin);
/* The same for a job to the host of another, which is in flight still. It cannot fail. */
void dispatch_follow(struct dispatch *dispatch, struct job *next, const struct job *job);

/*
 * The job to start now, which is the caller's until dispatch_again() or dispatch_done(). NULL when
 * none may: then dispatch_due() says when to ask again unless something else happens first.
 */
struct job *dispatch_take(struct dispatch *dispatch, int64_t now);
int64_t dispatch_due(const struct dispatch *dispatch); /* INT64_MAX: not because of time */

/* Its attempt has ended, and another is to be made after so long. The job is the dispatcher's. */
void dispatch_again(struct dispatch *dispatch, struct job *job, int64_t now, int64_t wait);
/* It has ended for good. The job stays the caller's. */
void dispatch_done(struct dispatch *dispatch, struct job *job, int64_t now);
/* No request to the host of this job, which is in flight, before so long, because of outcome. */
void dispatch_pause(struct dispatch *dispatch, struct job *job, int64_t now, int64_t wait,
		    int outcome);
/* Starts nothing at all before so long: this machine is short of something. */
void dispatch_pause_all(struct dispatch *dispatch, int64_t now, int64_t wait);

/*
 * An item of this host, in flight still, has ended for good: it could not connect, or it could. So
 * many in a row of the first kind break the host: its jobs are refused for a while. After that, one
 * more of that kind is enough.
 */
#define DISPATCH_BREAK 10
#define DISPATCH_BREAK_TIME INT64_C(30000000000)
void dispatch_unreachable(struct dispatch *dispatch, struct job *job, int64_t now, int outcome);
void dispatch_reached(struct job *job);

/* A pause above max_pause, or a host that is broken: why nothing is sent. */
struct dispatch_refusal {
	const char *origin; /* until the next call */
	int outcome;
	int64_t wait;	   /* as it was ordered */
	unsigned failures; /* not 0: it is broken, after so many in a row */
};
/*
 * Takes out a job whose host is broken, or paused for longer than max_pause from now on; NULL when
 * there is none. It is the caller's. Such jobs neither start nor are they due.
 */
struct job *dispatch_refused(struct dispatch *dispatch, int64_t now,
			     struct dispatch_refusal *refusal);

/* Takes out any job that waits, whatever for; NULL when none does. */
struct job *dispatch_drain(struct dispatch *dispatch);

/*
 * For the budget of retries: one more, of this job; what its host has had so far. By whoever has the
 * job, on any thread, as long as all jobs of a host are on the same one.
 */
void dispatch_count_retry(const struct job *job);
unsigned long dispatch_host_requests(const struct job *job);
unsigned long dispatch_host_retries(const struct job *job);
/* Of its host, in the order in which hosts came: the same as long as it is remembered. */
unsigned long dispatch_host_number(const struct job *job);

struct dispatch_counts {
	size_t waiting;	  /* jobs in the queues, all kinds */
	size_t held;	  /* of these: by a rate, a pause or a retry */
	size_t in_flight; /* taken, not given back */
	size_t hosts;	  /* remembered */
};
void dispatch_count(const struct dispatch *dispatch, struct dispatch_counts *counts);

#endif
