/* SPDX-License-Identifier: MIT */
/* test_stack.c - guards, canaries, the cache, and pages given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/loop.h"
#include "runtime/stack.h"
#include "runtime/task.h"
#include "tests/harness.h"

static size_t resident(const void *start, size_t size)
{
	unsigned char pages[4096];
	size_t count = 0, page = (size_t)sysconf(_SC_PAGESIZE);

	CHECK(size / page <= sizeof pages);
	CHECK_INT(mincore((void *)((uintptr_t)start & ~(page - 1)), size, pages), 0);
	for (size_t i = 0; i < size / page; i++)
		count += pages[i] & 1;
	return count;
}

TEST(a_stack_has_the_size_asked_for_and_is_writable_to_its_last_byte)
{
	static const size_t sizes[] = { 1, 4096, 16384, ASYNC_STACK_DEFAULT, 65536, 1 << 20 };
	struct stack_pool pool = { 0 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct stack *stack;

		CHECK_INT(stack_get(&pool, sizes[i], &stack), 0);
		CHECK(stack->size >= sizes[i]);
		memset(stack->low, 1, stack->size);
		CHECK(stack->guarded);
		stack_put(&pool, stack);
	}
	stack_close(&pool);
}

static void write_below(struct stack *stack)
{
	*(volatile char *)(stack->low - 1) = 1;
}

TEST(a_byte_below_a_stack_is_its_guard)
{
	struct stack_pool pool = { 0 };
	struct stack *first, *second;

	CHECK_INT(stack_get(&pool, ASYNC_STACK_DEFAULT, &first), 0);
	CHECK_INT(stack_get(&pool, ASYNC_STACK_DEFAULT, &second), 0);
	if (UNDER_ASAN || UNDER_TSAN)
		NOT_HERE("the sanitizer reports the fault in its own way");
	EXPECT_SIGNAL(11, write_below(first), NULL);
	EXPECT_SIGNAL(11, write_below(second), NULL);
	stack_put(&pool, first);
	stack_put(&pool, second);
	stack_close(&pool);
}

TEST(without_guard_install_mprotect_guards)
{
	struct stack_pool pool = { .no_guard_install = true };
	struct stack *stack;

	if (UNDER_ASAN || UNDER_TSAN)
		NOT_HERE("the sanitizer reports the fault in its own way");
	CHECK_INT(stack_get(&pool, ASYNC_STACK_DEFAULT, &stack), 0);
	CHECK(stack->guarded);
	EXPECT_SIGNAL(11, write_below(stack), NULL);
	stack_put(&pool, stack);
	stack_close(&pool);
}

TEST(a_kernel_that_refuses_guards_leaves_a_canary_or_an_error_as_asked)
{
	struct stack_pool pool = { .no_guard_install = true };
	struct stack *stack;

	fail_call("mprotect", 0, ENOMEM);
	CHECK_INT(stack_get(&pool, ASYNC_STACK_DEFAULT, &stack), 0);
	CHECK(!stack->guarded);
	CHECK(stack_intact(stack));
	stack->low[3] ^= 1;
	CHECK(!stack_intact(stack));
	stack_put(&pool, stack);
	pool.guard = ASYNC_GUARD_REQUIRED;
	CHECK_INT(stack_get(&pool, 1 << 20, &stack), ASYNC_ENOGUARD);
	fail_none();
	stack_close(&pool);
}

TEST(mappings_are_left_for_others)
{
	struct stack_pool pool = { .no_guard_install = true, .max_splits = 3 };
	struct stack *stacks[5];

	for (int i = 0; i < 5; i++) {
		CHECK_INT(stack_get(&pool, ASYNC_STACK_DEFAULT, &stacks[i]), 0);
		CHECK_INT(stacks[i]->guarded, i < 3);
	}
	for (int i = 0; i < 5; i++)
		stack_put(&pool, stacks[i]);
	stack_close(&pool);
	CHECK_INT(pool.splits, 0);
}

TEST(a_stack_comes_back_from_the_cache_and_an_idle_loop_gives_its_deep_pages_back)
{
	struct stack_pool pool = { 0 };
	struct stack *stack, *again;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	CHECK_INT(stack_get(&pool, 1 << 20, &stack), 0);
	memset(stack->low, 1, stack->size);
	CHECK_INT(resident(stack->low, stack->size), stack->size / page);
	stack_put(&pool, stack);
	CHECK_INT(stack_get(&pool, 1 << 20, &again), 0);
	CHECK(again == stack);
	stack_put(&pool, stack);
	CHECK_INT(pool.cached, 1);
	stack_trim(&pool);
	CHECK(resident(stack->low, stack->size) <= 2);
	stack_close(&pool);
}

TEST(a_busy_loop_keeps_the_pages_of_at_most_64_cached_stacks)
{
	enum { COUNT = 300 };
	struct stack_pool pool = { 0 };
	struct stack *stacks[COUNT];
	size_t full = 0;

	for (int i = 0; i < COUNT; i++) {
		CHECK_INT(stack_get(&pool, ASYNC_STACK_DEFAULT, &stacks[i]), 0);
		memset(stacks[i]->low, 1, stacks[i]->size);
	}
	/* One stays in use in each slab, so that none is unmapped. */
	for (int i = 0; i < COUNT; i++)
		if (i % 64)
			stack_put(&pool, stacks[i]);
	for (int i = 0; i < COUNT; i++)
		if (i % 64 && resident(stacks[i]->low, stacks[i]->size) > 2)
			full++;
	CHECK_INT(full, STACK_DIRTY_MAX);
	for (int i = 0; i < COUNT; i += 64)
		stack_put(&pool, stacks[i]);
	CHECK_INT(pool.in_use, 0);
	stack_close(&pool);
}

static int nap(void *arg)
{
	(void)arg;
	return async_sleep(0.001);
}

static int many_without_guards(void *arg)
{
	struct async_task *tasks[100];

	(void)arg;
	fail_call("mprotect", 0, ENOMEM);
	loop_current->stacks.no_guard_install = true;
	for (int i = 0; i < 100; i++) {
		tasks[i] = async_create_task(nap, NULL);
		CHECK(tasks[i] != NULL);
	}
	fail_none();
	return async_gather(tasks, 100, ASYNC_RAISE, NULL);
}

static int run_over_the_end(void *arg)
{
	struct task *task = loop_current->current;

	(void)arg;
	memset(task->stack->low, 0, 64);
	return async_sleep(0);
}

static int overflow_without_guard(void *arg)
{
	fail_call("mprotect", 0, ENOMEM);
	loop_current->stacks.no_guard_install = true;
	return async_await(async_create_task(run_over_the_end, arg));
}

TEST(an_overflow_without_a_guard_page_aborts_when_the_task_suspends_and_names_it)
{
	EXPECT_ABORT(async_run(overflow_without_guard, NULL), "stack overflow: task Task-2",
		     "created at tests/test_stack.c", "bytes");
}

TEST(tasks_without_guard_pages_work)
{
	CHECK_INT(async_run(many_without_guards, NULL), 0);
}

static int find_own(void *arg)
{
	struct stack_view view;
	char here;

	(void)arg;
	CHECK(stack_find((uintptr_t)&here, &view));
	CHECK(!view.in_guard && view.low <= (uintptr_t)&here && (uintptr_t)&here < view.high);
	CHECK(stack_find(view.low - 1, &view));
	CHECK(view.in_guard);
	CHECK(!stack_find((uintptr_t)&arg - ((uintptr_t)1 << 32), &view));
	return 0;
}

TEST(an_address_is_found_in_its_stack_or_guard)
{
	if (UNDER_ASAN)
		NOT_HERE("ASan may keep locals elsewhere");
	CHECK_INT(async_run(find_own, NULL), 0);
}
