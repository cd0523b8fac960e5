/* SPDX-License-Identifier: MIT */
/*
 * blocking.h - one cell of the experiment: so many tasks, some of which pause, written in one of six ways.
 *
 * A task pauses (the article's half second of politeness) and then, when there are URLs, asks for one.
 * What differs between the modes is only whose time a pause takes: everybody's, a thread's or nobody's.
 *
 * Interface: main fills in the upper half of struct blocking and calls blocking_run(); the mode
 * writes down, task by task, when things happened; what that means is worked out afterwards.
 */
#ifndef LOOPHOUND_BENCH_BLOCKING_H
#define LOOPHOUND_BENCH_BLOCKING_H

#include <stdbool.h>
#include <stdint.h>

#include "app/histogram.h"

/* Nanoseconds of CLOCK_MONOTONIC. All tasks are due at blocking.start. */
struct blocking_task {
	struct blocking *cell;
	const char *url; /* NULL: no request */
	bool pauses;
	int64_t called; /* when it asked for a thread to pause on, or else when it was due */
	int64_t begun;	/* its pause, or where that would have been */
	int64_t ended;
	int64_t done;
	bool failed;
};

/* The heartbeat: due every BEAT_INTERVAL from the start on, however late the last one was. */
#define BEAT_INTERVAL INT64_C(5000000)
struct beat {
	int64_t next;		/* when the next one is due */
	struct histogram delay; /* from when it was due */
	int64_t waited;		/* the beating thread's, for a CPU; -1: the system does not tell */
	int64_t waited_at_begin;
};

/* What a pause takes away from others. */
enum blocking_holds { HOLDS_NOBODY, HOLDS_ALL, HOLDS_A_WORKER };

struct blocking {
	const struct blocking_mode *mode;
	int tasks, share; /* how many, and how many in a hundred of them pause */
	int64_t pause;
	int threads; /* of a pool */
	char **urls;
	int url_count;

	struct blocking_task *task;
	struct beat beat;
	int64_t start, end;
	unsigned stalls; /* that the watchdog told */
};

struct blocking_mode {
	const char *name;
	enum blocking_holds holds;
	int (*run)(struct blocking *cell); /* sets start and end; 0 or a negative code */
	int (*task)(void *task);	   /* the coroutine, for modes with a loop */
};
extern const struct blocking_mode blocking_plain_modes[3], blocking_loop_modes[3];

struct blocking_harm {
	int blocks; /* pauses that held something which others may have waited for */
	double mean;
	int most;
};
/* Tasks hurt by each block: those that were due and did not get on for 1 ms or more of it. */
int blocking_harm(const struct blocking *cell, struct blocking_harm *harm);

int64_t blocking_now(void);
/* Blocks the calling thread. */
void blocking_pause(struct blocking_task *task);

/* On the thread that beats: before the first, whenever there is a chance, and at the end. */
void beat_begin(struct beat *beat, int64_t start);
void beat_run_due(struct beat *beat, int64_t now);
void beat_end(struct beat *beat, int64_t now);

#endif
