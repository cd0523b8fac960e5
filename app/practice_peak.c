/* SPDX-License-Identifier: MIT */
/*
 * practice_peak.c - how many connections clients hold at once, at most.
 *
 * A client that closes one connection and opens another is seen with both for a moment, when the
 * new one is accepted before the end of the old one is read. So a count above the peak is looked at
 * again, and what counts is the lowest of a few looks: the connections that were there on end.
 */
#include "app/practice_internal.h"

#define LOOKS 3
#define BETWEEN 0.002

static unsigned count_connections(const struct practice *practice)
{
	unsigned open = 0;

	for (int i = 0; i < practice->count; i++)
		open += http_server_connections(practice->origins[i].server);
	return open;
}

static void look_again(void *arg)
{
	struct practice *practice = arg;
	struct practice_peak *peak = &practice->peak;
	unsigned open = count_connections(practice);

	if (open < peak->lowest)
		peak->lowest = open;
	if (++peak->looks == LOOKS) {
		if (peak->lowest > practice->stats.peak_connections)
			practice->stats.peak_connections = peak->lowest;
		peak->looking = false;
		practice_look(practice);
		return;
	}
	async_call_later(&peak->timer, BETWEEN, look_again, practice);
}

void practice_look(struct practice *practice)
{
	struct practice_peak *peak = &practice->peak;

	if (peak->looking)
		return;
	unsigned open = count_connections(practice);
	if (open <= practice->stats.peak_connections)
		return;
	peak->looking = true;
	peak->looks = 0;
	peak->lowest = open;
	async_call_later(&peak->timer, BETWEEN, look_again, practice);
}

/* No look may follow, since the servers are about to go: as if one were under way for ever. */
void practice_peak_stop(struct practice *practice)
{
	async_timer_cancel(&practice->peak.timer);
	practice->peak.looking = true;
}
