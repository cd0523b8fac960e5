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

/* Could anybody but this one give something back? Those who wait for memory cannot. */
static bool hope(const struct budget *budget, const struct budget_share *share)
{
	unsigned others = budget->holders - (share->held > 0);

	return others > budget->waiters || used(budget) > budget->held;
}

/* 0, COLLECT_EMEMORY when waiting is hopeless, or ASYNC_ECANCELED. */
static int wait_for(struct budget_share *share, size_t more)
{
	struct budget *budget = share->budget;

	while (used(budget) + more > budget->limit) {
		bool holds = share->held > 0;
		int rc;

		if (!hope(budget, share))
			return COLLECT_EMEMORY;
		/* One that holds nothing yet cannot be what others wait for. */
		budget->waiters += holds;
		rc = async_event_wait(&budget->freed);
		budget->waiters -= holds;
		if (rc < 0)
			return rc;
	}
	return 0;
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
	if (rc == COLLECT_EMEMORY)
		return async_raise(rc, "no room for %td more bytes in --mem", change);
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
