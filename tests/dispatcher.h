/* SPDX-License-Identifier: MIT */
/* dispatcher.h - a dispatcher with roomy limits, its jobs, and what it holds. */
#ifndef LOOPHOUND_TESTS_DISPATCHER_H
#define LOOPHOUND_TESTS_DISPATCHER_H

#include <stdlib.h>

#include "app/dispatch.h"
#include "tests/harness.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

static inline struct dispatch_limits limits(void)
{
	return (struct dispatch_limits){
		.concurrency = 50, .per_host = 8, .lookahead = 100000, .lookahead_bytes = 64 << 20
	};
}

static inline struct job *make(uint64_t line)
{
	struct job *job = calloc(1, sizeof *job + 1);

	job->line = line;
	job->size = sizeof *job + 1;
	return job;
}

static inline void add(struct dispatch *d, const char *origin, uint64_t line)
{
	CHECK_INT(dispatch_add(d, make(line), origin), 0);
}

static inline void finish(struct dispatch *d, struct job *job, int64_t now)
{
	dispatch_done(d, job, now);
	job_free(job);
}

static inline size_t count_held(struct dispatch *d)
{
	struct dispatch_counts counts;

	dispatch_count(d, &counts);
	return counts.held;
}

#endif
