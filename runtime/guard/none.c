/* SPDX-License-Identifier: MIT */
/*
 * none.c - no guard: where neither the kernel nor the dynamic linker shows calls, or on request.
 */
#include "runtime/guard/guard.h"

#include "runtime/async.h"
#include "runtime/say.h"
#include "runtime/watchdog/options.h"

#include <string.h>
#include <unistd.h>

const char guard_backend[] = "none";

struct guard *guard_start(struct heartbeat *hb)
{
	static const char text[] = "loophound: the strict guard is off: this build has none\n";
	static atomic_flag said = ATOMIC_FLAG_INIT;

	(void)hb;
	if (watchdog_options_strict() != WATCHDOG_LENIENT && !atomic_flag_test_and_set(&said))
		say_all(text, strlen(text));
	return NULL;
}

void guard_enter(struct guard *guard)
{
	(void)guard;
}

void guard_leave(struct guard *guard)
{
	(void)guard;
}

void guard_report(struct guard *guard)
{
	(void)guard;
}

void guard_stop(struct guard *guard)
{
	(void)guard;
}

unsigned async_watchdog_violations(void)
{
	return 0;
}

struct async_blocking *async_blocking_begin_at(const char *here, struct async_blocking *section,
					       const char *reason, double budget)
{
	*section = (struct async_blocking){ .here = here, .reason = reason, .budget = budget };
	return section;
}

void async_blocking_end(struct async_blocking *section)
{
	(void)section;
}
