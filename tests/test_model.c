/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - random programs of tasks that sleep, lock, queue, cancel each other and time out.
 *
 * Each program runs on the virtual clock, once in order and once with the ready queue shuffled. What
 * has to hold in all of them: one task at a time in a lock, no more than its slots in a semaphore;
 * both are given in the order in which they were asked for, unless shuffled; an item that was put is
 * got once or is still there; once all is quiet nobody waits for what is there to be had; and every
 * task ends when cancelled often enough, with nothing left behind.
 *
 * MODEL_PROGRAMS=n runs so many. A failure names the seed; MODEL_SEED=seed MODEL_PROGRAMS=1 runs
 * that program alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/harness.h"

enum { LOCKS = 2, QUEUES = 3, TASKS = 8, STEPS = 8, DEPTH = 3, MOVES = 13 };

struct item {
	uint64_t number; /* in the order in which the queue took them */
	int rank;
};

struct guarded {
	struct async_lock lock;
	int inside;
	uint64_t asked, last_given;
};

struct line {
	struct async_queue queue;
	uint64_t put, got, last_got;
};

struct model {
	uint64_t seed;
	bool shuffled;
	struct guarded locks[LOCKS];
	struct async_semaphore semaphore;
	int slots, slots_taken;
	uint64_t slot_asked, slot_last_given;
	struct line lines[QUEUES];
	struct actor {
		struct model *model;
		struct async_task *task;
		uint64_t random;
		bool stubborn; /* goes on when cancelled */
		int favourite; /* every second time it does this */
	} actors[TASKS];
	int actor_count;
	int lines_used;
};

/* CHECK() that names the program. */
#define HOLDS(model, condition)                                                                 \
	do {                                                                                    \
		if (!(condition))                                                               \
			FAIL("program %llu%s: not true: %s", (unsigned long long)(model)->seed, \
			     (model)->shuffled ? ", shuffled" : "", #condition);                \
	} while (0)

/* xorshift64*; below the limit. */
static int draw(struct actor *actor, int limit)
{
	actor->random ^= actor->random >> 12;
	actor->random ^= actor->random << 25;
	actor->random ^= actor->random >> 27;
	return (int)((actor->random * 2685821657736338717ULL >> 33) % (uint64_t)limit);
}

/* ---- What a task may do: each returns 0, or a negative code of a wait ------------------------- */

static int act(struct actor *actor, int depth);

static int nap(struct actor *actor, int depth)
{
	(void)depth;
	return async_sleep(draw(actor, 4) * 0.01);
}

static void check_order(struct model *model, uint64_t ticket, uint64_t *last)
{
	if (!model->shuffled)
		HOLDS(model, ticket > *last);
	*last = ticket;
}

static int hold_lock(struct actor *actor, int depth)
{
	struct guarded *guarded = &actor->model->locks[draw(actor, LOCKS)];
	uint64_t ticket = ++guarded->asked;
	int rc = async_lock_acquire(&guarded->lock);

	if (rc < 0)
		return rc;
	check_order(actor->model, ticket, &guarded->last_given);
	HOLDS(actor->model, guarded->inside++ == 0);
	rc = act(actor, depth + 1);
	HOLDS(actor->model, --guarded->inside == 0);
	HOLDS(actor->model, async_lock_release(&guarded->lock) == 0);
	return rc;
}

static int hold_slot(struct actor *actor, int depth)
{
	struct model *model = actor->model;
	uint64_t ticket = ++model->slot_asked;
	int rc = async_semaphore_acquire(&model->semaphore);

	if (rc < 0)
		return rc;
	check_order(model, ticket, &model->slot_last_given);
	HOLDS(model, ++model->slots_taken <= model->slots);
	rc = act(actor, depth + 1);
	model->slots_taken--;
	HOLDS(model, async_semaphore_release(&model->semaphore) == 0);
	return rc;
}

static int put(struct actor *actor, int depth)
{
	struct line *line = &actor->model->lines[draw(actor, actor->model->lines_used)];
	struct item *item = malloc(sizeof *item);
	int rc;

	(void)depth;
	CHECK(item != NULL);
	item->rank = draw(actor, 5);
	if (draw(actor, 4) == 0)
		rc = async_queue_put_nowait(&line->queue, item);
	else
		rc = async_queue_put(&line->queue, item);
	if (rc == 0)
		item->number = ++line->put;
	else
		free(item);
	return rc == ASYNC_EQUEUEFULL ? 0 : rc;
}

static int get(struct actor *actor, int depth)
{
	struct line *line = &actor->model->lines[draw(actor, actor->model->lines_used)];
	void *taken;
	struct item *item;
	int rc;

	(void)depth;
	if (draw(actor, 4) == 0)
		rc = async_queue_get_nowait(&line->queue, &taken);
	else
		rc = async_queue_get(&line->queue, &taken);
	if (rc < 0)
		return rc == ASYNC_EQUEUEEMPTY ? 0 : rc;
	item = taken;
	line->got++;
	if (line->queue.kind == ASYNC_QUEUE_FIFO)
		HOLDS(actor->model, item->number > line->last_got);
	line->last_got = item->number;
	free(item);
	HOLDS(actor->model, async_queue_task_done(&line->queue) == 0);
	return 0;
}

static int cancel_somebody(struct actor *actor, int depth)
{
	struct actor *other = &actor->model->actors[draw(actor, actor->model->actor_count)];

	(void)depth;
	if (other->task && other != actor)
		async_cancel(other->task);
	return 0;
}

static int with_a_limit(struct actor *actor, int depth)
{
	struct async_timeout limit;
	int rc;

	async_timeout_begin(&limit, draw(actor, 4) * 0.01);
	rc = act(actor, depth + 1);
	rc = async_timeout_end(&limit, rc);
	return rc == ASYNC_ETIMEOUT ? 0 : rc;
}

/* Only those that were created before: nobody can wait for himself in a circle. */
static int join(struct actor *actor, int depth)
{
	struct actor *other = &actor->model->actors[draw(actor, actor->model->actor_count)];
	int rc = other < actor && depth == 0 ? async_await(other->task) : 0;

	return rc == ASYNC_ECANCELED ? rc : 0;
}

static int act(struct actor *actor, int depth)
{
	static int (*const moves[MOVES])(struct actor * actor, int depth) = {
		nap, nap, hold_lock, hold_lock, hold_slot,	 put,	       put,
		get, get, join,	     nap,	cancel_somebody, with_a_limit,
	};

	if (depth >= DEPTH)
		return async_sleep(0);
	return moves[draw(actor, 2) ? actor->favourite : draw(actor, MOVES)](actor, depth);
}

static int play(void *arg)
{
	struct actor *actor = arg;
	int steps = 1 + draw(actor, STEPS), rc = 0;

	for (int i = 0; i < steps && (rc == 0 || actor->stubborn); i++) {
		rc = act(actor, 0);
		HOLDS(actor->model, rc == 0 || rc == ASYNC_ECANCELED);
	}
	return rc;
}

/* ---- A program -------------------------------------------------------------------------------- */

static int by_rank(const void *a, const void *b)
{
	return ((const struct item *)a)->rank - ((const struct item *)b)->rank;
}

static void begin(struct model *model)
{
	struct actor dice = { .random = model->seed * 0x9e3779b97f4a7c15ULL + 1 };

	model->slots = 1 + draw(&dice, 2);
	CHECK_INT(async_bounded_semaphore_init(&model->semaphore, model->slots), 0);
	CHECK_INT(async_queue_init(&model->lines[0].queue, draw(&dice, 3)), 0);
	CHECK_INT(async_lifo_queue_init(&model->lines[1].queue, draw(&dice, 3)), 0);
	CHECK_INT(async_priority_queue_init(&model->lines[2].queue, draw(&dice, 3), by_rank), 0);
	model->lines_used = draw(&dice, 2) ? 1 : QUEUES;
	model->actor_count = 2 + draw(&dice, TASKS - 1);
	for (int i = 0; i < model->actor_count; i++) {
		struct actor *actor = &model->actors[i];

		*actor = (struct actor){ .model = model,
					 .random = dice.random + (uint64_t)i + 1,
					 .stubborn = draw(&dice, 3) == 0,
					 .favourite = draw(&dice, MOVES) };
		actor->task = async_create_task(play, actor);
		CHECK(actor->task != NULL);
	}
}

static bool waited_for(const struct async_list *waiters)
{
	return waiters->next && waiters->next != waiters;
}

/* Whoever still waits does so because there is nothing to be had. */
static void check_quiet(struct model *model)
{
	for (int i = 0; i < LOCKS; i++)
		HOLDS(model, async_lock_locked(&model->locks[i].lock) ||
				     !waited_for(&model->locks[i].lock.waiters));
	HOLDS(model, !model->semaphore.value || !waited_for(&model->semaphore.waiters));
	HOLDS(model, model->semaphore.value + model->slots_taken == model->slots);
	for (int i = 0; i < QUEUES; i++) {
		const struct line *line = &model->lines[i];

		HOLDS(model, async_queue_empty(&line->queue) || !waited_for(&line->queue.getters));
		HOLDS(model, async_queue_full(&line->queue) || !waited_for(&line->queue.putters));
		HOLDS(model, line->put - line->got == async_queue_qsize(&line->queue));
		HOLDS(model, line->queue.unfinished == async_queue_qsize(&line->queue));
	}
}

static int cancel_all(struct model *model)
{
	int left = 0;

	for (int i = 0; i < model->actor_count; i++)
		left += async_cancel(model->actors[i].task);
	return left;
}

static void end(struct model *model)
{
	struct async_counts counts;

	for (int i = 0; i < LOCKS; i++)
		HOLDS(model, !async_lock_locked(&model->locks[i].lock));
	HOLDS(model, model->semaphore.value == model->slots);
	for (int i = 0; i < model->actor_count; i++)
		async_task_release(model->actors[i].task);
	for (int i = 0; i < QUEUES; i++) {
		model->lines[i].queue.drop = free;
		async_queue_destroy(&model->lines[i].queue);
	}
	async_count(&counts);
	HOLDS(model, counts.tasks == 1 && counts.handles == 1 && counts.timers == 0);
}

static int program(void *arg)
{
	struct model *model = arg;
	int rounds = 0;

	begin(model);
	do {
		CHECK_INT(async_sleep(10), 0);
		check_quiet(model);
		HOLDS(model, rounds++ < 100);
	} while (cancel_all(model) > 0);
	end(model);
	return 0;
}

static void run(uint64_t seed, bool shuffled)
{
	struct async_run_options options = { .virtual_clock = true,
					     .shuffle_seed = shuffled ? seed : 0 };
	struct model model = { .seed = seed, .shuffled = shuffled };

	HOLDS(&model, async_run_with(program, &model, &options) == 0);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

TEST_WITH_LIMIT(random_programs_keep_every_promise, 60)
{
	uint64_t first = number("MODEL_SEED", 1);
	uint64_t count = number("MODEL_PROGRAMS", under_valgrind() ? 100
						  : UNDER_TSAN	   ? 300
								   : 10000);

	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	for (uint64_t seed = first; seed < first + count; seed++) {
		/* For a crash, which names no seed. */
		if (seed % 100 == 0)
			printf("programs from %llu\n", (unsigned long long)seed);
		run(seed, false);
		run(seed, true);
	}
}
