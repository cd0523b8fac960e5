/* SPDX-License-Identifier: MIT */
/*
 * event.h - what a recorder keeps: 24 bytes an event, and the copy of them that a format reads.
 *
 * A name does not fit into an event: a task is described by a run of events, TRACE_PLACE, _LABEL and,
 * when it has a name of its own, _NAME; again whenever the last description is half a ring old. So
 * a name is in the ring as long as its task is active, and nothing else has to be kept for it.
 */
#ifndef LOOPHOUND_RUNTIME_TRACE_EVENT_H
#define LOOPHOUND_RUNTIME_TRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* id is a task's, or 0; "why" and "value" as said here. Times are ns. */
enum trace_kind {
	TRACE_TURN,	/* a turn begins. why: work is ready; value: its number */
	TRACE_NEXT,	/* value: when the first timer is due; none: no timer pends */
	TRACE_POLL,	/* value: at most so long, -1 for ever */
	TRACE_POLLED,	/* value: how many fds are ready */
	TRACE_FD,	/* one of them. why: enum poll_bits; value: the fd */
	TRACE_TIMER,	/* a timer is due. value: late by */
	TRACE_CALLBACK, /* a callback begins. value: its function */
	TRACE_CALLED,	/* it ends */
	TRACE_CREATE,	/* why: enum trace_by; value: the creator's id */
	TRACE_PLACE,	/* value: a literal, where the task was created */
	TRACE_LABEL,	/* value: a literal, what it runs */
	TRACE_NAME,	/* why: which part of the name; value: eight bytes of it */
	TRACE_WAKE,	/* why: enum trace_by and flags; value: the waker's id or fd */
	TRACE_RESUME,	/* a slice of the task begins */
	TRACE_YIELD,	/* it ends. why: enum trace_wait, and value as there */
	TRACE_END,	/* it ends, and so does the task. value: its result */
	TRACE_OFFLOAD,	/* a job goes to the thread pool. value: its number */
	/* It is back, or given up. value: its number, and above that for how many us it was queued. */
	TRACE_OFFLOADED,
};

/* Who wakes. */
enum trace_by {
	TRACE_LOOP,
	TRACE_BY_TASK,
	TRACE_BY_FD,
	TRACE_BY_TIMER,
	TRACE_BY_THREAD,
	TRACE_BY_PROCESS,
	TRACE_BY_CALLBACK
};
enum { TRACE_NAME_PARTS = 4 };

/*
 * What a task waits for. A kind of wait says in a word what it is, which a layer above may have made:
 * so there is a number only for what has a value worth its place, and for what is no future.
 */
enum trace_wait {
	TRACE_WAIT_KIND,     /* value: a literal, async_future_kind.what; 0: a plain future */
	TRACE_WAIT_YIELD,    /* for nothing: its next turn */
	TRACE_WAIT_EAGER,    /* for a task that starts at once, on its creator's time */
	TRACE_WAIT_SLEEP,    /* value: until */
	TRACE_WAIT_READABLE, /* value: the fd */
	TRACE_WAIT_WRITABLE,
	TRACE_WAIT_FDS,	 /* value: how many, of which one is enough */
	TRACE_WAIT_TASK, /* value: its id */
};

/* With it: the wake-up is a cancellation; the task woke by its end, in a callback, a turn later. */
enum { TRACE_CANCELLED = 0x80, TRACE_BY_END = 0x40, TRACE_BY_MASK = 0x3f };

#define TRACE_JOB(number, queued_us) ((int64_t)(number) | (int64_t)(queued_us) << 32)
#define TRACE_JOB_NUMBER(value) ((uint32_t)(value))
#define TRACE_JOB_QUEUED(value) (((value) >> 32) * 1000) /* ns */

struct trace_event {
	int64_t when; /* in the ring as the clock counts, in a record ns */
	int64_t value;
	uint32_t id;
	uint8_t kind, why;
	uint16_t unused;
};

/* A stall as the watchdog saw it. */
struct trace_stall {
	int64_t begin, end; /* end 0: it still lasts */
	uint32_t task;	    /* 0: a callback */
	char text[1024];    /* the report, cut off if need be */
};

/* What a format remembers of a task while it walks over the events: places in the record plus 1. */
struct trace_task {
	uint32_t id; /* 0: a free slot */
	uint32_t described, waits, woken, job;
};

/* A piece of a loop's life, copied out of its ring: times are ns and do not decrease. */
struct trace_record {
	const struct trace_event *events;
	size_t count;
	uint64_t first; /* the number of the first event since the loop was opened */
	const struct trace_stall *stalls;
	size_t stall_count;
	unsigned loop;	/* 1, 2, 3... in this process */
	int64_t opened; /* when the loop was; prose counts from here */
	int64_t origin; /* when the first loop of the process was; the Chrome format counts from here */
	int64_t until; /* when the copy was made: no earlier than the last event */
	bool ended;    /* the loop is closed: the last piece */
	/* Room for the walk: a power of two of slots, or none. Where they run out, names are missing. */
	struct trace_task *tasks;
	size_t slots;
};

#endif
