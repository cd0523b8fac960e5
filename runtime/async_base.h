/* SPDX-License-Identifier: MIT */
/*
 * async_base.h - what every chapter of the manual needs: the two marks, places, and the nodes that are
 * embedded in the structs of others.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_BASE_H
#define LOOPHOUND_RUNTIME_ASYNC_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks each function that may switch to another task before it returns. It expands to nothing. */
#define ASYNC_SUSPENDS
/* Marks the rare function that blocks the whole thread: never call it on a coroutine. */
#define ASYNC_BLOCKS_THE_THREAD

#define ASYNC_STRING_(x) #x
#define ASYNC_STRING(x) ASYNC_STRING_(x)
/* The place of a call, kept by the task that was created or waits there. */
#define ASYNC_HERE __FILE__ ":" ASYNC_STRING(__LINE__)

struct async_task;
struct async_future;
struct async_future_kind;
struct async_loop;

/* Private: intrusive nodes, to be had by value and zeroed. */
struct async_list {
	struct async_list *next, *prev; /* both NULL: an empty list, or a node in no list */
};

/* One callback, for async_call_soon(). */
struct async_handle {
	struct async_list node;
	void (*run)(void *arg);
	void *arg;
};

/* The same for async_call_later(): a node of a pairing heap. */
struct async_timer {
	struct async_handle handle;
	struct async_timer *child, *sibling, *parent; /* parent is the left neighbour */
	int64_t when;
	uint64_t sequence;
	bool pending;
};

#ifdef __cplusplus
}
#endif
#endif
