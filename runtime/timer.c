/* SPDX-License-Identifier: MIT */
/*
 * timer.c - a pairing heap: insertion is one comparison, removal of the least is two passes over
 * its children. Chosen over an array heap because it needs no memory of its own, so that a sleep
 * cannot fail. Nothing recurses: it runs on coroutine stacks.
 */
#include "runtime/timer.h"

#include "runtime/base.h"

static bool before(const struct async_timer *a, const struct async_timer *b)
{
	return a->when < b->when || (a->when == b->when && a->sequence < b->sequence);
}

/* Makes the later of two roots the first child of the earlier, which is returned. */
static struct async_timer *meld(struct async_timer *a, struct async_timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (before(b, a)) {
		struct async_timer *swap = a;

		a = b;
		b = swap;
	}
	b->sibling = a->child;
	if (a->child)
		a->child->parent = b;
	b->parent = a;
	a->child = b;
	return a;
}

/* Melds a list of siblings into one tree: pairs from left to right, then all from the right. */
static struct async_timer *combine(struct async_timer *first)
{
	struct async_timer *pairs = NULL, *root = NULL;

	while (first) {
		struct async_timer *a = first, *b = a->sibling, *pair;

		first = b ? b->sibling : NULL;
		a->sibling = a->parent = NULL;
		if (b)
			b->sibling = b->parent = NULL;
		pair = meld(a, b);
		pair->sibling = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct async_timer *next = pairs->sibling;

		pairs->sibling = NULL;
		root = meld(root, pairs);
		pairs = next;
	}
	return root;
}

void timer_insert(struct timer_heap *heap, struct async_timer *timer, int64_t when)
{
	timer->child = timer->sibling = timer->parent = NULL;
	timer->when = when;
	timer->sequence = heap->next_sequence++;
	timer->pending = true;
	heap->root = meld(heap->root, timer);
	heap->count++;
}

bool timer_is_in(const struct timer_heap *heap, const struct async_timer *timer)
{
	while (timer->parent)
		timer = timer->parent;
	return timer == heap->root;
}

void timer_remove(struct timer_heap *heap, struct async_timer *timer)
{
	struct async_timer *rest;

	if (!timer->pending)
		return;
	timer->pending = false;
	heap->count--;
	rest = combine(timer->child);
	timer->child = NULL;
	if (timer == heap->root) {
		heap->root = rest;
		return;
	}
	/* parent is the node to the left: the true parent of a first child, else a sibling. */
	if (timer->parent->child == timer)
		timer->parent->child = timer->sibling;
	else
		timer->parent->sibling = timer->sibling;
	if (timer->sibling)
		timer->sibling->parent = timer->parent;
	timer->sibling = timer->parent = NULL;
	heap->root = meld(heap->root, rest);
}

struct async_timer *timer_take_due(struct timer_heap *heap, int64_t now)
{
	struct async_timer *timer = heap->root;

	if (!timer || timer->when > now)
		return NULL;
	timer_remove(heap, timer);
	return timer;
}

int64_t timer_from_seconds(double seconds)
{
	if (seconds <= 0)
		return 0;
	if (seconds >= 9e9)
		return 9000000000LL * TIMER_SECOND;
	return (int64_t)(seconds * (double)TIMER_SECOND);
}
