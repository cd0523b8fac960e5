/* SPDX-License-Identifier: MIT */
/*
 * none.c - where nothing like /proc shows one thread to another: no monitor.
 */
#include "runtime/async.h"
#include "runtime/watchdog/watchdog.h"

void heartbeat_ring(struct heartbeat *hb)
{
	(void)hb;
}

int watchdog_start(struct watchdog **out, struct heartbeat *hb)
{
	(void)hb;
	*out = NULL;
	return 0;
}

void watchdog_stop(struct watchdog *watchdog)
{
	(void)watchdog;
}

unsigned async_watchdog_stalls(void)
{
	return 0;
}

unsigned async_watchdog_starved(void)
{
	return 0;
}

unsigned async_watchdog_stopped(void)
{
	return 0;
}

size_t watchdog_locate(const struct machine_registers *registers, uintptr_t low, uintptr_t high,
		       char *text, size_t size)
{
	(void)registers, (void)low, (void)high, (void)text, (void)size;
	return 0;
}
