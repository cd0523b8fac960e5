/* SPDX-License-Identifier: MIT */
/*
 * budget.h - --mem: what all bodies in flight and all records that wait may take together.
 *
 * Whoever needs more than is left waits, and so does not read from its socket, until somebody gives
 * some back. When everybody who could is waiting too, the last one to ask is refused: its request
 * fails as local_memory, may be retried, and the others go on.
 */
#ifndef LOOPHOUND_APP_BUDGET_H
#define LOOPHOUND_APP_BUDGET_H

#include "runtime/async.h"

struct budget {
	size_t limit, held;		      /* held by bodies */
	size_t (*elsewhere)(const void *arg); /* bytes that others hold and will give back */
	const void *arg;
	unsigned holders, waiters;
	struct async_event freed;
};

/* What one request holds. */
struct budget_share {
	struct budget *budget;
	size_t held;
};

/* Asks for more or gives back; giving never waits. 0, COLLECT_EMEMORY, ASYNC_ECANCELED. */
ASYNC_SUSPENDS
int budget_change(struct budget_share *share, ptrdiff_t change);
/* Waits as long as there is hope for so much more, and takes it in any case: the work is all but done. */
ASYNC_SUSPENDS void budget_take(struct budget_share *share, size_t size);
/* Gives back all that is left of it. */
void budget_release(struct budget_share *share);
/* Something was given back elsewhere. */
void budget_wake(struct budget *budget);

#endif
