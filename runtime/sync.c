/* SPDX-License-Identifier: MIT */
/*
 * sync.c - Semaphore and Event, on the waiter primitive.
 *
 * A slot is handed to the first waiter at once, before it runs, and no newcomer can take it in
 * between: that makes the semaphore fair. A waiter that was given a slot and then cancelled gives
 * it back, to whoever is next.
 */
#include <limits.h>

#include "runtime/sync.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

static int init(struct async_semaphore *semaphore, int value, bool bounded)
{
	if (value < 0)
		return async_raise(ASYNC_EINVAL, "Semaphore initial value must be >= 0");
	*semaphore = (struct async_semaphore){ .value = value, .bounded = bounded, .bound = value };
	return 0;
}

int async_semaphore_init(struct async_semaphore *semaphore, int value)
{
	return init(semaphore, value, false);
}

int async_bounded_semaphore_init(struct async_semaphore *semaphore, int value)
{
	return init(semaphore, value, true);
}

/* Also when a waiter has its slot already but has not run yet: a newcomer queues behind it. */
bool async_semaphore_locked(const struct async_semaphore *semaphore)
{
	return semaphore->value == 0 || waiter_any_live(&semaphore->waiters);
}

static void hand_out(struct async_semaphore *semaphore)
{
	while (semaphore->value > 0 && waiter_wake_next(&semaphore->waiters))
		semaphore->value--;
}

static const struct async_future_kind semaphore_kind = { &semaphore_kind, "Semaphore", NULL, NULL };

int async_semaphore_acquire_at(const char *here, struct async_semaphore *semaphore)
{
	struct task *task = task_here(here, "async_semaphore_acquire");
	struct waiter waiter;
	int rc;

	must(semaphore->value >= 0, "async_semaphore_acquire at %s: %s", here,
	     "Semaphore initial value must be >= 0");
	if (!async_semaphore_locked(semaphore)) {
		semaphore->value--;
		return 0;
	}
	rc = waiter_wait(&waiter, &semaphore->waiters, task, here, &semaphore_kind, semaphore);
	if (rc < 0 && waiter_woken(&waiter))
		semaphore->value++;
	/* New waiters may have queued only because of the order. */
	hand_out(semaphore);
	return rc;
}

int async_semaphore_release(struct async_semaphore *semaphore)
{
	if (semaphore->value >= (semaphore->bounded ? semaphore->bound : INT_MAX))
		return async_raise(ASYNC_EINVAL, "BoundedSemaphore released too many times");
	semaphore->value++;
	if (waiter_wake_next(&semaphore->waiters))
		semaphore->value--;
	return 0;
}

void async_event_set(struct async_event *event)
{
	if (event->value)
		return;
	event->value = true;
	list_for_each(node, &event->waiters)
		waiter_wake(waiter_of(node));
}

void async_event_clear(struct async_event *event)
{
	event->value = false;
}

bool async_event_is_set(const struct async_event *event)
{
	return event->value;
}

int sync_event_wait(const char *here, struct async_event *event,
		    const struct async_future_kind *kind, const void *owner)
{
	struct task *task = task_here(here, "async_event_wait");
	struct waiter waiter;

	if (event->value)
		return 0;
	return waiter_wait(&waiter, &event->waiters, task, here, kind, owner);
}

int async_event_wait_at(const char *here, struct async_event *event)
{
	static const struct async_future_kind kind = { &kind, "Event", NULL, NULL };

	return sync_event_wait(here, event, &kind, event);
}
