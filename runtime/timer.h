/* SPDX-License-Identifier: MIT */
/*
 * timer.h - an intrusive heap of timers, ordered by (deadline, sequence).
 *
 * Equal deadlines come out in the order they went in. No allocation: the links are in struct
 * async_timer, which usually lives on the stack of the coroutine that sleeps.
 */
#ifndef LOOPHOUND_RUNTIME_TIMER_H
#define LOOPHOUND_RUNTIME_TIMER_H

#include "runtime/async.h"

struct timer_heap {
	struct async_timer *root;
	uint64_t next_sequence;
	size_t count;
};

void timer_insert(struct timer_heap *heap, struct async_timer *timer, int64_t when);
/* Idempotent. */
/* Walks up to its root. */
bool timer_is_in(const struct timer_heap *heap, const struct async_timer *timer);
void timer_remove(struct timer_heap *heap, struct async_timer *timer);
/* The first timer, removed, if it is due at now; else NULL. */
struct async_timer *timer_take_due(struct timer_heap *heap, int64_t now);

#define TIMER_SECOND 1000000000LL

/* Seconds to nanoseconds, saturating: a delay of ten thousand years is a delay. */
int64_t timer_from_seconds(double seconds);

#endif
