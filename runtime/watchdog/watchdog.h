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
#include "runtime/machine.h"

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

/* Prints the loop's accounts where the options ask for it. On every system. */
struct account;
void watchdog_say_accounts(const struct account *account, const struct heartbeat *hb);

/*
 * For a signal handler on the loop's thread: asks the monitor, which has all symbols at hand, which
 * functions of the program these registers are in, and waits at most a second for the answer.
 * [low, high) is the stack. Async-signal-safe. Returns the length of the text, lines as they
 * stand in a report; 0: no answer.
 */
size_t watchdog_locate(const struct machine_registers *registers, uintptr_t low, uintptr_t high,
		       char *text, size_t size);

#endif
