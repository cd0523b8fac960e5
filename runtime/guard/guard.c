/* SPDX-License-Identifier: MIT */
/*
 * guard.c - which threads are guarded: those that run a loop, from its opening to its closing. By
 * system calls where the kernel hands them over, by libc's functions where it does not.
 */
#include "runtime/guard/internal.h"

#include "runtime/altstack.h"
#include "runtime/watchdog/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Thread_local struct guard *guard_mine;

static void say_once(const char *why)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;
	char text[128];

	snprintf(text, sizeof(text), "loophound: the strict guard is off: %s\n", why);
	if (!atomic_flag_test_and_set(&said))
		guard_say(text);
}

/* These run the program on a machine of their own. */
static const char *obstacle(void)
{
	if (watchdog_under_valgrind())
		return "Valgrind runs here";
	if (getenv("RUNNING_UNDER_RR") != NULL)
		return "rr runs here";
	return NULL;
}

struct guard *guard_start(struct heartbeat *hb)
{
	unsigned wanted = watchdog_options_strict();
	const char *why = wanted != WATCHDOG_LENIENT ? obstacle() : NULL;
	struct guard *guard;

	if (wanted == WATCHDOG_LENIENT)
		return NULL;
	if (why != NULL) {
		say_once(why);
		return NULL;
	}
	guard = calloc(1, sizeof(*guard));
	if (guard == NULL)
		return NULL;
	guard->hb = hb;
	guard->process = getpid();
	guard->by_symbols = wanted & WATCHDOG_STRICT_SYMBOLS;
	guard->quiet = wanted & WATCHDOG_STRICT_QUIET;
	guard_code_look(guard);
	guard_modules_stay();
	altstack_hold();
	guard_names_hold();
	guard_total_begin(guard->quiet);
	return guard;
}

void guard_enter(struct guard *guard)
{
	int rc;

	if (guard == NULL || guard->process != getpid())
		return;
	guard_mine = guard;
	rc = guard->by_symbols ? -ENOSYS : guard_dispatch_start(guard);
	if (rc < 0) {
		guard->by_symbols = true;
		rc = guard_symbols_start();
	}
	guard->hb->armed = rc == 0;
	if (rc == 0)
		return;
	guard_mine = NULL;
	say_once("libc's functions are in the program itself, where calls of them cannot be seen");
}

void guard_leave(struct guard *guard)
{
	if (guard == NULL || guard_mine != guard)
		return;
	guard->hb->armed = 0;
	guard_report(guard);
	if (!guard->by_symbols)
		guard_dispatch_stop();
	guard_mine = NULL;
}

void guard_stop(struct guard *guard)
{
	if (guard == NULL)
		return;
	altstack_drop();
	if (guard->process == getpid())
		guard_names_drop();
	free(guard);
}
