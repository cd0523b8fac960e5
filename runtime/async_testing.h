/* SPDX-License-Identifier: MIT */
/*
 * async_testing.h - testing a program that runs on the loop. A chapter of the manual.
 *
 * All of it is chosen for a run, by async_run_options or from the environment, and costs nothing
 * where it is not:
 *
 *  - The virtual clock: virtual_clock = true. Time stands still while something is ready and jumps to
 *    the next timer when nothing is. An hour of timeouts takes a millisecond, and every run sees the
 *    same times: async_time() starts at 0. Threads and subprocesses are waited for in real time, and
 *    the clock does not jump meanwhile; sockets are only looked at, so what waits for another process
 *    should have no limit. The watchdog is off. A wait that nothing can end is reported as a deadlock
 *    at once.
 *
 *  - The shuffle: shuffle_seed = n, or LOOPHOUND_SHUFFLE=n in the environment for a program that does
 *    not ask for it. Each turn runs what is ready in an order drawn from the seed. Every such order is
 *    one that a program has to work in, unless it relies on first come, first served: what it finds is
 *    the code that works because of who happened to run first. The same seed on the virtual clock is
 *    the same run; so print it:
 *
 *        for (uint64_t seed = 1; seed <= 1000; seed++) {
 *                struct async_run_options options = { .virtual_clock = true, .shuffle_seed = seed };
 *                if (async_run_with(program, NULL, &options) < 0)
 *                        printf("fails with LOOPHOUND_SHUFFLE=%llu\n", (unsigned long long)seed);
 *        }
 *
 *  - Fresh stacks: fresh_stacks = true, or LOOPHOUND_FRESH_STACKS=1. Each task has a stack that is
 *    mapped for it alone and unmapped when it ends. A pointer into the frame of a task that has ended,
 *    which on a cached stack reads what the next task has left there, is a fault at once.
 *
 *  - async_count() (async.h) before and after tells what was left behind: tasks, timers, fds, threads.
 *
 *  - LOOPHOUND_DEBUG=1 (async_loop.h) names the callbacks and steps that took long.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_TESTING_H
#define LOOPHOUND_RUNTIME_ASYNC_TESTING_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The seed that the running loop began with, from wherever it came, 0 when it does not shuffle: for the
 * message of a failure.
 */
uint64_t async_shuffle_seed(void);

#ifdef __cplusplus
}
#endif
#endif
