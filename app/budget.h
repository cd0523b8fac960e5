/* SPDX-License-Identifier: MIT */
/*
 * budget.h - --mem: what all bodies in flight and all records that wait may take together.
 *
 * Whoever needs more than is left waits, and so does not read from its socket, until somebody gives
 * some back. When everybody who could is waiting too, the last one to ask is refused, so that the
 * others go on: only requests that hold something already, whose length was not announced, can
 * come to that. What would not fit even if it were alone is refused at once.
 *
 * One budget serves the loops of several threads, each through a branch of its own: the numbers are
 * behind a lock, and those who wait do so on their own loop.
 */
#ifndef LOOPHOUND_APP_BUDGET_H
#define LOOPHOUND_APP_BUDGET_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/async.h"

struct budget {
	size_t limit;
	size_t (*elsewhere)(const void *arg); /* bytes that others hold and will give back */
	const void *arg;
	pthread_mutex_t lock;	   /* of what follows */
	size_t held;		   /* by bodies */
	unsigned holders, waiters; /* of the holders */
	atomic_uint queue;	   /* all who wait, the request that holds nothing included */
	unsigned long wakes;
	struct async_list branches;
};

/* One loop's way to it. All but the lock's are of that loop. */
struct budget_branch {
	struct budget *budget;
	struct async_list node;
	struct async_loop *loop; /* NULL: there is no other one */
	struct async_event freed;
	unsigned queue; /* who wait here; under the lock, as is the next */
	bool posted;
	struct async_handle handle;
};

/* What one request holds. */
struct budget_share {
	struct budget_branch *branch;
	size_t held;
	bool waited; /* at some time; the owner may clear it */
};

void budget_init(struct budget *budget, size_t limit);
/* loop: as async_get_running_loop() says, when there are several; else NULL. */
void budget_join(struct budget_branch *branch, struct budget *budget, struct async_loop *loop);
/* Nobody may hold or wait for anything through it. */
void budget_leave(struct budget_branch *branch);

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
/* Something was given back elsewhere; here: this loop's branch. */
void budget_wake(struct budget_branch *here);
/* How many wait. Any thread. */
unsigned budget_queue(const struct budget *budget);

#endif
