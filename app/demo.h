/* SPDX-License-Identifier: MIT */
/*
 * demo.h - what the lessons of build/demo share.
 *
 * Each lesson is a file of its own, demo_lesson1.c to demo_lesson4.c, written to be read. What they
 * need besides the library is here: the upstream, the clock, the way to print.
 */
#ifndef LOOPHOUND_APP_DEMO_H
#define LOOPHOUND_APP_DEMO_H

#include <stdbool.h>
#include <sys/types.h>

#include "app/practice.h"
#include "app/practice_data.h"
#include "http/loophound.h"

struct demo {
	char urls[PRACTICE_APIS][PRACTICE_URL]; /* of the embedded upstream */
	double politeness;			/* of lesson 1, seconds */
	bool color;
	bool terminal; /* stdout is one */
	int columns;
};

/* Each prints its part; 0, or a negative code when something went wrong that should not have. */
int demo_lesson1(const struct demo *demo);
int demo_lesson1_json(const struct demo *demo);
int demo_lesson2(const struct demo *demo);
int demo_lesson3(const struct demo *demo);
int demo_lesson4(const struct demo *demo);
int demo_collect(const struct demo *demo);

/* Seconds on the real, monotonic clock, with or without a loop. */
double demo_now(void);

/* Prints text, bold on a terminal that can. */
void demo_bold(const struct demo *demo, const char *text);
/* The same, as a line. */
void demo_title(const struct demo *demo, const char *text);
/* The path of a source file relative to the repository: "app/demo_culprit.c". */
const char *demo_source(const char *file);

/*
 * fork(), but a signal that ends the demo ends the child first. The parent's result is to be given
 * to demo_child_wait(), which returns the exit status, or 128 + the signal.
 */
pid_t demo_child_fork(void);
int demo_child_wait(pid_t pid);

/*
 * Serves the practice APIs in a process of its own, so that no lesson can block them too. To be
 * called before there are threads and before anything is printed. 0, or -1 when it failed and
 * said so on stderr.
 */
int demo_upstream_start(char urls[PRACTICE_APIS][PRACTICE_URL]);
/* Its exit status. */
int demo_upstream_stop(void);

#endif
