/* SPDX-License-Identifier: MIT */
/*
 * waiters.h - every way a wake-up and a cancellation can meet, for a table of what can be waited for.
 *
 * Two tasks wait, A before B. One wake-up is given and A is cancelled: in both orders, in one turn
 * and with a turn between. The table says who then got it (g), was cancelled (c), or still waits
 * (w). Where a wake-up is worth something, it is in somebody's hands or in the primitive, never
 * twice and never nowhere. With the ready queue shuffled the letters may differ; that may not.
 */
#ifndef LOOPHOUND_TESTS_WAITERS_H
#define LOOPHOUND_TESTS_WAITERS_H

#include <stddef.h>

/* All that is waited on in any of a file's rows: its own struct, zeroed for each meeting. */
struct world;

struct primitive {
	const char *name;
	const char *a,
		*b; /* a letter for each of: wake cancel, cancel wake, wake turn cancel, cancel turn wake; b NULL: A waits alone */
	void (*prepare)(struct world *world);
	int (*wait)(struct world *world);   /* 0 or more: got it */
	void (*begun)(struct world *world); /* a task has begun to wait */
	/* Gives one wake-up, so far that A is to run next. */
	void (*wake)(struct world *world);
	int (*spare)(struct world *world);  /* what nobody has taken; NULL: nothing to be taken */
	void (*again)(struct world *world); /* makes it ready for one waiter more */
	void (*cleanup)(struct world *world);
};

/* So many turns pass. */
void waiters_yield(int times);
/* Each of the rows in each meeting, in order; the letters are checked. */
void waiters_meet_in_order(const struct primitive *rows, size_t count, size_t world_size);
/* The same with the ready queue shuffled by many seeds, without the letters. */
void waiters_meet_shuffled(const struct primitive *rows, size_t count, size_t world_size);

#endif
