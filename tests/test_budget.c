/* SPDX-License-Identifier: MIT */
/* test_budget.c - who may take memory, who waits for it, and who is refused; also across loops. */
#include "app/budget.h"

#include <pthread.h>

#include "app/codes.h"
#include "tests/harness.h"

static int run(int (*fn)(void *arg), void *arg)
{
	return async_run(fn, arg);
}

struct greedy {
	struct budget_share share;
	int first, second, rc;
	bool waited;
};

static int take_twice(void *arg)
{
	struct greedy *g = arg;

	g->rc = budget_change(&g->share, g->first);
	if (g->rc < 0)
		return 0;
	(void)async_sleep(0);
	g->waited =
		g->share.branch->budget->held + (size_t)g->second > g->share.branch->budget->limit;
	g->rc = budget_change(&g->share, g->second);
	(void)async_sleep(0);
	budget_release(&g->share);
	return 0;
}

static void together(struct budget *budget, struct greedy *g, int count)
{
	struct async_task *tasks[8];
	struct budget_branch branch;

	budget_join(&branch, budget, NULL);

	for (int i = 0; i < count; i++) {
		g[i].share.branch = &branch;
		tasks[i] = async_create_task(take_twice, &g[i]);
	}
	CHECK_INT(async_gather(tasks, (size_t)count, ASYNC_RAISE, NULL), 0);
	for (int i = 0; i < count; i++)
		async_task_release(tasks[i]);
	budget_leave(&branch);
	CHECK_INT(budget->held, 0);
	CHECK_INT(budget->holders, 0);
	CHECK_INT(budget->waiters, 0);
}

static int share_memory(void *arg)
{
	struct budget budget;
	struct greedy fit[2] = { { .first = 60, .second = 20 }, { .first = 20, .second = 60 } };
	struct greedy stuck[2] = { { .first = 50, .second = 20 }, { .first = 50, .second = 30 } };
	struct greedy huge[1] = { { .first = 10, .second = 200 } };

	(void)arg;
	budget_init(&budget, 100);
	together(&budget, fit, 2);
	CHECK_INT(fit[0].rc, 0);
	CHECK_INT(fit[1].rc, 0);
	CHECK(fit[1].waited);
	/* Both hold half and want more: one is refused, and then the other one has room. */
	together(&budget, stuck, 2);
	CHECK_INT(stuck[0].rc, 0);
	CHECK_INT(stuck[1].rc, COLLECT_ECROWDED);
	together(&budget, huge, 1);
	CHECK_INT(huge[0].rc, COLLECT_EMEMORY);
	return 0;
}

static int share_in_one_step(void *arg)
{
	struct budget budget;
	struct greedy whole[8];

	(void)arg;
	budget_init(&budget, 100);
	for (int i = 0; i < 8; i++)
		whole[i] = (struct greedy){ .first = i % 2 ? 100 : 60, .second = 0 };
	together(&budget, whole, 8);
	for (int i = 0; i < 8; i++)
		CHECK_INT(whole[i].rc, 0);
	CHECK_INT(budget_queue(&budget), 0);
	return 0;
}

TEST(who_asks_for_all_in_one_step_is_never_refused_for_the_sake_of_others)
{
	CHECK_INT(run(share_in_one_step, NULL), 0);
}

TEST(memory_is_waited_for_and_never_by_everybody_at_once)
{
	CHECK_INT(run(share_memory, NULL), 0);
}

static int finish_anyway(void *arg)
{
	struct budget budget;
	struct budget_branch branch;
	struct budget_share share = { .branch = &branch };

	(void)arg;
	budget_init(&budget, 100);
	budget_join(&branch, &budget, NULL);
	CHECK_INT(budget_change(&share, 80), 0);
	/* Nobody else could give anything back, so waiting would be for ever. */
	budget_take(&share, 80);
	CHECK_INT(budget.held, 160);
	CHECK_INT(budget_change(&share, 1), COLLECT_EMEMORY);
	CHECK_INT(budget_change(&share, -80), 0);
	budget_release(&share);
	budget_leave(&branch);
	CHECK_INT(budget.held, 0);
	CHECK_INT(budget.holders, 0);
	return 0;
}

TEST(a_record_whose_body_is_there_is_finished_even_above_the_limit)
{
	CHECK_INT(run(finish_anyway, NULL), 0);
}

/* ---- Several loops --------------------------------------------------------------------------- */

#define LOOPS 4
#define TASKS 6

static struct budget shared;
static size_t most;
static unsigned refused[LOOPS];

struct borrower {
	struct budget_branch *branch;
	unsigned number;
	int crowded;
};

/* Takes 30, then 20 more, again and again: all at once they would need three times what there is. */
static int borrow_often(void *arg)
{
	struct borrower *b = arg;
	struct budget_share share = { .branch = b->branch };

	for (int i = 0; i < 50; i++) {
		int rc = budget_change(&share, 30);

		(void)async_sleep(0);
		rc = rc < 0 ? rc : budget_change(&share, 20);
		CHECK(rc == 0 || rc == COLLECT_ECROWDED);
		b->crowded += rc < 0;
		pthread_mutex_lock(&shared.lock);
		most = shared.held > most ? shared.held : most;
		pthread_mutex_unlock(&shared.lock);
		(void)async_sleep(0);
		budget_release(&share);
	}
	return 0;
}

static int borrow_on_a_loop(void *arg)
{
	unsigned *count = arg;
	struct budget_branch branch;
	struct borrower borrowers[TASKS];
	struct async_task *tasks[TASKS];

	budget_join(&branch, &shared, async_get_running_loop());
	for (unsigned i = 0; i < TASKS; i++) {
		borrowers[i] = (struct borrower){ &branch, i, 0 };
		tasks[i] = async_create_task(borrow_often, &borrowers[i]);
	}
	CHECK_INT(async_gather(tasks, TASKS, ASYNC_RAISE, NULL), 0);
	for (unsigned i = 0; i < TASKS; i++) {
		async_task_release(tasks[i]);
		*count += (unsigned)borrowers[i].crowded;
	}
	budget_leave(&branch);
	return 0;
}

static void *run_a_loop(void *arg)
{
	CHECK_INT(async_run(borrow_on_a_loop, arg), 0);
	return NULL;
}

TEST_WITH_LIMIT(loops_share_it_never_exceed_it_and_none_waits_for_ever, 20)
{
	pthread_t threads[LOOPS];

	budget_init(&shared, 200);
	for (int i = 0; i < LOOPS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, run_a_loop, &refused[i]), 0);
	for (int i = 0; i < LOOPS; i++)
		pthread_join(threads[i], NULL);
	CHECK(most <= 200);
	CHECK(most > 100);
	CHECK_INT(shared.held, 0);
	CHECK_INT(shared.holders, 0);
	CHECK_INT(shared.waiters, 0);
	CHECK_INT(budget_queue(&shared), 0);
}
