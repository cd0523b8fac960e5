/* SPDX-License-Identifier: MIT */
/*
 * stack.c - slabs of stacks, each with a guard.
 *
 * A slab is one mapping of equal slots; a slot is a guard and a stack above it. Where the kernel has
 * MADV_GUARD_INSTALL a guard does not split the mapping, so a million stacks are a few thousand
 * mappings; else mprotect does, until most of the mappings that the kernel allows are used up (some
 * 31,700 stacks of 65,530 mappings), and then guard=auto falls back on a canary that is checked
 * when the task suspends.
 * A slot is prepared when it is first handed out. The book-keeping is not on the stacks, so a
 * cached stack can give back every page.
 */
#include "runtime/stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/context.h"
#include "runtime/list.h"
#include "runtime/loop.h"
#include "runtime/portable.h"

#define SLAB_BYTES (4u << 20)
#define SLAB_SLOTS_MIN 4u
#define SLAB_SLOTS_MAX 256u
#define GUARD_MIN 4096u
#define GUARD_MAX (64u << 10)
#define KEEP_BYTES 8192u /* the top of a cached stack that is not given back */
#define EMPTY_SLABS_MAX 2u
#define MAPPINGS_LEFT 1024u
#define CANARY_WORDS 32u
#define CANARY 0x5afe57ac6ca11edULL

struct stack_slab {
	struct async_list all, partial;
	struct stack *free;
	char *base;
	size_t bytes, slot_bytes;
	unsigned slots, used, class;
	struct stack stacks[];
};

static size_t slot_size(unsigned class)
{
	return (size_t)2 * GUARD_MIN << class;
}

/* A quarter of the slot, at least a page: a frame must be large to leap over it. */
static size_t guard_size(unsigned class)
{
	size_t guard = slot_size(class) / 4;

	if (guard > GUARD_MAX)
		guard = GUARD_MAX;
	return guard < GUARD_MIN ? GUARD_MIN : guard;
}

static unsigned class_of(size_t size)
{
	unsigned class = 0;

	while (class < STACK_CLASSES && slot_size(class) - guard_size(class) < size)
		class ++;
	return class;
}

static struct stack_slab *slab_new(struct stack_pool *pool, unsigned class)
{
	size_t slot = slot_size(class), slots = SLAB_BYTES / slot;
	struct stack_slab *slab;

	slots = slots < SLAB_SLOTS_MIN ? SLAB_SLOTS_MIN : slots;
	slots = slots > SLAB_SLOTS_MAX ? SLAB_SLOTS_MAX : slots;
	slots = pool->fresh ? 1 : slots;
	slab = calloc(1, sizeof *slab + slots * sizeof slab->stacks[0]);
	if (!slab)
		return NULL;
	slab->slot_bytes = slot;
	slab->slots = (unsigned)slots;
	slab->bytes = slot * slots;
	slab->class = class;
	slab->base = mmap(NULL, slab->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | PORTABLE_MAP_NORESERVE, -1, 0);
	if (slab->base == MAP_FAILED) {
		free(slab);
		return NULL;
	}
	portable_no_huge_pages(slab->base, slab->bytes);
	context_add_region(slab->base, slab->bytes);
	for (unsigned i = slab->slots; i-- > 0;) {
		slab->stacks[i].slab = slab;
		slab->stacks[i].next = slab->free;
		slab->free = &slab->stacks[i];
	}
	list_append(&pool->slabs, &slab->all);
	list_prepend(&pool->classes[class], &slab->partial);
	pool->empty_slabs++;
	return slab;
}

/* The dirty ones are in a short table, so that trimming does not walk every slab. */
static void mark_clean(struct stack_pool *pool, struct stack *stack)
{
	struct stack *last;

	if (!stack->dirty)
		return;
	last = pool->dirty[--pool->dirty_count];
	pool->dirty[stack->dirty - 1] = last;
	last->dirty = stack->dirty;
	stack->dirty = 0;
}

static void mark_dirty(struct stack_pool *pool, struct stack *stack)
{
	pool->dirty[pool->dirty_count] = stack;
	stack->dirty = ++pool->dirty_count;
}

static void slab_free(struct stack_pool *pool, struct stack_slab *slab)
{
	for (unsigned i = 0; i < slab->slots; i++) {
		if (slab->stacks[i].prepared)
			pool->cached--;
		mark_clean(pool, &slab->stacks[i]);
	}
	/* Unmapping joins what the guards had split. */
	if (pool->no_guard_install)
		for (unsigned i = 0; i < slab->slots; i++)
			pool->splits -= slab->stacks[i].guarded;
	list_remove(&slab->all);
	list_remove(&slab->partial);
	context_remove_region(slab->base, slab->bytes);
	munmap(slab->base, slab->bytes);
	free(slab);
}

static void write_canary(struct stack *stack)
{
	uint64_t *words = (uint64_t *)(void *)stack->low;

	for (unsigned i = 0; i < CANARY_WORDS; i++)
		words[i] = CANARY + i;
}

bool stack_intact(const struct stack *stack)
{
	const uint64_t *words = (const uint64_t *)(const void *)stack->low;

	for (unsigned i = 0; !stack->guarded && i < CANARY_WORDS; i++)
		if (words[i] != CANARY + i)
			return false;
	return true;
}

/*
 * Each guard by mprotect splits a mapping in three, and a process that has used up its mappings can
 * no longer start a thread or load a library. So a share is left to others.
 */
static bool may_split(struct stack_pool *pool)
{
	if (!pool->max_splits)
		pool->max_splits = portable_max_mappings() / 2 - MAPPINGS_LEFT;
	return pool->splits < pool->max_splits;
}

/* Tries, not asks the kernel's version: a container may run on any kernel. */
static bool install_guard(struct stack_pool *pool, char *start, size_t size)
{
	if (!pool->no_guard_install) {
		if (portable_guard_install(start, size))
			return true;
		pool->no_guard_install = true;
	}
	if (!may_split(pool) || mprotect(start, size, PROT_NONE) != 0)
		return false;
	pool->splits++;
	return true;
}

/* Lays the guard out when a slot is handed out for the first time. */
static int prepare(struct stack_pool *pool, struct stack *stack)
{
	struct stack_slab *slab = stack->slab;
	char *slot = slab->base + (size_t)(stack - slab->stacks) * slab->slot_bytes;
	size_t guard = guard_size(slab->class);

	stack->guarded = install_guard(pool, slot, guard);
	if (!stack->guarded && pool->guard == ASYNC_GUARD_REQUIRED)
		return ASYNC_ENOGUARD;
	stack->low = slot + guard;
	stack->size = slab->slot_bytes - guard;
	stack->prepared = true;
	if (!stack->guarded && !pool->said_canary) {
		pool->said_canary = true;
		fprintf(stderr,
			"loophound: no more guard pages after %zu stacks (vm.max_map_count); further "
			"stacks have a checked canary instead (guard=auto)\n",
			pool->in_use);
	}
	return 0;
}

int stack_get(struct stack_pool *pool, size_t size, struct stack **out)
{
	unsigned class = class_of(size);
	struct stack_slab *slab;
	struct stack *stack;

	if (class >= STACK_CLASSES)
		return ASYNC_EINVAL;
	slab = list_empty(&pool->classes[class])
		       ? slab_new(pool, class)
		       : container_of(pool->classes[class].next, struct stack_slab, partial);
	if (!slab)
		return ASYNC_ENOMEM;
	stack = slab->free;
	if (stack->prepared)
		pool->cached--;
	else if (prepare(pool, stack) < 0)
		return ASYNC_ENOGUARD;
	if (!stack->guarded)
		write_canary(stack);
	mark_clean(pool, stack);
	slab->free = stack->next;
	if (!slab->free)
		list_remove(&slab->partial);
	if (slab->used++ == 0)
		pool->empty_slabs--;
	pool->in_use++;
	*out = stack;
	return 0;
}

static void give_back(struct stack *stack)
{
	if (stack->size > KEEP_BYTES)
		madvise(stack->low, stack->size - KEEP_BYTES, MADV_DONTNEED);
}

/* Not the newest: that one is about to be used again, most likely. */
static void evict(struct stack_pool *pool)
{
	struct stack *stack = pool->dirty[pool->next_evicted++ % STACK_DIRTY_MAX];

	mark_clean(pool, stack);
	give_back(stack);
}

void stack_put(struct stack_pool *pool, struct stack *stack)
{
	struct stack_slab *slab = stack->slab;

	if (!slab->free)
		list_prepend(&pool->classes[slab->class], &slab->partial);
	stack->next = slab->free;
	slab->free = stack;
	pool->in_use--;
	pool->cached++;
	if (pool->dirty_count == STACK_DIRTY_MAX)
		evict(pool);
	mark_dirty(pool, stack);
	if (--slab->used == 0 && ++pool->empty_slabs > (pool->fresh ? 0 : EMPTY_SLABS_MAX)) {
		pool->empty_slabs--;
		slab_free(pool, slab);
	}
}

void stack_trim(struct stack_pool *pool)
{
	while (pool->dirty_count) {
		struct stack *stack = pool->dirty[pool->dirty_count - 1];

		mark_clean(pool, stack);
		give_back(stack);
	}
}

void stack_close(struct stack_pool *pool)
{
	must(pool->in_use == 0, "stack_close: %zu stacks are still in use", pool->in_use);
	while (!list_empty(&pool->slabs))
		slab_free(pool, container_of(pool->slabs.next, struct stack_slab, all));
	pool->empty_slabs = 0;
}

bool stack_find(uintptr_t address, struct stack_view *view)
{
	const struct async_list *head = loop_current ? &loop_current->stacks.slabs : NULL;

	if (!head || list_empty(head))
		return false;
	for (const struct async_list *node = head->next; node != head; node = node->next) {
		const struct stack_slab *slab = container_of(node, const struct stack_slab, all);
		const struct stack *stack;
		uintptr_t base = (uintptr_t)slab->base;

		if (address - base >= slab->bytes)
			continue;
		stack = &slab->stacks[(address - base) / slab->slot_bytes];
		if (!stack->prepared)
			return false;
		view->guard = base + (address - base) / slab->slot_bytes * slab->slot_bytes;
		view->low = (uintptr_t)stack->low;
		view->high = view->guard + slab->slot_bytes;
		view->size = stack->size;
		view->in_guard = address < view->low;
		return true;
	}
	return false;
}
