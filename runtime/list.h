/* SPDX-License-Identifier: MIT */
/*
 * list.h - intrusive doubly linked lists.
 *
 * A head and a node are both struct async_list. Zeroed is valid for both: an empty list, a node in
 * no list; that is what makes static initialisers and idempotent removal possible. A head must not
 * be copied while it has nodes.
 */
#ifndef LOOPHOUND_RUNTIME_LIST_H
#define LOOPHOUND_RUNTIME_LIST_H

#include "runtime/async.h"
#include "runtime/base.h"

static inline bool list_empty(const struct async_list *head)
{
	return !head->next || head->next == head;
}

static inline bool list_linked(const struct async_list *node)
{
	return node->next != NULL;
}

static inline void list_append(struct async_list *head, struct async_list *node)
{
	if (!head->next)
		head->next = head->prev = head;
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static inline void list_prepend(struct async_list *head, struct async_list *node)
{
	if (!head->next)
		head->next = head->prev = head;
	list_append(head->next, node);
}

/* Idempotent. */
static inline void list_remove(struct async_list *node)
{
	if (!node->next)
		return;
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

/* The first node, taken out; NULL when there is none. */
static inline struct async_list *list_take(struct async_list *head)
{
	struct async_list *node = head->next;

	if (list_empty(head))
		return NULL;
	head->next = node->next;
	node->next->prev = head;
	node->next = node->prev = NULL;
	return node;
}

/* Moves all of from, in order, to the end of to. */
static inline void list_splice(struct async_list *to, struct async_list *from)
{
	if (list_empty(from))
		return;
	if (!to->next)
		to->next = to->prev = to;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	from->next = from->prev = NULL;
}

/* Safe against removal of the node at hand, not of the one after it. */
#define list_for_each(node, head)                                                             \
	for (struct async_list *node = (head)->next, *node##_next = node ? node->next : NULL; \
	     node && node != (head); node = node##_next, node##_next = node->next)

#endif
