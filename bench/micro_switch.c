/* SPDX-License-Identifier: MIT */
/*
 * micro_switch.c - a switch of stacks and nothing else: to a coroutine and back, again and again.
 *
 * Neither a task nor a loop is there. There and back are two switches; the figure is of one.
 */
#include <stdlib.h>

#include "bench/micro.h"
#include "runtime/async.h"
#include "runtime/context.h"

#define STACK_SIZE (64 * 1024)
#define COUNT 20000000

static struct context outside, inside;

static void go_back(void *arg)
{
	(void)arg;
	for (;;)
		context_switch(&inside, &outside);
}

static int switch_much(const struct micro *micro)
{
	int count = micro->count ? micro->count : COUNT;
	char *stack = malloc(STACK_SIZE);
	struct micro_start start;

	if (!stack)
		return ASYNC_ENOMEM;
	context_adopt(&outside);
	context_create(&inside, stack, STACK_SIZE, go_back, NULL);
	context_switch(&outside, &inside);
	start = micro_begin();
	for (int i = 0; i < count / 2; i++)
		context_switch(&outside, &inside);
	micro_print(micro, count, start);
	context_destroy(&inside);
	context_disown(&outside);
	free(stack);
	return 0;
}

const struct micro_mode micro_switch_mode = { "switch", "a switch of stacks alone", switch_much };
