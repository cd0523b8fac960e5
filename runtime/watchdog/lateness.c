/* SPDX-License-Identifier: MIT */
/*
 * lateness.c - how much of the monitor's own time tells nothing about the loop. Pure.
 *
 * While a process is stopped, all of its threads are: what the monitor missed, the loop missed, too.
 * But a stop that begins and ends within one rest makes nobody late. It shows in the number of
 * times that the thread gave its CPU away: once to rest, and once more for each stop, since every
 * signal that could disturb it is blocked. When in the rest that was, nobody knows, so none of the
 * rest counts.
 *
 * Time for which the monitor had no CPU is another matter: the loop may have been blocked meanwhile.
 */
#include "runtime/watchdog/internal.h"

int64_t watchdog_doubt(const struct watchdog_rest *rest)
{
	int64_t slept = rest->slept - rest->waited, late = slept - rest->planned;

	if (slept <= 0)
		return 0;
	if (rest->switches > 1)
		return slept;
	if (late <= WATCHDOG_SLACK_NS)
		return 0;
	/* Later than all of the rest: whatever it was may have begun before the thread slept. */
	return late > rest->planned ? slept : late;
}
