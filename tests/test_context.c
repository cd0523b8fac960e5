/* SPDX-License-Identifier: MIT */
/* test_context.c - what must survive a switch, and where a context may stand. */
#include <fenv.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/context.h"
#include "tests/coroutine.h"
#include "tests/harness.h"

/* ---- Switching ------------------------------------------------------------------------------- */

static void count_to_three(void *arg)
{
	struct coroutine *self = arg;

	for (int i = 1; i <= 3; i++) {
		self->state = i;
		pause_here(self);
	}
	self->state = 100;
	leave(self);
}

TEST(a_context_continues_where_it_left)
{
	struct coroutine one;
	struct context home;

	context_adopt(&home);
	create(&one, &home, count_to_three);
	CHECK_INT(one.state, 0);
	for (int i = 1; i <= 3; i++) {
		resume(&one);
		CHECK_INT(one.state, i);
	}
	resume(&one);
	CHECK_INT(one.state, 100);
	destroy(&one);
	context_disown(&home);
}

/* Fourteen live values: more than there are registers that a call preserves. */
__attribute__((noinline)) static uint64_t hold(struct coroutine *self, volatile uint64_t *seed)
{
	uint64_t a = *seed, b = *seed, c = *seed, d = *seed, e = *seed, f = *seed, g = *seed;
	double m = *seed, n = *seed, o = *seed, p = *seed, q = *seed, r = *seed, s = *seed;

	for (int i = 0; i < 100; i++) {
		if (self->home)
			pause_here(self);
		a += 1, b += a, c ^= b, d += c, e ^= d, f += e, g ^= f;
		m += 1, n += m, o -= n, p += o, q -= p, r += q, s -= r;
	}
	return (a ^ b ^ c ^ d ^ e ^ f ^ g) + (uint64_t)(int64_t)(m + n + o + p + q + r + s);
}

static void hold_on_own_stack(void *arg)
{
	struct coroutine *self = arg;
	volatile uint64_t seed = self->sum;

	self->sum = hold(self, &seed);
	self->state = 1;
	leave(self);
}

TEST(registers_survive_switches_between_many_contexts)
{
	struct coroutine many[20], nowhere = { .home = NULL };
	struct context home;

	context_adopt(&home);
	for (int i = 0; i < 20; i++) {
		create(&many[i], &home, hold_on_own_stack);
		many[i].sum = i + 1000;
	}
	while (!many[19].state)
		for (int i = 0; i < 20; i++)
			resume(&many[i]);
	for (int i = 0; i < 20; i++) {
		volatile uint64_t seed = i + 1000;

		CHECK_INT(many[i].sum, hold(&nowhere, &seed));
		destroy(&many[i]);
	}
	context_disown(&home);
}

static void descend(struct coroutine *self, int depth)
{
	volatile char frame[200];

	frame[0] = (char)depth;
	frame[199] = (char)(depth + 1);
	pause_here(self);
	if (depth > 0)
		descend(self, depth - 1);
	pause_here(self);
	CHECK_INT(frame[0], (char)depth);
	CHECK_INT(frame[199], (char)(depth + 1));
	self->sum++;
}

static void descend_and_return(void *arg)
{
	struct coroutine *self = arg;

	descend(self, 20);
	self->state = 1;
	leave(self);
}

TEST(frames_survive_at_every_depth)
{
	struct coroutine many[10];
	struct context home;

	context_adopt(&home);
	for (int i = 0; i < 10; i++)
		create(&many[i], &home, descend_and_return);
	while (!many[9].state)
		for (int i = 0; i < 10; i++)
			resume(&many[i]);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(many[i].sum, 21);
		destroy(&many[i]);
	}
	context_disown(&home);
}

/* Contexts need no middleman: each switches to the next, and the last one home. */
static struct coroutine ring[5];

static void pass_on(void *arg)
{
	struct coroutine *self = arg, *next = self + 1;

	for (;;) {
		self->state++;
		context_switch(&self->context, next == ring + 5 ? self->home : &next->context);
	}
}

TEST(any_context_may_switch_to_any_other)
{
	struct context home;

	context_adopt(&home);
	for (int i = 0; i < 5; i++)
		create(&ring[i], &home, pass_on);
	for (int i = 0; i < 50; i++)
		resume(&ring[0]);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(ring[i].state, 50);
		destroy(&ring[i]);
	}
	context_disown(&home);
}

TEST(a_stack_is_used_again_by_thousands_of_contexts)
{
	struct coroutine one = { 0 };
	char *low = make_stack(STACK);
	struct context home;

	context_adopt(&home);
	for (int i = 0; i < 3000; i++) {
		one = (struct coroutine){ .home = &home };
		context_create(&one.context, low, STACK, count_to_three, &one);
		for (int k = 0; k < 4; k++)
			resume(&one);
		CHECK_INT(one.state, 100);
		context_destroy(&one.context);
	}
	munmap(low, STACK);
	context_disown(&home);
}

TEST(a_new_context_that_never_ran_is_destroyed_like_any_other)
{
	struct coroutine one;
	struct context home;

	context_adopt(&home);
	create(&one, &home, count_to_three);
	destroy(&one);
	context_disown(&home);
}

static void look_at_alignment(void *arg)
{
	struct coroutine *self = arg;
	_Alignas(16) volatile char aligned[16];
	char text[64];

	self->state = (int)((uintptr_t)aligned % 16);
	/* Stores its registers with instructions that fault on a misaligned stack. */
	snprintf(text, sizeof(text), "%.3f", 1.5);
	CHECK_STR(text, "1.500");
	self->sum = 1;
	leave(self);
}

TEST(an_entry_finds_its_stack_aligned)
{
	struct context home;
	char *low = make_stack(STACK);

	context_adopt(&home);
	for (size_t cut = 0; cut < 64; cut += 8) {
		struct coroutine one = { .home = &home };

		context_create(&one.context, low, STACK - cut, look_at_alignment, &one);
		resume(&one);
		CHECK_INT(one.state, 0);
		CHECK_INT(one.sum, 1);
		context_destroy(&one.context);
	}
	munmap(low, STACK);
	context_disown(&home);
}

TEST(a_new_context_touches_only_the_top_of_its_stack)
{
	struct coroutine one = { 0 };
	unsigned char resident[16];
	struct context home;
	char *low;

	if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
		NOT_HERE("tools touch what they like");
	context_adopt(&home);
	low = make_stack(STACK);
	one.home = &home;
	context_create(&one.context, low, STACK, count_to_three, &one);
	resume(&one);
	CHECK_INT(mincore(low, STACK, (void *)resident), 0);
	for (int i = 0; i < 15; i++)
		CHECK_INT(resident[i] & 1, 0);
	CHECK_INT(resident[15] & 1, 1);
	destroy(&one);
	context_disown(&home);
}

/* ---- Floating-point modes -------------------------------------------------------------------- */

static void round_upward(void *arg)
{
	struct coroutine *self = arg;

	self->state = fegetround();
	fesetround(FE_UPWARD);
	pause_here(self);
	self->sum = (uint64_t)fegetround();
	leave(self);
}

TEST(rounding_modes_belong_to_a_context_and_are_inherited_from_its_creator)
{
	struct coroutine one, two;
	struct context home;

	if (under_valgrind())
		NOT_HERE("Valgrind keeps no such modes");
	context_adopt(&home);
	create(&one, &home, round_upward);
	fesetround(FE_DOWNWARD);
	create(&two, &home, round_upward);
	fesetround(FE_TOWARDZERO);
	resume(&one);
	CHECK_INT(one.state, FE_TONEAREST);
	CHECK_INT(fegetround(), FE_TOWARDZERO);
	resume(&two);
	CHECK_INT(two.state, FE_DOWNWARD);
	fesetround(FE_TONEAREST);
	resume(&one);
	resume(&two);
	CHECK_INT(fegetround(), FE_TONEAREST);
	CHECK_INT(one.sum, FE_UPWARD);
	CHECK_INT(two.sum, FE_UPWARD);
	destroy(&one);
	destroy(&two);
	context_disown(&home);
}

/* ---- Misuse ---------------------------------------------------------------------------------- */

static void just_return(void *arg)
{
	(void)arg;
}

static void just_leave(void *arg)
{
	leave(arg);
}

static void run_times(void (*entry)(void *arg), int times)
{
	struct coroutine one;
	struct context home;

	context_adopt(&home);
	create(&one, &home, entry);
	while (times-- > 0)
		resume(&one);
}

TEST(an_entry_that_returns_aborts)
{
	EXPECT_ABORT(run_times(just_return, 1), "returned instead of calling context_exit");
}

TEST(a_switch_to_an_ended_context_aborts)
{
	EXPECT_ABORT(run_times(just_leave, 2), "a switch to a context that has ended");
}

/* ---- Threads --------------------------------------------------------------------------------- */

static void *switch_in_thread(void *arg)
{
	struct coroutine one;
	struct context home;

	context_adopt(&home);
	create(&one, &home, descend_and_return);
	while (!one.state)
		resume(&one);
	*(uint64_t *)arg = one.sum;
	destroy(&one);
	context_disown(&home);
	return NULL;
}

TEST(threads_switch_independently)
{
	pthread_t threads[4];
	uint64_t sums[4];

	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, switch_in_thread, &sums[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		CHECK_INT(sums[i], 21);
	}
}
