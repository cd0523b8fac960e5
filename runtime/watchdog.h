/* SPDX-License-Identifier: MIT */
/*
 * watchdog.h - starts and stops the thread that watches one loop. The options, the environment
 * variable and what a report holds are in async.h, "Watchdog and crashes".
 *
 * Rules for the loop:
 *  - watchdog_start() and watchdog_stop() run on the loop's own thread. The heartbeat outlives both.
 *  - Loops on a virtual clock start none.
 *  - The loop is never held up: the monitor takes no lock that the loop could hold, and the loop
 *    takes none at all.
 */
#ifndef LOOPHOUND_RUNTIME_WATCHDOG_H
#define LOOPHOUND_RUNTIME_WATCHDOG_H

#include "runtime/heartbeat.h"

#include <stdbool.h>
#include <stddef.h>

struct watchdog;

/*
 * Starts the monitor of the calling thread's loop. 0 and *out; 0 and *out NULL when the watchdog
 * is off or this system has none; ASYNC_ENOMEM or a negative errno when no thread could be made: the
 * loop may go on without.
 */
int watchdog_start(struct watchdog **out, struct heartbeat *hb);

/* Ends and joins the monitor; a stall still on its way is reported first. NULL does nothing. */
void watchdog_stop(struct watchdog *watchdog);

#endif
