/* SPDX-License-Identifier: MIT */
/* budget.c - see budget.h. A holder is a request that has something and so can give it back. */
#include "app/budget.h"

#include "app/brief.h"
#include "app/codes.h"
#include "runtime/list.h"

void budget_init(struct budget *budget, size_t limit)
{
	*budget = (struct budget){ .limit = limit, .lock = PTHREAD_MUTEX_INITIALIZER };
}

void budget_join(struct budget_branch *branch, struct budget *budget, struct async_loop *loop)
{
	*branch = (struct budget_branch){ .budget = budget, .loop = loop };
	brief_lock(&budget->lock);
	list_append(&budget->branches, &branch->node);
	brief_unlock(&budget->lock);
}

void budget_leave(struct budget_branch *branch)
{
	if (!branch->budget)
		return;
	brief_lock(&branch->budget->lock);
	list_remove(&branch->node);
	brief_unlock(&branch->budget->lock);
	async_handle_cancel(&branch->handle);
}

unsigned budget_queue(const struct budget *budget)
{
	return atomic_load_explicit(&budget->queue, memory_order_relaxed);
}

static size_t used(const struct budget *budget)
{
	return budget->held + (budget->elsewhere ? budget->elsewhere(budget->arg) : 0);
}

/* ---- Waking ---------------------------------------------------------------------------------- */

static void pulse(struct budget_branch *branch)
{
	async_event_set(&branch->freed);
	async_event_clear(&branch->freed);
}

/* On the branch's loop, on behalf of another. */
static void on_post(void *arg)
{
	struct budget_branch *branch = arg;

	brief_lock(&branch->budget->lock);
	branch->posted = false;
	brief_unlock(&branch->budget->lock);
	pulse(branch);
}

/* Those who are woken look again, and until then are not what others must not wait for. */
static void wake_all(struct budget_branch *here)
{
	struct budget *budget = here->budget;

	budget->waiters = 0;
	budget->wakes++;
	list_for_each(node, &budget->branches) {
		struct budget_branch *branch = container_of(node, struct budget_branch, node);

		if (!branch->queue || branch->posted)
			continue;
		if (branch == here)
			pulse(branch);
		else
			branch->posted = async_call_soon_threadsafe(branch->loop, &branch->handle,
								    on_post, branch) == 0;
	}
}

void budget_wake(struct budget_branch *here)
{
	brief_lock(&here->budget->lock);
	wake_all(here);
	brief_unlock(&here->budget->lock);
}

/* ---- Taking and giving; the lock is held ----------------------------------------------------- */

static void give_back(struct budget_share *share, size_t size)
{
	struct budget *budget = share->branch->budget;

	if (size > share->held)
		size = share->held;
	if (!size)
		return;
	share->held -= size;
	budget->held -= size;
	if (!share->held)
		budget->holders--;
	wake_all(share->branch);
}

static void hold(struct budget_share *share, size_t more)
{
	struct budget *budget = share->branch->budget;

	if (!share->held && more)
		budget->holders++;
	share->held += more;
	budget->held += more;
}

/*
 * Will anybody but this one give something back? Holders who wait will not, but then one of them is
 * about to be refused; so whoever holds nothing, and is waited for by nobody, may wait for any.
 */
static bool hope(const struct budget *budget, const struct budget_share *share)
{
	if (used(budget) > budget->held)
		return true;
	return share->held ? budget->holders - 1 > budget->waiters : budget->holders > 0;
}

/*
 * Until something has been given back. 0 or ASYNC_ECANCELED. A wake-up from another loop runs on
 * this one, so it cannot come between the look that led here and the wait.
 */
ASYNC_SUSPENDS
static int wait_once(struct budget_share *share)
{
	struct budget_branch *branch = share->branch;
	struct budget *budget = branch->budget;
	unsigned long wakes = budget->wakes;
	bool holds = share->held > 0;
	int rc;

	share->waited = true;
	budget->waiters += holds;
	budget->queue++;
	branch->queue++;
	brief_unlock(&budget->lock);
	rc = async_event_wait(&branch->freed);
	brief_lock(&budget->lock);
	branch->queue--;
	budget->queue--;
	if (budget->wakes == wakes)
		budget->waiters -= holds;
	return rc;
}

/* 0, COLLECT_EMEMORY, COLLECT_ECROWDED or ASYNC_ECANCELED. */
ASYNC_SUSPENDS
static int wait_for(struct budget_share *share, size_t more)
{
	const struct budget *budget = share->branch->budget;
	int rc = 0;

	while (!rc && used(budget) + more > budget->limit) {
		if (share->held + more > budget->limit)
			return COLLECT_EMEMORY;
		rc = hope(budget, share) ? wait_once(share) : COLLECT_ECROWDED;
	}
	return rc;
}

ASYNC_SUSPENDS int budget_change(struct budget_share *share, ptrdiff_t change)
{
	pthread_mutex_t *lock = &share->branch->budget->lock;
	int rc = 0;

	brief_lock(lock);
	if (change <= 0)
		give_back(share, (size_t)-change);
	else
		rc = wait_for(share, (size_t)change);
	if (!rc && change > 0)
		hold(share, (size_t)change);
	brief_unlock(lock);
	if (rc == COLLECT_EMEMORY || rc == COLLECT_ECROWDED)
		return async_raise(rc, "no room for %zu bytes in --mem%s",
				   share->held + (size_t)change,
				   rc == COLLECT_ECROWDED ? " beside the others" : "");
	return rc;
}

ASYNC_SUSPENDS void budget_take(struct budget_share *share, size_t size)
{
	pthread_mutex_t *lock = &share->branch->budget->lock;

	brief_lock(lock);
	(void)wait_for(share, size);
	hold(share, size);
	brief_unlock(lock);
}

void budget_release(struct budget_share *share)
{
	if (share->held)
		(void)budget_change(share, -(ptrdiff_t)share->held);
}
