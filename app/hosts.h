/* SPDX-License-Identifier: MIT */
/*
 * hosts.h - one origin of the dispatcher: its queue, its limits, and the state that says which list
 * it is on. Internal to the dispatcher.
 */
#ifndef LOOPHOUND_APP_HOSTS_H
#define LOOPHOUND_APP_HOSTS_H

#include <stdatomic.h>

#include "app/due.h"
#include "app/jobs.h"
#include "app/units.h"
#include "runtime/list.h"

enum host_state {
	HOST_IDLE,   /* nothing to do, nothing in flight: on the idle list, may be forgotten */
	HOST_BUSY,   /* at its limit, or all its work is in flight: on no list */
	HOST_TIMED,  /* waits for a rate, a pause or a retry: in the heap of times */
	HOST_READY,  /* may start a job at once: in the ring */
	HOST_BARRED, /* paused for longer than anybody waits, or broken: on the list of these */
};

struct host {
	enum host_state state;
	struct due due;		/* in the heap while HOST_TIMED */
	struct async_list node; /* in the ring, the idle list, or the one of barred hosts */
	struct host *next;	/* in its bucket */
	uint64_t hash;

	struct job *first, **last; /* the queue of fresh jobs */
	struct due_heap retries;
	size_t waiting; /* in both */
	unsigned in_flight;

	int64_t paused_until;
	int64_t pause;	   /* as it was ordered */
	int outcome;	   /* with which it was */
	unsigned failures; /* how many items in a row could not connect in the end */
	int64_t broken_until;
	int64_t next_slot;  /* of the rate: when the next one would be due without a burst */
	int64_t held_since; /* a job could start but for rate or pause; 0: none could */
	int64_t held;	    /* how long that lasted for the next job to start */
	/* The loop that fetches from it asks, and counts, too; one writes each, so no update is lost. */
	atomic_ulong requests, retried;
	unsigned long number; /* in the order in which hosts came */
	char origin[];
};

struct hosts {
	struct host **buckets;
	size_t bucket_count, count;
	unsigned long made;
	struct async_list idle; /* the one that was idle first comes first */
	size_t idle_count;
};

/* Idle hosts beyond these are forgotten, oldest first: a million origins need not fit in memory. */
#define HOSTS_IDLE 1024

/* Finds or makes it; NULL without memory. A new one is idle. */
struct host *hosts_get(struct hosts *hosts, const char *origin, int64_t now);
void hosts_idle(struct hosts *hosts, struct host *host, int64_t now);
void hosts_busy(struct hosts *hosts, struct host *host);
void hosts_free(struct hosts *hosts);

void host_append(struct host *host, struct job *job);
/* The next job: a retry that is due comes before a fresh one. NULL: neither. */
struct job *host_take(struct host *host, int64_t now);

/* When a rate next gives a slot, and what taking it does. */
int64_t host_slot_due(const struct units_rate *rate, int64_t next_slot);
int64_t host_slot_take(const struct units_rate *rate, int64_t next_slot, int64_t now);

#endif
