/* SPDX-License-Identifier: MIT */
/*
 * lock.c - asyncio.Lock.
 *
 * A release does not hand the lock over: it wakes the first waiter, which takes the lock when it
 * runs. In between the lock is free, but a newcomer queues behind whoever waits. Only the head of
 * the list is ever woken: if it is cancelled, it wakes the next one on its way out.
 */
#include "runtime/task.h"
#include "runtime/waiter.h"

static void wake_first(struct async_lock *lock)
{
	if (!list_empty(&lock->waiters))
		waiter_wake(waiter_of(lock->waiters.next));
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct async_lock lock;

	if (!waiter_peek_owner(view, future, &lock, sizeof lock) || lock.acquired_by == 0)
		return;
	wait_say(view, lock.locked ? " held by " : ", last held by ");
	wait_say_task(view, lock.acquired_by);
	if (lock.locked)
		wait_on_task(view, lock.acquired_by);
}

static const struct async_future_kind kind = { &kind, "Lock", NULL, describe };

static void take(struct async_lock *lock, const struct task *task)
{
	lock->locked = true;
	lock->acquired_by = task->id;
}

int async_lock_acquire_at(const char *here, struct async_lock *lock)
{
	struct task *task = task_here(here, "async_lock_acquire");
	struct waiter waiter;
	int rc;

	if (!lock->locked && !waiter_any_live(&lock->waiters)) {
		take(lock, task);
		return 0;
	}
	rc = waiter_wait(&waiter, &lock->waiters, task, here, &kind, lock);
	if (rc < 0) {
		if (!lock->locked)
			wake_first(lock);
		return rc;
	}
	take(lock, task);
	return 0;
}

int async_lock_release(struct async_lock *lock)
{
	if (!lock->locked)
		return async_raise(ASYNC_ERUNTIME, "Lock is not acquired.");
	lock->locked = false;
	wake_first(lock);
	return 0;
}

bool async_lock_locked(const struct async_lock *lock)
{
	return lock->locked;
}
