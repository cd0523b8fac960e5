/* SPDX-License-Identifier: MIT */
/*
 * wait.h - what a future stands for: what cancelling it means, and how a report says what its waiter
 * waits for.
 *
 * Each kind of wait is one constant that its futures point to; a plain future has none. To describe
 * is to read memory that may belong to a loop which runs on meanwhile, so a describe function gets
 * an address and nothing more: whatever lies behind it is copied with wait_peek(), which fails
 * instead of faulting. Functions of runtime/dump/; futures are made by everybody else.
 */
#ifndef LOOPHOUND_RUNTIME_WAIT_H
#define LOOPHOUND_RUNTIME_WAIT_H

#include "runtime/async.h"
#include "runtime/base.h"

struct wait_view;
struct task;

struct async_future_kind {
	const struct async_future_kind
		*self;	  /* tells a kind from whatever else a stale pointer finds */
	const char *what; /* "Event", a literal; the whole description unless there is more */
	bool (*cancel)(struct async_future *future); /* NULL: it just ends cancelled */
	void (*describe)(struct wait_view *view, const struct async_future *future);
};

/* The future that a task is. */
extern const struct async_future_kind task_kind;

static inline bool wait_has_cancel(const struct async_future *future)
{
	return future->kind && future->kind->cancel;
}

/* ---- For describe ---------------------------------------------------------------------------- */

/* False when there is no such memory. */
bool wait_peek(struct wait_view *view, void *copy, const void *from, size_t size);
/* The struct around a future. */
#define wait_peek_around(view, copy, future, member)                                   \
	wait_peek((view), (copy), container_of((future), __typeof__(*(copy)), member), \
		  sizeof *(copy))

/* Appends to the description. */
__attribute__((format(printf, 2, 3))) void wait_say(struct wait_view *view, const char *format,
						    ...);
/* A text in the memory of the loop, cut off where a report would become hard to read. */
void wait_say_text(struct wait_view *view, const char *text);
/* "1.2 s", until a time of the loop's clock. */
void wait_say_time_until(struct wait_view *view, int64_t when);
/* "fetch", or an address without symbols. */
void wait_say_function(struct wait_view *view, const void *function);
/* `task 3 "b"`. A task that has ended has only its number. */
void wait_say_task(struct wait_view *view, uint64_t id);

/* The waiter goes on when this future is done: which matters if it is a task. Returns its id, or 0. */
uint64_t wait_on(struct wait_view *view, const struct async_future *future);
void wait_on_task(struct wait_view *view, uint64_t id);

#endif
