/* SPDX-License-Identifier: MIT */
/*
 * stall.c - the watchdog's side: its last reports, kept beside the ring, which has one writer
 * already. A slot's version is odd while it is written; a copy that met that is thrown away.
 */
#include <string.h>

#include "runtime/base.h"
#include "runtime/trace/recorder.h"
#include "runtime/trace/trace.h"

static struct trace *trace_of(const struct heartbeat *hb)
{
	return container_of(hb, struct async_loop, heartbeat)->trace;
}

uint32_t trace_stall_begin(const struct heartbeat *hb, int64_t begin, uint32_t task,
			   const char *text)
{
	struct trace *trace = trace_of(hb);
	uint32_t count;

	if (!trace)
		return 0;
	count = atomic_load_explicit(&trace->stalls.count, memory_order_relaxed);
	struct trace_stall *stall = &trace->stalls.slots[count % TRACE_STALLS].stall;
	_Atomic(uint32_t) *version = &trace->stalls.slots[count % TRACE_STALLS].version;

	atomic_fetch_add(version, 1);
	stall->begin = begin;
	stall->task = task;
	strncpy(stall->text, text, sizeof stall->text - 1);
	atomic_store(&trace->stalls.slots[count % TRACE_STALLS].end, 0);
	atomic_fetch_add(version, 1);
	atomic_store(&trace->stalls.count, count + 1);
	return count;
}

void trace_stall_end(const struct heartbeat *hb, uint32_t number, int64_t end)
{
	struct trace *trace = trace_of(hb);
	uint32_t count = trace ? atomic_load(&trace->stalls.count) : 0;

	if (!count)
		return;
	if (count - number <= TRACE_STALLS)
		atomic_store(&trace->stalls.slots[number % TRACE_STALLS].end, end);
	trace_file_stalled(trace);
}

/* The writer may be at work: what is read then is not used. */
__attribute__((no_sanitize("thread"))) static bool copy_stall(struct trace *trace, uint32_t number,
							      struct trace_stall *to)
{
	size_t slot = number % TRACE_STALLS;
	uint32_t version = atomic_load(&trace->stalls.slots[slot].version);
	const volatile char *from = (const volatile char *)&trace->stalls.slots[slot].stall;

	for (size_t i = 0; i < sizeof *to; i++)
		((char *)to)[i] = from[i];
	to->end = atomic_load(&trace->stalls.slots[slot].end);
	return !(version & 1) && atomic_load(&trace->stalls.slots[slot].version) == version;
}

size_t trace_copy_stalls(struct trace *trace)
{
	uint32_t count = atomic_load(&trace->stalls.count);
	size_t copied = 0;

	for (uint32_t i = count > TRACE_STALLS ? count - TRACE_STALLS : 0; i < count; i++)
		if (copy_stall(trace, i, &trace->stall_copy[copied]) &&
		    trace->stall_copy[copied].begin > trace->stalls_written)
			copied++;
	return copied;
}
