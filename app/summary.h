/* SPDX-License-Identifier: MIT */
/* summary.h - what a run came to: counts, bytes, percentiles, in memory that does not grow. Pure. */
#ifndef LOOPHOUND_APP_SUMMARY_H
#define LOOPHOUND_APP_SUMMARY_H

#include "app/codes.h"
#include "app/histogram.h"
#include "app/text.h"

struct summary {
	uint64_t items, ok, unchanged, failed, requests, retries;
	uint64_t wire_bytes, body_bytes;
	int64_t wall;		    /* nanoseconds */
	struct histogram latency;   /* of each complete response, from its dispatch */
	struct histogram rate_wait; /* of each request, for rates and pauses */
	uint64_t by_status[640];
	uint64_t by_code[64]; /* by their place in codes_table */
};

/* An item has ended: outcome 0, a status that counts as an error, or a negative code. */
void summary_item(struct summary *summary, int outcome, bool unchanged);
void summary_json(struct text *text, const struct summary *summary, const char *run);
/* A few lines for people; why (may be NULL) is the last one. */
void summary_text(struct text *text, const struct summary *summary, const char *why);

#endif
