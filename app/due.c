/* SPDX-License-Identifier: MIT */
/* due.c - the pairing heap: cheap to put in, and what is taken out pays for the order. */
#include "app/due.h"

#include <stddef.h>

static void link_at(struct due **place, struct due *item)
{
	*place = item;
	if (item)
		item->back = place;
}

/* Makes one of two trees out of both; either may be NULL. */
static struct due *merge(struct due *a, struct due *b)
{
	struct due *swap;

	if (!a || !b)
		return a ? a : b;
	if (b->when < a->when) {
		swap = a;
		a = b;
		b = swap;
	}
	link_at(&b->next, a->child);
	link_at(&a->child, b);
	a->next = NULL;
	return a;
}

/* Merges siblings pairwise from the left, then the pairs from the right; without recursion. */
static struct due *merge_all(struct due *first)
{
	struct due *pairs = NULL, *all = NULL;

	while (first) {
		struct due *a = first, *b = a->next, *pair;

		first = b ? b->next : NULL;
		a->next = NULL;
		if (b)
			b->next = NULL;
		pair = merge(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs) {
		struct due *pair = pairs;

		pairs = pair->next;
		pair->next = NULL;
		all = merge(all, pair);
	}
	return all;
}

void due_push(struct due_heap *heap, struct due *item, int64_t when)
{
	*item = (struct due){ .when = when };
	link_at(&heap->first, merge(heap->first, item));
}

void due_remove(struct due_heap *heap, struct due *item)
{
	struct due *children = item->child;

	if (!item->back)
		return;
	link_at(item->back, item->next);
	item->child = item->next = NULL;
	item->back = NULL;
	link_at(&heap->first, merge(heap->first, merge_all(children)));
}

struct due *due_pop(struct due_heap *heap)
{
	struct due *first = heap->first;

	if (first)
		due_remove(heap, first);
	return first;
}
