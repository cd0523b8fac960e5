/* SPDX-License-Identifier: MIT */
/*
 * blocking_harm.c - how many tasks each block hurt.
 *
 * A block hurts a task that is due, needs what the block holds, and does not get on for at least 1 ms of
 * it. Who waits from w to v and who blocks from b to e share that millisecond exactly if the wait and
 * the block are that long themselves, w <= e - 1 ms and v >= b + 1 ms. So with the waits' ends sorted, a
 * block costs two binary searches, and 10,000 tasks that block are counted at once.
 */
#include <stdlib.h>

#include "bench/blocking.h"

#define AT_LEAST INT64_C(1000000)

struct waits {
	int64_t *from, *to; /* sorted apart */
	int count;
};

static void add_wait(struct waits *waits, int64_t from, int64_t to)
{
	if (to - from < AT_LEAST)
		return;
	waits->from[waits->count] = from;
	waits->to[waits->count++] = to;
}

/* Before its pause a task waits for the thread; behind it only if all share one thread. */
static void collect_waits(const struct blocking *cell, struct waits *waits)
{
	for (int i = 0; i < cell->tasks; i++) {
		const struct blocking_task *task = &cell->task[i];

		add_wait(waits, task->called, task->begun);
		if (cell->mode->holds == HOLDS_ALL)
			add_wait(waits, task->ended, task->done);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* How many are below the limit. */
static int below(const int64_t *sorted, int count, int64_t limit)
{
	int low = 0, high = count;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (sorted[middle] < limit)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int hurt_by(const struct blocking_task *block, const struct waits *waits)
{
	if (block->ended - block->begun < AT_LEAST)
		return 0;
	return below(waits->from, waits->count, block->ended - AT_LEAST + 1) -
	       below(waits->to, waits->count, block->begun + AT_LEAST);
}

int blocking_harm(const struct blocking *cell, struct blocking_harm *harm)
{
	size_t room = 2 * (size_t)cell->tasks * sizeof(int64_t);
	struct waits waits = { malloc(room), malloc(room), 0 };
	long sum = 0;

	*harm = (struct blocking_harm){ 0 };
	if (waits.from != NULL && waits.to != NULL && cell->mode->holds != HOLDS_NOBODY) {
		collect_waits(cell, &waits);
		qsort(waits.from, (size_t)waits.count, sizeof(int64_t), compare);
		qsort(waits.to, (size_t)waits.count, sizeof(int64_t), compare);
		for (int i = 0; i < cell->tasks; i++) {
			if (!cell->task[i].pauses)
				continue;
			int hurt = hurt_by(&cell->task[i], &waits);
			sum += hurt;
			harm->blocks++;
			if (hurt > harm->most)
				harm->most = hurt;
		}
		harm->mean = harm->blocks > 0 ? (double)sum / harm->blocks : 0;
	}
	int rc = waits.from != NULL && waits.to != NULL ? 0 : -1;
	free(waits.from);
	free(waits.to);
	return rc;
}
