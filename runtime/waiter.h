/* SPDX-License-Identifier: MIT */
/*
 * waiter.h - the waiter primitive, for runtime/ and net/, not for programs.
 *
 * A waiter is a future and a place in a list of waiters, both on the waiting coroutine's stack. A
 * waker completes the future; the waiter runs in a later turn, and a cancellation may come first.
 * Then waiter_wait() is negative while waiter_woken() is true: the wake-up was spent on somebody who
 * cannot use it, and the caller must pass it on. That is the one rule of every primitive.
 */
#ifndef LOOPHOUND_RUNTIME_WAITER_H
#define LOOPHOUND_RUNTIME_WAITER_H

#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/wait.h"

struct waiter {
	struct async_list node;
	struct async_future future;
	const void *owner; /* the primitive that it waits for, for the kind to describe */
};

/* Queues at the end, waits, and leaves the list. 0, or ASYNC_ECANCELED. */
ASYNC_SUSPENDS static inline int waiter_wait(struct waiter *waiter, struct async_list *waiters,
					     struct task *task, const char *here,
					     const struct async_future_kind *kind,
					     const void *owner)
{
	int rc;

	waiter->node = (struct async_list){ 0 };
	waiter->future = (struct async_future){ .kind = kind };
	waiter->owner = owner;
	list_append(waiters, &waiter->node);
	rc = future_wait(task, here, &waiter->future);
	list_remove(&waiter->node);
	return rc;
}

static inline bool waiter_woken(const struct waiter *waiter)
{
	return waiter->future.state == ASYNC_FINISHED;
}

/* For describe: the primitive that a waiter's future is about, copied. */
static inline bool waiter_peek_owner(struct wait_view *view, const struct async_future *future,
				     void *copy, size_t size)
{
	struct waiter waiter;

	return wait_peek_around(view, &waiter, future, future) &&
	       wait_peek(view, copy, waiter.owner, size);
}

static inline struct waiter *waiter_of(struct async_list *node)
{
	return container_of(node, struct waiter, node);
}

/* False when it is woken or cancelled already. */
static inline bool waiter_wake(struct waiter *waiter)
{
	return async_future_set_result(&waiter->future, 0) == 0;
}

/* Wakes the first waiter that is neither woken nor cancelled. False: there is none. */
static inline bool waiter_wake_next(struct async_list *waiters)
{
	list_for_each(node, waiters)
		if (waiter_wake(waiter_of(node)))
			return true;
	return false;
}

/* Is there one that is not cancelled? Who was woken and has not run yet counts: it is first. */
static inline bool waiter_any_live(const struct async_list *waiters)
{
	list_for_each(node, waiters)
		if (waiter_of(node)->future.state != ASYNC_CANCELLED)
			return true;
	return false;
}

#endif
