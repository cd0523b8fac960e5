/* SPDX-License-Identifier: MIT */
/*
 * condition.c - asyncio.Condition.
 *
 * A waiter always comes back with the lock: each cancellation that meets it while it queues for the
 * lock is remembered and it queues again, so its caller's release is right in every case. Whoever
 * leaves with an error may have been notified before; the notification goes to another one, who may
 * find that there was none: that is the spurious wake-up that conditions allow.
 */
#include "runtime/scope.h"
#include "runtime/sync.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

static struct async_lock *lock_of(struct async_condition *condition)
{
	return condition->lock ? condition->lock : &condition->own;
}

int async_condition_acquire_at(const char *here, struct async_condition *condition)
{
	return async_lock_acquire_at(here, lock_of(condition));
}

int async_condition_release(struct async_condition *condition)
{
	return async_lock_release(lock_of(condition));
}

bool async_condition_locked(const struct async_condition *condition)
{
	return condition->lock ? condition->lock->locked : condition->own.locked;
}

static const struct async_future_kind condition_kind = { &condition_kind, "Condition", NULL, NULL };

ASYNC_SUSPENDS
static int wait_once(const char *here, struct async_condition *condition,
		     const struct async_future_kind *kind, const void *owner)
{
	struct task *task = task_here(here, "async_condition_wait");
	struct waiter waiter;
	int rc, again;

	if (!async_condition_locked(condition))
		return async_raise(ASYNC_ERUNTIME, "cannot wait on un-acquired lock");
	async_lock_release(lock_of(condition));
	rc = waiter_wait(&waiter, &condition->waiters, task, here, kind, owner);
	/* In a scope's level mode each attempt would fail at once, for ever. */
	scope_edges_begin(task);
	while ((again = async_lock_acquire_at(here, lock_of(condition))) < 0)
		rc = again;
	scope_edges_end(task);
	if (rc < 0)
		waiter_wake_next(&condition->waiters);
	return rc;
}

int async_condition_wait_at(const char *here, struct async_condition *condition)
{
	return wait_once(here, condition, &condition_kind, condition);
}

int sync_condition_wait_for(const char *here, struct async_condition *condition,
			    int (*predicate)(void *arg), void *arg,
			    const struct async_future_kind *kind, const void *owner)
{
	int value, rc;

	while ((value = predicate(arg)) == 0) {
		rc = wait_once(here, condition, kind, owner);
		if (rc < 0)
			return rc;
	}
	return value;
}

int async_condition_wait_for_at(const char *here, struct async_condition *condition,
				int (*predicate)(void *arg), void *arg)
{
	return sync_condition_wait_for(here, condition, predicate, arg, &condition_kind, condition);
}

int async_condition_notify(struct async_condition *condition, int n)
{
	if (!async_condition_locked(condition))
		return async_raise(ASYNC_ERUNTIME, "cannot notify on un-acquired lock");
	while (n-- > 0 && waiter_wake_next(&condition->waiters))
		;
	return 0;
}

int async_condition_notify_all(struct async_condition *condition)
{
	if (!async_condition_locked(condition))
		return async_raise(ASYNC_ERUNTIME, "cannot notify on un-acquired lock");
	list_for_each(node, &condition->waiters)
		waiter_wake(waiter_of(node));
	return 0;
}
