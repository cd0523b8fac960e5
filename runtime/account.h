/* SPDX-License-Identifier: MIT */
/*
 * account.h - what a loop's time went to: how long slices were, and how late timers fired.
 *
 * Exact are the number of slices, which is half the heartbeat's generation, and the length of each
 * that was not short (TICKS_SHORT): only for those is anything done, so that a yield costs one look
 * at the ticks. A slice is reckoned from the end of the slice before it, or from the poll.
 *
 * A timer that fires late counts for each beat that a metronome would have missed meanwhile: one
 * sample for its own lag, and one for every ACCOUNT_BEAT less of it. Without that a stall of a
 * second would be one sample among thousands, though nobody was served for a second.
 */
#ifndef LOOPHOUND_RUNTIME_ACCOUNT_H
#define LOOPHOUND_RUNTIME_ACCOUNT_H

#include "runtime/async.h"
#include "runtime/heartbeat.h"

#define ACCOUNT_BEAT (10 * 1000 * 1000)
#define ACCOUNT_SHORT (64 * 1000) /* ns: slices below that are counted, not measured */

/* What the slices of this turn that were not short took, by where their tasks were created. */
enum { ACCOUNT_SHARES = 8 };
struct account_share {
	const char *created_at, *label; /* literals; NULL: callbacks */
	unsigned slices;
	int64_t ns;
};
struct account_turn {
	uint64_t turn;
	uint32_t first;	     /* the generation at the end of the first of them */
	unsigned count;	     /* of all slices: whoever copies this may know */
	int64_t ns, longest; /* of those that were not short, ns */
	struct account_share shares[ACCOUNT_SHARES]; /* the largest first */
};

struct account {
	int64_t opened_ns;
	uint64_t opened_ticks;
	struct async_histogram slices, lag; /* slices.total is not kept: see account_read() */
	char longest_task[32];		    /* whose slices.longest is; "": a callback's */
	struct account_turn turn;
};

void account_open(struct account *account);
/* A timer has fired so many ns after it was due. */
void account_lag(struct account *account, int64_t ns);
void account_read(const struct account *account, const struct heartbeat *hb,
		  struct async_accounts *out);
/* Pure: the accounts as a table. Cut off at size; returns the length. */
size_t account_text(const struct async_accounts *accounts, char *text, size_t size);

#endif
