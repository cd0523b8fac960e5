/* SPDX-License-Identifier: MIT */
/*
 * micro.h - one small thing, done so often that it can be timed: the modes of bench_micro.c.
 *
 * A mode sets itself up, measures, and prints one line of JSON with what it measured, per thing done.
 * What a machine's mood does to it is for whoever runs it again and again: bench/bench-micro.
 */
#ifndef LOOPHOUND_BENCH_MICRO_H
#define LOOPHOUND_BENCH_MICRO_H

#include <stdbool.h>
#include <stdint.h>

struct micro {
	int tasks;	    /* how many there are of whatever is many: tasks, timers, threads */
	int count;	    /* how often, all of them together; 0: the mode's own number */
	bool record;	    /* with the flight recorder on */
	bool virtual_clock; /* neither clock nor poller: what is counted is the same each time */
};

struct micro_mode {
	const char *name, *what;
	int (*run)(const struct micro *micro); /* 0 or a negative code */
};

extern const struct micro_mode micro_switch_mode, micro_heap_mode, micro_near_mode,
	micro_timers_mode, micro_create_mode, micro_gate_mode, micro_gate_threads_mode,
	micro_sleep_mode, micro_bare_sleep_mode, micro_yield_mode, micro_sched_yield_mode,
	micro_pipe_mode;

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t micro_now(void);

/* async_run(), on the clock that was asked for. */
int micro_run(const struct micro *micro, int (*program)(void *arg), void *arg);

struct micro_start {
	int64_t wall, cpu;
};
struct micro_start micro_begin(void);

/* {"ns":57.100,"cpu_ns":57.052,"tasks":2,"count":1000000}: what one of count took since start. */
int micro_print(const struct micro *micro, int count, struct micro_start start);

#endif
