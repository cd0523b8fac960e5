/* SPDX-License-Identifier: MIT */
/*
 * guarded.h - runs something in a child under LOOPHOUND_WATCHDOG, and brings back what it said.
 */
#ifndef LOOPHOUND_TESTS_GUARDED_H
#define LOOPHOUND_TESTS_GUARDED_H

#include <stdbool.h>

/*
 * Ends the test quietly where there is no guard. Fails unless the child's exit status is wanted
 * (negative: any) when fn has returned 0. Returns what was written to stderr.
 */
const char *guarded(const char *words, int (*fn)(void *arg), void *arg, int wanted);

/* The same for fn as the main task of a loop. */
const char *guarded_run(const char *words, int (*fn)(void *arg), int wanted);

/* Either way of catching calls has this to say, and fails the run for it with status 86. */
void guarded_both_ways(int (*fn)(void *arg), const char *finding);

/* Does it name functions and lines in this build? */
bool guarded_has_names(void);

#endif
