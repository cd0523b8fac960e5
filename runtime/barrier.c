/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - asyncio.Barrier: a state, a count, and a condition that tells of their changes.
 *
 *     FILLING    tasks come and wait; the last of the parties makes it DRAINING
 *     DRAINING   they leave; newcomers wait until the last is out, which makes it FILLING
 *     RESETTING  they leave with an error; newcomers wait as for DRAINING
 *     BROKEN     everybody leaves with an error at once, until a reset
 */
#include "runtime/sync.h"
#include "runtime/waiter.h"

int async_barrier_init(struct async_barrier *barrier, int parties)
{
	if (parties < 1)
		return async_raise(ASYNC_EINVAL, "parties must be > 0");
	*barrier = (struct async_barrier)ASYNC_BARRIER(parties);
	return 0;
}

static int is_open(void *arg)
{
	const struct async_barrier *barrier = arg;

	return barrier->state != ASYNC_BARRIER_DRAINING &&
	       barrier->state != ASYNC_BARRIER_RESETTING;
}

static int is_not_filling(void *arg)
{
	const struct async_barrier *barrier = arg;

	return barrier->state != ASYNC_BARRIER_FILLING;
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct async_barrier barrier;

	if (!waiter_peek_owner(view, future, &barrier, sizeof barrier))
		return;
	if (barrier.state == ASYNC_BARRIER_FILLING)
		wait_say(view, ", %d of %d are here", barrier.count, barrier.parties);
	else
		wait_say(view, ", %d of the last round still leave", barrier.count);
}

static const struct async_future_kind kind = { &kind, "Barrier", NULL, describe };

/* Those of the last round, or of a reset, go first. */
static int enter(const char *here, struct async_barrier *barrier)
{
	int rc = sync_condition_wait_for(here, &barrier->changed, is_open, barrier, &kind, barrier);

	if (rc < 0)
		return rc;
	if (barrier->state == ASYNC_BARRIER_BROKEN)
		return async_raise(ASYNC_EBROKENBARRIER, "Barrier aborted");
	return 0;
}

static int wait_for_the_others(const char *here, struct async_barrier *barrier)
{
	int rc = sync_condition_wait_for(here, &barrier->changed, is_not_filling, barrier, &kind,
					 barrier);

	if (rc < 0)
		return rc;
	if (barrier->state != ASYNC_BARRIER_DRAINING)
		return async_raise(ASYNC_EBROKENBARRIER, "Abort or reset of barrier");
	return 0;
}

/* The last one out opens it for the next round. */
static void leave(struct async_barrier *barrier)
{
	if (--barrier->count > 0)
		return;
	if (!is_open(barrier))
		barrier->state = ASYNC_BARRIER_FILLING;
	async_condition_notify_all(&barrier->changed);
}

static int pass(const char *here, struct async_barrier *barrier)
{
	int index = barrier->count++, rc = 0;

	if (index + 1 < barrier->parties) {
		rc = wait_for_the_others(here, barrier);
	} else {
		barrier->state = ASYNC_BARRIER_DRAINING;
		async_condition_notify_all(&barrier->changed);
	}
	leave(barrier);
	return rc < 0 ? rc : index;
}

int async_barrier_wait_at(const char *here, struct async_barrier *barrier)
{
	int rc;

	must(barrier->parties > 0, "async_barrier_wait at %s: parties must be > 0", here);
	rc = async_condition_acquire_at(here, &barrier->changed);
	if (rc < 0)
		return rc;
	rc = enter(here, barrier);
	if (rc == 0)
		rc = pass(here, barrier);
	async_condition_release(&barrier->changed);
	return rc;
}

static int change(const char *here, struct async_barrier *barrier, bool abort)
{
	int rc = async_condition_acquire_at(here, &barrier->changed);

	if (rc < 0)
		return rc;
	if (abort)
		barrier->state = ASYNC_BARRIER_BROKEN;
	else
		barrier->state =
			barrier->count > 0 ? ASYNC_BARRIER_RESETTING : ASYNC_BARRIER_FILLING;
	async_condition_notify_all(&barrier->changed);
	return async_condition_release(&barrier->changed);
}

int async_barrier_reset_at(const char *here, struct async_barrier *barrier)
{
	return change(here, barrier, false);
}

int async_barrier_abort_at(const char *here, struct async_barrier *barrier)
{
	return change(here, barrier, true);
}

int async_barrier_parties(const struct async_barrier *barrier)
{
	return barrier->parties;
}

int async_barrier_n_waiting(const struct async_barrier *barrier)
{
	return barrier->state == ASYNC_BARRIER_FILLING ? barrier->count : 0;
}

bool async_barrier_broken(const struct async_barrier *barrier)
{
	return barrier->state == ASYNC_BARRIER_BROKEN;
}
