/* SPDX-License-Identifier: MIT */
/*
 * clock.h - the time of an event: ticks, the cheapest clock there is, which become ns only when the
 * ring is copied. A virtual loop has its own.
 */
#ifndef LOOPHOUND_RUNTIME_TRACE_CLOCK_H
#define LOOPHOUND_RUNTIME_TRACE_CLOCK_H

#include "runtime/loop.h"
#include "runtime/ticks.h"
#include "runtime/trace/recorder.h"

enum trace_clock { CLOCK_OF_MACHINE, CLOCK_OF_LOOP };

static inline int64_t clock_ticks(const struct trace *trace)
{
	return trace->clock == CLOCK_OF_MACHINE ? (int64_t)ticks_now() : loop_now(trace->loop);
}

#endif
