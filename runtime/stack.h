/* SPDX-License-Identifier: MIT */
/*
 * stack.h - stacks for coroutines: mmapped in slabs, each with a guard below it, cached.
 *
 * A stack may be released only by somebody who does not stand on it. Sizes are rounded so that
 * stack and guard together are a power of two.
 */
#ifndef LOOPHOUND_RUNTIME_STACK_H
#define LOOPHOUND_RUNTIME_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/async.h"

#define STACK_CLASSES 20

struct stack {
	struct stack *next; /* in the slab's free list */
	struct stack_slab *slab;
	char *low;	/* the lowest usable byte */
	size_t size;	/* from low to the top */
	unsigned dirty; /* 1 + its place in the pool's table; 0: not in it */
	bool guarded, prepared;
};

/* So many cached stacks may hold pages from deep calls while the loop is busy. */
#define STACK_DIRTY_MAX 64u

struct stack_pool {
	enum async_guard guard;
	bool fresh;				  /* a mapping per stack, and none is kept */
	struct async_list classes[STACK_CLASSES]; /* slabs with a free stack, fullest use first */
	struct async_list slabs;		  /* all of them */
	struct stack *dirty[STACK_DIRTY_MAX];
	unsigned dirty_count, next_evicted;
	size_t in_use, cached, empty_slabs;
	size_t splits, max_splits; /* guards made by mprotect; 0: not known yet */
	bool no_guard_install;	   /* this kernel does not know MADV_GUARD_INSTALL */
	bool said_canary;
};

/* A stack of at least size usable bytes. 0, ASYNC_ENOMEM, ASYNC_ENOGUARD, ASYNC_EINVAL. */
int stack_get(struct stack_pool *pool, size_t size, struct stack **out);
void stack_put(struct stack_pool *pool, struct stack *stack);

/* Gives back the pages that deep calls left in cached stacks. For when the loop has time. */
void stack_trim(struct stack_pool *pool);

/* Unmaps all of it. No stack may be in use. */
void stack_close(struct stack_pool *pool);

/* Only for a stack without a guard: false when something has run over its end. */
bool stack_intact(const struct stack *stack);

/* Where an address lies, for the overflow handler: async-signal-safe. */
struct stack_view {
	uintptr_t guard, low, high; /* the guard is [guard, low), the stack [low, high) */
	size_t size;
	bool in_guard;
};
/* False when the address belongs to no stack of the loop that runs in this thread. */
bool stack_find(uintptr_t address, struct stack_view *view);

#endif
