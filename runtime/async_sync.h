/* SPDX-License-Identifier: MIT */
/*
 * async_sync.h - Lock, Event, Condition, Semaphore, Barrier: the part of the manual that async.h
 * includes.
 *
 * Rules for users:
 *  - All are fair: who waits first is served first, and nobody overtakes. A waiter that was woken
 *    and then cancelled passes the wake-up on.
 *  - They are the caller's memory, nothing needs to be freed, and zeroed is valid where nothing else
 *    is said. Nobody may wait on one any more when it goes; it must not be copied meanwhile.
 *  - They belong to one loop and its thread. None of these calls allocates in order to wait.
 *  - Misuse that asyncio answers with an exception is a code here, with asyncio's text recorded by
 *    async_raise().
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_SYNC_H
#define LOOPHOUND_RUNTIME_ASYNC_SYNC_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Lock ------------------------------------------------------------------------------------ */

/*
 * asyncio.Lock: for a stretch that suspends and that only one task may be in. Static initialiser:
 * {0}. It has no owner: any task may release it.
 */
struct async_lock {
	bool locked;
	struct async_list waiters;
	uint64_t acquired_by; /* private: the task that took it last, for reports */
};

/* 0, or ASYNC_ECANCELED: then the lock is not held. */
#define async_lock_acquire(lock) async_lock_acquire_at(ASYNC_HERE, (lock))
ASYNC_SUSPENDS int async_lock_acquire_at(const char *here, struct async_lock *lock);
/* 0, or ASYNC_ERUNTIME "Lock is not acquired." The next waiter has it once it runs. */
int async_lock_release(struct async_lock *lock);
/* False also between a release and the turn in which the woken waiter takes it. */
bool async_lock_locked(const struct async_lock *lock);

/* ---- Event ----------------------------------------------------------------------------------- */

/* asyncio.Event. Static initialiser: {0}. */
struct async_event {
	bool value;
	struct async_list waiters;
};

/* Wakes all that wait now, even if it is cleared before they run. */
void async_event_set(struct async_event *event);
void async_event_clear(struct async_event *event);
bool async_event_is_set(const struct async_event *event);
/* 0 at once when it is set, else when it becomes so; or ASYNC_ECANCELED. */
#define async_event_wait(event) async_event_wait_at(ASYNC_HERE, (event))
ASYNC_SUSPENDS int async_event_wait_at(const char *here, struct async_event *event);

/* ---- Condition ------------------------------------------------------------------------------- */

/*
 * asyncio.Condition: an Event with a Lock around what it is about. Static initialiser: {0} with a
 * lock of its own, { .lock = &lock } to share one.
 *
 *     async_condition_acquire(&changed);
 *     rc = async_condition_wait_for(&changed, has_items, &list);   // has the lock again, always
 *     ...
 *     async_condition_release(&changed);
 */
struct async_condition {
	struct async_lock *lock; /* NULL: own */
	struct async_lock own;
	struct async_list waiters;
};

/* The lock's. */
#define async_condition_acquire(condition) async_condition_acquire_at(ASYNC_HERE, (condition))
ASYNC_SUSPENDS int async_condition_acquire_at(const char *here, struct async_condition *condition);
int async_condition_release(struct async_condition *condition);
bool async_condition_locked(const struct async_condition *condition);

/*
 * Releases the lock, waits for a notification, and takes the lock again, also when cancelled, and
 * however often: the caller holds the lock whatever is returned. It may return without reason; look
 * again at what was waited for. 0, ASYNC_ECANCELED, or at once ASYNC_ERUNTIME "cannot wait on
 * un-acquired lock". Who leaves with an error passes its notification on.
 */
#define async_condition_wait(condition) async_condition_wait_at(ASYNC_HERE, (condition))
ASYNC_SUSPENDS int async_condition_wait_at(const char *here, struct async_condition *condition);
/*
 * Waits until predicate(arg), which is called with the lock held and must not suspend, is not 0:
 * returns its value, negative ones too, or what wait returns when that fails.
 */
#define async_condition_wait_for(condition, predicate, arg) \
	async_condition_wait_for_at(ASYNC_HERE, (condition), (predicate), (arg))
ASYNC_SUSPENDS int async_condition_wait_for_at(const char *here, struct async_condition *condition,
					       int (*predicate)(void *arg), void *arg);

/*
 * Wakes the first n waiters, or all; they go on when the caller has released the lock.
 * 0, or ASYNC_ERUNTIME "cannot notify on un-acquired lock".
 */
int async_condition_notify(struct async_condition *condition, int n);
int async_condition_notify_all(struct async_condition *condition);

/* ---- Semaphore ------------------------------------------------------------------------------- */

/*
 * asyncio.Semaphore: at most so many at once. Static initialiser: ASYNC_SEMAPHORE(n).
 * asyncio.BoundedSemaphore is the same with a bound: ASYNC_BOUNDED_SEMAPHORE(n) refuses a release
 * that nobody has acquired.
 */
struct async_semaphore {
	int value;
	struct async_list waiters;
	bool bounded;
	int bound;
};
#define ASYNC_SEMAPHORE(n)   \
	{                    \
		.value = (n) \
	}
#define ASYNC_BOUNDED_SEMAPHORE(n)                          \
	{                                                   \
		.value = (n), .bounded = true, .bound = (n) \
	}

/* 0, or ASYNC_EINVAL when value is negative. */
int async_semaphore_init(struct async_semaphore *semaphore, int value);
int async_bounded_semaphore_init(struct async_semaphore *semaphore, int value);
/* 0, or ASYNC_ECANCELED: then no slot is held. */
#define async_semaphore_acquire(semaphore) async_semaphore_acquire_at(ASYNC_HERE, (semaphore))
ASYNC_SUSPENDS int async_semaphore_acquire_at(const char *here, struct async_semaphore *semaphore);
/* 0; at its bound (INT_MAX without one) ASYNC_EINVAL "BoundedSemaphore released too many times". */
int async_semaphore_release(struct async_semaphore *semaphore);
/* True when acquire would have to wait: for a slot, or behind somebody else. */
bool async_semaphore_locked(const struct async_semaphore *semaphore);

/* ---- Barrier --------------------------------------------------------------------------------- */

enum async_barrier_state {
	ASYNC_BARRIER_FILLING,
	ASYNC_BARRIER_DRAINING,
	ASYNC_BARRIER_RESETTING,
	ASYNC_BARRIER_BROKEN,
};

/*
 * asyncio.Barrier: nobody passes until so many have come, again and again. Static initialiser:
 * ASYNC_BARRIER(parties).
 */
struct async_barrier {
	int parties;
	int count;
	enum async_barrier_state state;
	struct async_condition changed;
};
#define ASYNC_BARRIER(n)       \
	{                      \
		.parties = (n) \
	}

/* 0, or ASYNC_EINVAL when parties is not positive. */
int async_barrier_init(struct async_barrier *barrier, int parties);
/*
 * Waits for the others. Returns the caller's index among them, 0 for the first to come; the last
 * one does not suspend. ASYNC_EBROKENBARRIER after an abort, or when a reset sends it away;
 * ASYNC_ECANCELED: it has left, and one more is needed.
 */
#define async_barrier_wait(barrier) async_barrier_wait_at(ASYNC_HERE, (barrier))
ASYNC_SUSPENDS int async_barrier_wait_at(const char *here, struct async_barrier *barrier);
/* Empties it: those who wait get ASYNC_EBROKENBARRIER. Mends a broken one. 0, or ASYNC_ECANCELED. */
#define async_barrier_reset(barrier) async_barrier_reset_at(ASYNC_HERE, (barrier))
ASYNC_SUSPENDS int async_barrier_reset_at(const char *here, struct async_barrier *barrier);
/* Breaks it: who waits or comes later gets ASYNC_EBROKENBARRIER. 0, or ASYNC_ECANCELED. */
#define async_barrier_abort(barrier) async_barrier_abort_at(ASYNC_HERE, (barrier))
ASYNC_SUSPENDS int async_barrier_abort_at(const char *here, struct async_barrier *barrier);
int async_barrier_parties(const struct async_barrier *barrier);
/* How many have come and wait for the rest. */
int async_barrier_n_waiting(const struct async_barrier *barrier);
bool async_barrier_broken(const struct async_barrier *barrier);

#ifdef __cplusplus
}
#endif
#endif
