/* SPDX-License-Identifier: MIT */
/*
 * async_watchdog.h - who holds the loop, and stack overflows. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_WATCHDOG_H
#define LOOPHOUND_RUNTIME_ASYNC_WATCHDOG_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The watchdog is on in every loop, at 100 ms. LOOPHOUND_WATCHDOG=off, or =limit=20ms, in the
 * environment overrides what the program asks for here; call it before async_run().
 */
struct async_stall {
	const char *task;     /* its name */
	const char *function; /* the innermost frame of the program's own code; NULL: unknown */
	const char *file;     /* as the compiler saw it; NULL without line information */
	int line;
	double seconds;	  /* how long the loop has been held: so far, or in all */
	bool ended;	  /* false: it still lasts */
	const char *text; /* the whole report, several lines */
};
struct async_watchdog_options {
	double limit; /* seconds; 0: 0.1; negative: off */
	/* Called on the watchdog's thread instead of writing text to stderr. */
	void (*report)(const struct async_stall *stall, void *arg);
	void *arg;
};
void async_watchdog_configure(const struct async_watchdog_options *options);
/* Stalls longer than the limit since the process started. */
unsigned async_watchdog_stalls(void);

/*
 * Opt in: a stack overflow says which task, how large its stack is, and where, then the previous
 * SIGSEGV handler (or the default) has its turn. Per thread that runs a loop; idempotent.
 * 0 or a negative errno.
 */
int async_install_overflow_handler(void);

#ifdef __cplusplus
}
#endif
#endif
