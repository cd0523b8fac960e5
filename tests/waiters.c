/* SPDX-License-Identifier: MIT */
/* waiters.c - see waiters.h. */
#include "tests/waiters.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/harness.h"

enum meeting { WAKE_CANCEL, CANCEL_WAKE, WAKE_TURN_CANCEL, CANCEL_TURN_WAKE, MEETINGS };

void waiters_yield(int times)
{
	while (times-- > 0)
		CHECK_INT(async_sleep(0), 0);
}

struct attempt {
	const struct primitive *primitive;
	struct world *world;
	struct async_task *task;
	char letter;
};

static int attempt(void *arg)
{
	struct attempt *attempt = arg;
	int rc = attempt->primitive->wait(attempt->world);

	CHECK(rc >= 0 || rc == ASYNC_ECANCELED);
	attempt->letter = rc >= 0 ? 'g' : 'c';
	return rc;
}

static void begin(struct attempt *one, const struct primitive *primitive, struct world *world)
{
	*one = (struct attempt){ .primitive = primitive, .world = world, .letter = 'w' };
	one->task = async_create_task(attempt, one);
	CHECK(one->task != NULL);
	waiters_yield(2);
	if (primitive->begun)
		primitive->begun(world);
}

struct trial {
	const struct primitive *primitive;
	enum meeting how;
	bool ordered;
	size_t world_size;
};

static void meet(const struct trial *trial, struct world *world, struct async_task *task)
{
	bool cancel_first = trial->how == CANCEL_WAKE || trial->how == CANCEL_TURN_WAKE;

	if (cancel_first)
		async_cancel(task);
	else
		trial->primitive->wake(world);
	if (trial->how == WAKE_TURN_CANCEL || trial->how == CANCEL_TURN_WAKE)
		waiters_yield(1);
	if (cancel_first)
		trial->primitive->wake(world);
	else
		async_cancel(task);
	waiters_yield(8);
}

static void check_nothing_lost(const struct trial *trial, struct world *world,
			       const struct attempt attempts[3], int given)
{
	int got = 0;

	if (!trial->primitive->spare)
		return;
	for (int i = 0; i < 3; i++)
		got += attempts[i].letter == 'g';
	CHECK_INT(got + trial->primitive->spare(world), given);
}

/* Whoever still waits gets the next wake-up: what the cancelled one held is not stuck with it. */
static int serve_the_rest(const struct trial *trial, struct world *world, struct attempt *attempts,
			  int count, int given)
{
	for (int i = 0; i < count; i++) {
		if (!attempts[i].task || attempts[i].letter != 'w')
			continue;
		trial->primitive->wake(world);
		given++;
		waiters_yield(8);
		CHECK_INT(attempts[i].letter, 'g');
	}
	return given;
}

static int try(void *arg)
{
	const struct trial *trial = arg;
	const struct primitive *primitive = trial->primitive;
	struct attempt attempts[3] = { { .letter = '-' }, { .letter = '-' }, { .letter = '-' } };
	struct world *world = calloc(1, trial->world_size);
	struct async_counts counts;
	int given = 1;

	if (primitive->prepare)
		primitive->prepare(world);
	begin(&attempts[0], primitive, world);
	if (primitive->b)
		begin(&attempts[1], primitive, world);
	meet(trial, world, attempts[0].task);
	printf("%s, meeting %d: A %c B %c\n", primitive->name, trial->how, attempts[0].letter,
	       attempts[1].letter);
	if (trial->ordered) {
		CHECK_INT(attempts[0].letter, primitive->a[trial->how]);
		CHECK_INT(attempts[1].letter, primitive->b ? primitive->b[trial->how] : '-');
	}
	check_nothing_lost(trial, world, attempts, given);
	given = serve_the_rest(trial, world, attempts, 2, given);
	check_nothing_lost(trial, world, attempts, given);
	/* It works as if nothing had been. */
	if (primitive->again)
		primitive->again(world);
	begin(&attempts[2], primitive, world);
	given = serve_the_rest(trial, world, attempts, 3, given);
	CHECK_INT(attempts[2].letter, 'g');
	check_nothing_lost(trial, world, attempts, given);
	async_count(&counts);
	CHECK_INT(counts.tasks, 1);
	CHECK_INT(counts.timers, 0);
	if (primitive->cleanup)
		primitive->cleanup(world);
	free(world);
	return 0;
}

static void meet_all(const struct primitive *rows, size_t count, size_t world_size, unsigned seed)
{
	struct async_run_options options = { .virtual_clock = true, .shuffle_seed = seed };

	for (size_t i = 0; i < count; i++)
		for (enum meeting how = 0; how < MEETINGS; how++) {
			struct trial trial = { &rows[i], how, seed == 0, world_size };

			printf("seed %u, ", seed);
			CHECK_INT(async_run_with(try, &trial, &options), 0);
		}
}

void waiters_meet_in_order(const struct primitive *rows, size_t count, size_t world_size)
{
	meet_all(rows, count, world_size, 0);
}

void waiters_meet_shuffled(const struct primitive *rows, size_t count, size_t world_size)
{
	unsigned seeds = under_valgrind() ? 5 : 50; /* there it takes a second each */

	for (unsigned seed = 1; seed <= seeds; seed++)
		meet_all(rows, count, world_size, seed);
}
