/* SPDX-License-Identifier: MIT */
/* pace.c - see pace.h. */
#include "http/pace.h"

#include "http/deadline.h"

int64_t pace_due(struct pace *pace, int64_t now, uint64_t bytes)
{
	if (pace->limit == 0)
		return DEADLINE_NEVER;
	if (pace->since == 0 || bytes < pace->bytes || bytes - pace->bytes >= pace->limit) {
		pace->since = now;
		pace->bytes = bytes;
	}
	return deadline_after(pace->since, pace->seconds);
}

void pace_excuse(struct pace *pace, int64_t then, int64_t now)
{
	if (pace->since != 0)
		pace->since += now - then;
}
