/* SPDX-License-Identifier: MIT */
/*
 * heartbeat.h - what a loop publishes about itself: one cache line, written by its thread alone.
 *
 * A slice is one resume of a task or one run of a callback. The generation is odd while a slice
 * runs, the poll counter is odd while the loop may sleep in the poller. A watchdog's thread reads
 * both; whatever it copied under an odd generation is good if the generation is still the same.
 * How many are ready and which timer is next is found by whoever asks, in the loop's own lists
 * (victims.h): to count would cost an instruction a wake-up, and to publish the next deadline or where
 * a turn began was measured to cost five a turn, all of them saved and restored registers.
 *
 * Rules for the loop:
 *  - heartbeat_begin() and heartbeat_end() around every slice; slices do not nest.
 *  - heartbeat_idle() before a poll that may block, heartbeat_busy() after it.
 *  - heartbeat_mark() where what follows is not part of the slice before: after each poll.
 *  - The order of the stores matters, so they release (free on x86-64, one instruction elsewhere);
 *    the only full fence is in heartbeat_busy(), beside a system call.
 */
#ifndef LOOPHOUND_RUNTIME_HEARTBEAT_H
#define LOOPHOUND_RUNTIME_HEARTBEAT_H

#include <stdatomic.h>
#include <stdint.h>

#include "runtime/ticks.h"

/* Why the monitor wants a word: the doorbell is the word it sleeps on. */
enum heartbeat_bell {
	HEARTBEAT_QUIET = 0,  /* it wakes by its own clock */
	HEARTBEAT_PARKED = 1, /* it sleeps until the loop is busy again */
	HEARTBEAT_WATCH = 2,  /* it wants to know when this slice ends */
	HEARTBEAT_STOP = 3,   /* it is to end; set by the loop */
};

struct heartbeat {
	_Atomic(const void *) task;   /* of the current slice; NULL: a callback */
	_Atomic(uint32_t) generation; /* odd: a slice runs */
	_Atomic(uint32_t) polls;      /* odd: in a poll that may block */
	_Atomic(uint32_t) bell;	      /* enum heartbeat_bell, set by the monitor */
	_Atomic(uint32_t) ended;      /* the generation at the end of a slice that was watched */
	/* The strict guard's, touched by the loop's thread alone and, where it traps, by the kernel. */
	volatile unsigned char armed;	 /* what a slice puts into selector: 0 or 1 */
	volatile unsigned char selector; /* 1: a call that may block is noted */
	volatile unsigned char noted;	 /* something is to be reported between two turns */
	_Atomic(int64_t) ended_at;	 /* the monotonic ns of the end that ended tells of */
	_Atomic(int64_t) asked_at;	 /* when SIGQUIT asked for all tasks; 0: answered */
	_Atomic(uint64_t) turn;
	uint64_t mark; /* ticks at the end of the slice before: the loop's alone */

	/* Beside the line: of the callback that runs, while task is NULL. */
	_Atomic(const void *) handle;
	/* How much of a slice is no stall, in ns, and the generation of that slice. */
	_Atomic(int64_t) excused;
	_Atomic(uint32_t) excused_in;
	/* The same of all slices of a turn. */
	_Atomic(int64_t) excused_sum;
	_Atomic(uint64_t) excused_turn;
} __attribute__((aligned(64)));

/* What the loop is at. */
enum heartbeat_phase { HEARTBEAT_POLL, HEARTBEAT_SLICE, HEARTBEAT_BETWEEN };

static inline enum heartbeat_phase heartbeat_phase(const struct heartbeat *hb)
{
	if (atomic_load(&hb->generation) & 1)
		return HEARTBEAT_SLICE;
	return atomic_load(&hb->polls) & 1 ? HEARTBEAT_POLL : HEARTBEAT_BETWEEN;
}

/* account.c: a slice that has just ended, and that was not short. */
void heartbeat_account(struct heartbeat *hb, uint64_t ticks);

/* Clears the bell and wakes the monitor: a system call. Does nothing where there is no watchdog. */
void heartbeat_ring(struct heartbeat *hb);

static inline void heartbeat_step(_Atomic(uint32_t) *counter)
{
	/* One writer: no locked instruction is needed. */
	uint32_t value = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, value + 1, memory_order_release);
}

static inline void heartbeat_turn(struct heartbeat *hb)
{
	uint64_t turn = atomic_load_explicit(&hb->turn, memory_order_relaxed);

	atomic_store_explicit(&hb->turn, turn + 1, memory_order_relaxed);
}

/* task is what task_describe() takes, or NULL for a callback. */
static inline void heartbeat_begin(struct heartbeat *hb, const void *task)
{
	atomic_store_explicit(&hb->task, task, memory_order_release);
	heartbeat_step(&hb->generation);
	hb->selector = hb->armed;
}

/* The same for a callback: an address to tell which kind it is, no more. */
static inline void heartbeat_call(struct heartbeat *hb, const void *handle)
{
	atomic_store_explicit(&hb->handle, handle, memory_order_relaxed);
	heartbeat_begin(hb, NULL);
}

static inline void heartbeat_mark(struct heartbeat *hb)
{
	hb->mark = ticks_now();
}

/* One look at the ticks for each slice: the end of one is where the next began. */
static inline void heartbeat_end(struct heartbeat *hb)
{
	uint64_t now = ticks_now(), ticks = now - hb->mark;

	hb->mark = now;
	hb->selector = 0;
	heartbeat_step(&hb->generation);
	if (__builtin_expect(ticks >= TICKS_SHORT, 0))
		heartbeat_account(hb, ticks);
	if (__builtin_expect(
		    atomic_load_explicit(&hb->bell, memory_order_relaxed) == HEARTBEAT_WATCH, 0))
		heartbeat_ring(hb);
}

static inline void heartbeat_idle(struct heartbeat *hb)
{
	heartbeat_step(&hb->polls);
}

static inline void heartbeat_busy(struct heartbeat *hb)
{
	uint32_t polls = atomic_load_explicit(&hb->polls, memory_order_relaxed);

	/*
	 * The monitor stores PARKED and then looks at polls; here it is the other way round. All four
	 * are sequentially consistent, so at least one side sees the other: no wake-up is lost.
	 */
	atomic_store_explicit(&hb->polls, polls + 1, memory_order_seq_cst);
	if (__builtin_expect(
		    atomic_load_explicit(&hb->bell, memory_order_seq_cst) == HEARTBEAT_PARKED, 0))
		heartbeat_ring(hb);
}

/* What a report says of a task. */
struct task_view {
	char name[32];
	uint64_t id;
	const char *label;	/* the function that it runs, a literal */
	const char *created_at; /* "file:line", a literal; NULL: unknown */
	const char *waiting_at; /* the same, of its last wait */
	uint64_t creator;	/* the id of the task that created it; 0: none did */
	char creator_name[32];	/* "": that task is gone */
	uintptr_t stack_low, stack_high;
};

/*
 * Fills the view from the task that a heartbeat shows. Called on the watchdog's thread while the
 * loop runs on: it takes no lock and may read stale data, but must never fault, for which it is
 * enough that blocks of tasks are never unmapped. The caller checks the generation again. Defined
 * in task_info.c; it needs __attribute__((no_sanitize("thread"))).
 */
void task_describe(const void *task, struct task_view *view);

#endif
