/* SPDX-License-Identifier: MIT */
/*
 * options.h - what the program asked of the watchdog, overridden by the environment.
 *
 * A new word for LOOPHOUND_WATCHDOG is a row in the table of options.c, and a field here.
 */
#ifndef LOOPHOUND_RUNTIME_WATCHDOG_OPTIONS_H
#define LOOPHOUND_RUNTIME_WATCHDOG_OPTIONS_H

#include "runtime/async.h"

/* The strict guard; by interposed symbols even where it could do better; only what fails the run is said. */
enum watchdog_strict {
	WATCHDOG_LENIENT = 0,
	WATCHDOG_STRICT = 1,
	WATCHDOG_STRICT_SYMBOLS = 2,
	WATCHDOG_STRICT_QUIET = 4,
};
struct watchdog_options {
	bool off, help;
	int64_t limit; /* ns */
	void (*report)(const struct async_stall *stall, void *arg);
	void *arg;
	enum async_report_format format;
	char file[256]; /* "": stderr */
	int exit_code;
	bool abort, stats, excuses;
	unsigned strict; /* of enum watchdog_strict */
};

/* What is in force now. False when there is to be no monitor; the other fields are valid. */
bool watchdog_options_get(struct watchdog_options *options);

/*
 * Pure: reads words with commas between into options. Returns the first word that it does not
 * understand, with its length, or NULL.
 */
const char *watchdog_options_parse(const char *text, struct watchdog_options *options,
				   size_t *length);

/* Pure: all words, one line each, with what they do; or only the words, in one line. */
size_t watchdog_options_help(char *text, size_t size);
size_t watchdog_options_words(char *text, size_t size);

/* What the environment asks of the strict guard: of enum watchdog_strict. */
unsigned watchdog_options_strict(void);

bool watchdog_under_valgrind(void);

#endif
