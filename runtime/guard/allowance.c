/* SPDX-License-Identifier: MIT */
/*
 * allowance.c - async_blocking(): a stretch of code that may block, with a reason and a budget.
 *
 * A section belongs to the slice that it was entered in: what other tasks do is not allowed by it,
 * so it must not suspend. Its time, up to the budget, is no stall either. All that is counted is by
 * place, since a place is what a reader can strike out: one that was entered and allowed nothing is
 * stale.
 */
#include "runtime/guard/internal.h"

#include "runtime/base.h"
#include "runtime/loop.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NO_BUDGET INT64_C(1000000000000000) /* ns: eleven days */
enum { PLACES = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct allowance {
	const char *here, *reason;
	unsigned entered, calls, over;
} allowances[PLACES];

static int64_t now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- For the monitor: how much of a slice is excused ------------------------------------------ */

static int64_t budget_of(const struct async_blocking *section)
{
	return section->budget > 0 ? (int64_t)(section->budget * 1e9) : NO_BUDGET;
}

static void excuse(struct heartbeat *hb, uint32_t generation, int64_t more)
{
	int64_t before = atomic_load(&hb->excused_in) == generation ? atomic_load(&hb->excused) : 0;

	atomic_store(&hb->excused, before + more);
	atomic_store(&hb->excused_in, generation);
	if (atomic_load(&hb->excused_turn) != atomic_load(&hb->turn))
		atomic_store(&hb->excused_sum, 0);
	atomic_store(&hb->excused_turn, atomic_load(&hb->turn));
	atomic_fetch_add(&hb->excused_sum, more);
}

/* ---- Sections -------------------------------------------------------------------------------- */

bool guard_is_allowed(const struct guard *guard)
{
	struct async_blocking *section = guard->section;

	if (section == NULL || section->generation != atomic_load(&guard->hb->generation))
		return false;
	section->calls++;
	return true;
}

struct async_blocking *async_blocking_begin_at(const char *here, struct async_blocking *section,
					       const char *reason, double budget)
{
	struct async_loop *loop = loop_current;
	struct guard *guard = guard_mine;

	*section = (struct async_blocking){ .here = here, .reason = reason, .budget = budget };
	if (loop == NULL || !loop->running)
		return section;
	section->generation = atomic_load(&loop->heartbeat.generation);
	section->start = now();
	excuse(&loop->heartbeat, section->generation, budget_of(section));
	if (guard == NULL)
		return section;
	section->outer = guard->section;
	guard->section = section;
	return section;
}

static struct allowance *find(const struct async_blocking *section)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct allowance *at = &allowances[i];

		if (at->here == NULL)
			*at = (struct allowance){ .here = section->here,
						  .reason = section->reason };
		if (at->here == section->here)
			return at;
	}
	return NULL;
}

/* True when it is the 1st, 2nd, 4th... time that the budget was not enough. */
static bool account(const struct async_blocking *section, int64_t spent)
{
	bool loud = false;

	pthread_mutex_lock(&lock);
	struct allowance *at = find(section);
	if (at != NULL) {
		at->entered++;
		at->calls += section->calls;
		if (spent > budget_of(section))
			loud = (at->over & (at->over + 1)) == 0, at->over++;
	}
	pthread_mutex_unlock(&lock);
	return loud;
}

static void judge(struct guard *guard, const struct async_blocking *section, int64_t spent)
{
	char text[256];

	guard->section = section->outer;
	guard->hb->selector = 0;
	if (account(section, spent) && !guard->quiet) {
		snprintf(text, sizeof(text),
			 "[strict] the blocking section \"%s\" at %s took %.1f ms, its budget is "
			 "%.1f ms\n",
			 section->reason, section->here, (double)spent / 1e6,
			 section->budget * 1e3);
		guard_say(text);
	}
	guard->hb->selector = guard->hb->armed;
}

void async_blocking_end(struct async_blocking *section)
{
	struct async_loop *loop = loop_current;
	int64_t spent, budget = budget_of(section);

	if (section->generation == 0)
		return;
	must(loop != NULL && section->generation == atomic_load(&loop->heartbeat.generation),
	     "the blocking section \"%s\" at %s has suspended: other tasks ran inside of it",
	     section->reason, section->here);
	spent = now() - section->start;
	excuse(&loop->heartbeat, section->generation, (spent < budget ? spent : budget) - budget);
	section->generation = 0;
	if (guard_mine != NULL)
		judge(guard_mine, section, spent);
}

void guard_allowances_say(void)
{
	char text[256];

	for (size_t i = 0; i < PLACES && allowances[i].here != NULL; i++) {
		const struct allowance *at = &allowances[i];

		if (at->calls > 0)
			continue;
		snprintf(
			text, sizeof(text),
			"[strict] stale: the blocking section \"%s\" at %s, entered %u time%s, allowed "
			"nothing\n",
			at->reason, at->here, at->entered, at->entered == 1 ? "" : "s");
		guard_say(text);
	}
}

void guard_allowances_forget(void)
{
	pthread_mutex_init(&lock, NULL);
	memset(allowances, 0, sizeof(allowances));
}
