/* SPDX-License-Identifier: MIT */
/*
 * due.h - things ordered by when they are due: an intrusive pairing heap.
 *
 * Nothing is allocated: an item lies in what it stands for and is in at most one heap. Equal times
 * come out in no particular order. A zeroed head is an empty heap, a zeroed item is in none.
 */
#ifndef LOOPHOUND_APP_DUE_H
#define LOOPHOUND_APP_DUE_H

#include <stdbool.h>
#include <stdint.h>

struct due {
	int64_t when;
	struct due *child, *next;
	struct due **back; /* the pointer that points here; NULL: in no heap */
};

struct due_heap {
	struct due *first; /* the one that is due first; NULL: empty */
};

void due_push(struct due_heap *heap, struct due *item, int64_t when);
/* Takes out any item; idempotent. */
void due_remove(struct due_heap *heap, struct due *item);
/* Takes out the first one; NULL when there is none. */
struct due *due_pop(struct due_heap *heap);

#endif
