/* SPDX-License-Identifier: MIT */
/*
 * options.h - what the program asked of the watchdog, overridden by the environment.
 */
#ifndef LOOPHOUND_RUNTIME_WATCHDOG_OPTIONS_H
#define LOOPHOUND_RUNTIME_WATCHDOG_OPTIONS_H

#include "runtime/async.h"

struct watchdog_options {
	int64_t limit; /* ns */
	void (*report)(const struct async_stall *stall, void *arg);
	void *arg;
};

/* False when the watchdog is off. */
bool watchdog_options_get(struct watchdog_options *options);

/*
 * Reads "off", or "limit=20ms" (s, ms, us; no unit: seconds), perhaps one of several words with
 * commas between, into limit: seconds, negative when off. Returns the first word that it does
 * not know, or NULL.
 */
const char *watchdog_options_parse(const char *text, double *limit);

#endif
