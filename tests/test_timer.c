/* SPDX-License-Identifier: MIT */
/* test_timer.c - the heap: order, equal deadlines, removal from anywhere. */
#include <stdlib.h>

#include "runtime/base.h"
#include "runtime/list.h"
#include "runtime/timer.h"
#include "tests/harness.h"

enum { MANY = 2000 };

struct entry {
	struct async_timer timer;
	int index;
};

static struct entry *entry_of(struct async_list *node)
{
	return container_of(node, struct entry, timer.handle.node);
}

static void expire(struct timer_heap *heap, int64_t now, struct async_list *due)
{
	struct async_timer *timer;

	while ((timer = timer_take_due(heap, now)))
		list_append(due, &timer->handle.node);
}

TEST(timers_come_out_by_deadline_and_equal_ones_in_the_order_they_went_in)
{
	static struct entry entries[MANY];
	struct timer_heap heap = { 0 };
	struct async_list due = { 0 };
	int64_t when = -1;
	int index = -1, count = 0;

	srand(1);
	for (int i = 0; i < MANY; i++) {
		entries[i].index = i;
		timer_insert(&heap, &entries[i].timer, rand() % 50);
	}
	expire(&heap, 24, &due);
	expire(&heap, 1000, &due);
	for (struct async_list *node; (node = list_take(&due)); count++) {
		struct entry *entry = entry_of(node);

		CHECK(entry->timer.when >= when);
		if (entry->timer.when == when)
			CHECK(entry->index > index);
		when = entry->timer.when;
		index = entry->index;
	}
	CHECK_INT(count, MANY);
	CHECK_INT(heap.count, 0);
}

TEST(a_timer_is_removed_from_anywhere_and_the_rest_keeps_its_order)
{
	static struct entry entries[MANY];
	struct timer_heap heap = { 0 };
	struct async_list due = { 0 };
	int64_t when = -1;
	int count = 0;

	srand(2);
	for (int i = 0; i < MANY; i++)
		timer_insert(&heap, &entries[i].timer, rand() % 1000);
	expire(&heap, 99, &due);
	for (int i = 0; i < MANY; i++)
		if (rand() % 2)
			timer_remove(&heap, &entries[i].timer);
	for (int i = 0; i < MANY; i++)
		count += entries[i].timer.pending;
	CHECK_INT(heap.count, count);
	due = (struct async_list){ 0 };
	expire(&heap, 1000, &due);
	for (struct async_list *node; (node = list_take(&due)); count--) {
		CHECK(entry_of(node)->timer.when >= when);
		when = entry_of(node)->timer.when;
	}
	CHECK_INT(count, 0);
}

TEST(only_what_is_due_expires)
{
	struct async_timer early = { 0 }, late = { 0 };
	struct timer_heap heap = { 0 };
	struct async_list due = { 0 };

	timer_insert(&heap, &late, 11);
	timer_insert(&heap, &early, 10);
	expire(&heap, 9, &due);
	CHECK(list_empty(&due));
	expire(&heap, 10, &due);
	CHECK(list_take(&due) == &early.handle.node);
	CHECK(list_empty(&due) && late.pending && !early.pending);
}

TEST(seconds_saturate_instead_of_overflowing)
{
	CHECK_INT(timer_from_seconds(0.5), 500000000);
	CHECK_INT(timer_from_seconds(-1), 0);
	CHECK(timer_from_seconds(1e300) > 0);
	CHECK(timer_from_seconds(__builtin_inf()) > 0);
}
