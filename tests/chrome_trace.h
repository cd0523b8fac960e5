/* SPDX-License-Identifier: MIT */
/*
 * chrome_trace.h - a file in the Chrome trace format, loaded and checked.
 *
 * Checked is what a viewer relies on: it is JSON; every object has its phase, process and track; the
 * spans of a track lie one inside the other or apart; every begin has its end and every end its
 * begin; every arrow has both halves, the first no later than the second, and each half within a
 * span of its track.
 */
#ifndef LOOPHOUND_TESTS_CHROME_TRACE_H
#define LOOPHOUND_TESTS_CHROME_TRACE_H

#include <jansson.h>

#include "tests/harness.h"

/* The events of a text that holds; fails the test otherwise. json_decref() the result's parent. */
struct chrome_trace {
	json_t *root, *events;
	size_t spans, arrows, jobs, processes;
};
void chrome_trace_check(struct chrome_trace *trace, const char *text);
void chrome_trace_check_file(struct chrome_trace *trace, const char *path);
void chrome_trace_free(struct chrome_trace *trace);

/* The first event of that phase whose name begins so; NULL: there is none. */
json_t *chrome_trace_find(const struct chrome_trace *trace, const char *phase, const char *name);
/* How many there are. */
size_t chrome_trace_count(const struct chrome_trace *trace, const char *phase, const char *name);
/* A text in an event's args; NULL: there is none. */
const char *chrome_trace_arg(json_t *event, const char *name);

#endif
