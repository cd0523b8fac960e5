/* SPDX-License-Identifier: MIT */
/* test_testing.c - what a test may ask for from outside: a seed for the shuffle, fresh stacks. */
#include <signal.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "tests/harness.h"

enum { TASKS = 12 };
static char order[TASKS + 1];

static int note(void *arg)
{
	strncat(order, arg, 1);
	return 0;
}

static int note_all(void *arg)
{
	static const char *const names[TASKS] = { "a", "b", "c", "d", "e", "f",
						  "g", "h", "i", "j", "k", "l" };

	order[0] = '\0';
	for (int i = 0; i < TASKS; i++)
		CHECK_INT(async_spawn(note, (void *)names[i]), 0);
	CHECK_INT(async_sleep(0), 0);
	CHECK_INT(async_shuffle_seed(), *(uint64_t *)arg);
	return 0;
}

static const char *order_with(uint64_t option, uint64_t effective)
{
	struct async_run_options options = { .virtual_clock = true, .shuffle_seed = option };

	CHECK_INT(async_run_with(note_all, &effective, &options), 0);
	return format("%s", order);
}

TEST(a_seed_from_the_environment_shuffles_who_has_none)
{
	const char *shuffled;

	unsetenv("LOOPHOUND_SHUFFLE");
	CHECK_STR(order_with(0, 0), "abcdefghijkl");
	shuffled = order_with(7, 7);
	CHECK(strcmp(shuffled, "abcdefghijkl") != 0);
	setenv("LOOPHOUND_SHUFFLE", "7", 1);
	CHECK_STR(order_with(0, 7), shuffled);
	setenv("LOOPHOUND_SHUFFLE", "8", 1);
	CHECK_STR(order_with(7, 7), shuffled);
}

static volatile char *left;

static int leave_a_pointer(void *arg)
{
	volatile char here = *(char *)arg;

	left = &here;
	async_sleep(0);
	return 0;
}

static int touch_the_dead(void *arg)
{
	struct async_task *task = async_create_task(leave_a_pointer, arg);

	CHECK_INT(async_await(task), 0);
	async_sleep(0);
	printf("%d\n", *left);
	return 0;
}

static void run_fresh(void)
{
	char letter = 'x';

	async_run_with(touch_the_dead, &letter,
		       &(struct async_run_options){ .fresh_stacks = true });
}

TEST(a_fresh_stack_is_gone_with_its_task)
{
	if (UNDER_ASAN || UNDER_TSAN)
		NOT_HERE("the sanitizer reports the fault in its own way");
	EXPECT_SIGNAL(SIGSEGV, run_fresh(), NULL);
}

static int count_stacks(void *arg)
{
	struct async_counts counts;

	(void)arg;
	for (int i = 0; i < 100; i++)
		CHECK_INT(async_spawn(note, ""), 0);
	async_sleep(0);
	async_sleep(0);
	async_count(&counts);
	CHECK_INT(counts.stacks, 1);
	return (int)counts.cached_stacks;
}

TEST(fresh_stacks_are_not_kept)
{
	struct async_run_options options = { .virtual_clock = true, .fresh_stacks = true };

	CHECK_INT(async_run_with(count_stacks, NULL, &options), 0);
	options.fresh_stacks = false;
	setenv("LOOPHOUND_FRESH_STACKS", "1", 1);
	CHECK_INT(async_run_with(count_stacks, NULL, &options), 0);
	setenv("LOOPHOUND_FRESH_STACKS", "0", 1);
	CHECK(async_run_with(count_stacks, NULL, &options) > 0);
}
