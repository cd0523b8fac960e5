/* SPDX-License-Identifier: MIT */
/*
 * budget.h - --mem: what all bodies in flight and all records that wait may take together.
 *
 * Whoever needs more than is left waits, and so does not read from its socket, until somebody gives
 * some back. When everybody who could is waiting too, the last one to ask is refused, so that the
 * others go on: only requests that hold something already, whose length was not announced, can
 * come to that. What would not fit even if it were alone is refused at once.
 */
#ifndef LOOPHOUND_APP_BUDGET_H
#define LOOPHOUND_APP_BUDGET_H

#include "runtime/async.h"

struct budget {
	size_t limit, held;		      /* held by bodies */
	size_t (*elsewhere)(const void *arg); /* bytes that others hold and will give back */
	const void *arg;
	unsigned holders, waiters; /* of the holders */
	unsigned queue;		   /* all who wait, the request that holds nothing included */
	unsigned long wakes;
	struct async_event freed;
};

/* What one request holds. */
struct budget_share {
	struct budget *budget;
	size_t held;
};

/*
 * Asks for more or gives back; giving never waits. 0, COLLECT_EMEMORY: it will never fit,
 * COLLECT_ECROWDED: not beside the others, ASYNC_ECANCELED.
 */
ASYNC_SUSPENDS
int budget_change(struct budget_share *share, ptrdiff_t change);
/* Waits as long as there is hope for so much more, and takes it in any case: the work is all but done. */
ASYNC_SUSPENDS void budget_take(struct budget_share *share, size_t size);
/* Gives back all that is left of it. */
void budget_release(struct budget_share *share);
/* Something was given back elsewhere. */
void budget_wake(struct budget *budget);

#endif
