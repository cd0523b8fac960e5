/* SPDX-License-Identifier: MIT */
/* budget.c - see budget.h. A holder is a request that has something and so can give it back. */
#include "app/budget.h"

#include "app/codes.h"

static size_t used(const struct budget *budget)
{
	return budget->held + (budget->elsewhere ? budget->elsewhere(budget->arg) : 0);
}

void budget_wake(struct budget *budget)
{
	/* Those who are woken look again, and until then are not what others must not wait for. */
	budget->waiters = 0;
	budget->wakes++;
	async_event_set(&budget->freed);
	async_event_clear(&budget->freed);
}

static void give_back(struct budget_share *share, size_t size)
{
	struct budget *budget = share->budget;

	if (size > share->held)
		size = share->held;
	if (!size)
		return;
	share->held -= size;
	budget->held -= size;
	if (!share->held)
		budget->holders--;
	budget_wake(budget);
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

/* Until something has been given back. 0 or ASYNC_ECANCELED. */
ASYNC_SUSPENDS
static int wait_once(struct budget_share *share)
{
	struct budget *budget = share->budget;
	unsigned long wakes = budget->wakes;
	bool holds = share->held > 0;
	int rc;

	budget->waiters += holds;
	budget->queue++;
	rc = async_event_wait(&budget->freed);
	budget->queue--;
	if (budget->wakes == wakes)
		budget->waiters -= holds;
	return rc;
}

/* 0, COLLECT_EMEMORY, COLLECT_ECROWDED or ASYNC_ECANCELED. */
ASYNC_SUSPENDS
static int wait_for(struct budget_share *share, size_t more)
{
	struct budget *budget = share->budget;
	int rc = 0;

	while (!rc && used(budget) + more > budget->limit) {
		if (share->held + more > budget->limit)
			return COLLECT_EMEMORY;
		rc = hope(budget, share) ? wait_once(share) : COLLECT_ECROWDED;
	}
	return rc;
}

static void hold(struct budget_share *share, size_t more)
{
	if (!share->held && more)
		share->budget->holders++;
	share->held += more;
	share->budget->held += more;
}

ASYNC_SUSPENDS int budget_change(struct budget_share *share, ptrdiff_t change)
{
	int rc;

	if (change <= 0) {
		give_back(share, (size_t)-change);
		return 0;
	}
	rc = wait_for(share, (size_t)change);
	if (rc == COLLECT_EMEMORY || rc == COLLECT_ECROWDED)
		return async_raise(rc, "no room for %zu bytes in --mem%s",
				   share->held + (size_t)change,
				   rc == COLLECT_ECROWDED ? " beside the others" : "");
	if (!rc)
		hold(share, (size_t)change);
	return rc;
}

ASYNC_SUSPENDS void budget_take(struct budget_share *share, size_t size)
{
	(void)wait_for(share, size);
	hold(share, size);
}

void budget_release(struct budget_share *share)
{
	give_back(share, share->held);
}
