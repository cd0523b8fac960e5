/* SPDX-License-Identifier: MIT */
/*
 * ring.c - a recorder's memory, and copies of what is in its ring.
 *
 * All of it is mapped and untouched at first, so that a large ring costs only what is used. A copy
 * may be made on any thread and in a signal handler, while the loop goes on recording.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/trace/clock.h"

/* For tasks in a copy: one event in four begins something of a task, in the worst case. */
enum { EVENTS_PER_SLOT = 4 };

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static size_t events_in(size_t bytes)
{
	size_t events = 64;

	while (2 * events * sizeof(struct trace_event) <= bytes)
		events *= 2;
	return events;
}

struct trace *trace_new(const struct async_loop *loop, size_t bytes)
{
	size_t events = events_in(bytes), slots = events / EVENTS_PER_SLOT;
	size_t ring = events * sizeof(struct trace_event),
	       tasks = slots * sizeof(struct trace_task);
	struct trace *trace = map(sizeof *trace);
	char *memory = trace ? map(2 * ring + tasks) : NULL;

	if (!memory) {
		if (trace)
			munmap(trace, sizeof *trace);
		return NULL;
	}
	trace->words = (void *)memory;
	trace->copy = (void *)(memory + ring);
	trace->tasks = (void *)(memory + 2 * ring);
	trace->mask = events - 1;
	trace->slots = slots;
	trace->loop = loop;
	trace->clock = loop->virtual_clock ? CLOCK_OF_LOOP : CLOCK_OF_MACHINE;
	trace->opened_ticks = clock_ticks(trace);
	trace->opened = loop_now(loop);
	return trace;
}

void trace_free(struct trace *trace)
{
	size_t events = trace->mask + 1;

	munmap((void *)trace->words,
	       2 * events * sizeof(struct trace_event) + trace->slots * sizeof(struct trace_task));
	munmap(trace, sizeof *trace);
}

/* Ticks since the opening become ns in the proportion that both have come to since. */
struct scale {
	int64_t ticks, ns;
	double ratio;
};

static struct scale scale_of(const struct trace *trace, int64_t ticks, int64_t ns)
{
	double passed = (double)(ticks - trace->opened_ticks);
	bool known = trace->clock == CLOCK_OF_MACHINE && passed > 0;

	return (struct scale){ trace->opened_ticks, trace->opened,
			       known ? (double)(ns - trace->opened) / passed : 1 };
}

static int64_t to_ns(const struct scale *scale, int64_t ticks)
{
	return scale->ns + (int64_t)((double)(ticks - scale->ticks) * scale->ratio);
}

static void load(struct trace *trace, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		_Atomic(uint64_t) *words = trace->words + 3 * (i & trace->mask);
		uint64_t rest = atomic_load_explicit(&words[2], memory_order_acquire);

		trace->copy[i - from] = (struct trace_event){
			.when = (int64_t)atomic_load_explicit(&words[0], memory_order_acquire),
			.value = (int64_t)atomic_load_explicit(&words[1], memory_order_acquire),
			.id = (uint32_t)rest,
			.kind = (uint8_t)(rest >> 32),
			.why = (uint8_t)(rest >> 40),
		};
	}
}

/* A thread that moves to another processor may see its counter a little behind. */
static void make_ns(struct trace_event *events, size_t count, const struct scale *scale,
		    int64_t until)
{
	int64_t before = INT64_MIN;

	for (size_t i = 0; i < count; i++) {
		int64_t when = to_ns(scale, events[i].when);

		when = when > until ? until : when;
		events[i].when = before = when < before ? before : when;
	}
}

void trace_copy(struct trace *trace, struct trace_record *record)
{
	uint64_t size = trace->mask + 1,
		 head = atomic_load_explicit(&trace->head, memory_order_acquire);
	uint64_t first = head > size && head - size > trace->written ? head - size : trace->written;
	uint64_t start = first, now;
	int64_t ticks = clock_ticks(trace), ns = loop_now(trace->loop);
	struct scale scale = scale_of(trace, ticks, ns);

	load(trace, first, head);
	/* What the loop wrote over meanwhile, and what it may be writing over, does not count. */
	now = atomic_load_explicit(&trace->head, memory_order_relaxed);
	if (now + 1 > size && now + 1 - size > first)
		first = now + 1 - size < head ? now + 1 - size : head;
	*record = (struct trace_record){
		.events = trace->copy + (first - start),
		.count = head - first,
		.first = first,
		.stalls = trace->stall_copy,
		.stall_count = trace_copy_stalls(trace),
		.loop = trace->number,
		.opened = trace->opened,
		.until = ns,
		.ended = trace->ended,
		.tasks = trace->tasks,
		.slots = trace->slots,
	};
	make_ns(trace->copy + (first - start), record->count, &scale, ns);
}
