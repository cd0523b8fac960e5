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

ASYNC_SUSPENDS
int budget_change(struct budget_share *share, ptrdiff_t change)
{
	struct budget *budget = share->budget;
	size_t more = change > 0 ? (size_t)change : 0;

	if (change <= 0) {
		give_back(share, (size_t)-change);
		return 0;
	}
	while (used(budget) + more > budget->limit) {
		bool holds = share->held > 0;
		int rc;

		if (!hope(budget, share))
			return async_raise(COLLECT_EMEMORY, "no room for %zu more bytes in --mem",
					   more);
		/* One that holds nothing yet cannot be what others wait for. */
		budget->waiters += holds;
		rc = async_event_wait(&budget->freed);
		budget->waiters -= holds;
		if (rc < 0)
			return rc;
	}
	if (!share->held)
		budget->holders++;
	share->held += more;
	budget->held += more;
	return 0;
}

void budget_release(struct budget_share *share)
{
	give_back(share, share->held);
}
