/* SPDX-License-Identifier: MIT */
/*
 * replay.c - what is known of a task at a point of a record: a hash table in the record's own room, since
 * a signal handler has no other. Where it is full, tasks stay without names and waits.
 */
#include <string.h>

#include "runtime/trace/recorder.h"

void trace_replay_begin(const struct trace_record *record)
{
	if (record->slots)
		memset(record->tasks, 0, record->slots * sizeof *record->tasks);
}

struct trace_task *trace_replay_task(const struct trace_record *record, uint32_t id)
{
	size_t mask = record->slots - 1, at = id * UINT32_C(2654435769) & mask;

	if (!record->slots || !id)
		return NULL;
	for (size_t i = 0; i <= mask && i < 64; i++, at = (at + 1) & mask) {
		struct trace_task *task = &record->tasks[at];

		if (!task->id)
			*task = (struct trace_task){ .id = id };
		if (task->id == id)
			return task;
	}
	return NULL;
}

void trace_replay_note(const struct trace_record *record, size_t index)
{
	const struct trace_event *event = &record->events[index];
	struct trace_task *task = trace_replay_task(record, event->id);
	uint32_t here = (uint32_t)index + 1;

	if (!task)
		return;
	switch (event->kind) {
	case TRACE_PLACE:
		task->described = here;
		break;
	case TRACE_WAKE:
		task->woken = here;
		break;
	case TRACE_RESUME:
	case TRACE_END:
		task->woken = task->waits = 0;
		break;
	case TRACE_YIELD:
		task->waits = here;
		break;
	case TRACE_OFFLOAD:
		task->job = here;
		break;
	case TRACE_OFFLOADED:
		task->job = 0;
		break;
	default:
		break;
	}
}

/* The event of this kind in the task's description; NULL: there is none. */
static const struct trace_event *find(const struct trace_record *record, uint32_t id,
				      enum trace_kind kind, unsigned part)
{
	const struct trace_task *task = trace_replay_task(record, id);

	for (size_t i = task && task->described ? task->described - 1 : record->count;
	     i < record->count; i++) {
		const struct trace_event *event = &record->events[i];

		if (event->id != id || event->kind < TRACE_PLACE || event->kind > TRACE_NAME)
			return NULL;
		if (event->kind == kind && event->why == part)
			return event;
	}
	return NULL;
}

void trace_replay_name(const struct trace_record *record, uint32_t id, char name[TRACE_NAME_SIZE])
{
	struct trace_out out = { .buffer = name, .size = TRACE_NAME_SIZE - 1 };
	const struct trace_event *part = find(record, id, TRACE_NAME, 0);

	memset(name, 0, TRACE_NAME_SIZE);
	if (!part) {
		out_text(&out, "Task-");
		out_int(&out, id);
	}
	for (unsigned i = 0; part; part = find(record, id, TRACE_NAME, ++i))
		out_bytes(&out, (const char *)&part->value, sizeof part->value);
}

const char *trace_replay_label(const struct trace_record *record, uint32_t id)
{
	const struct trace_event *event = find(record, id, TRACE_LABEL, 0);

	return event ? (const char *)(intptr_t)event->value : NULL;
}

const char *trace_replay_place(const struct trace_record *record, uint32_t id)
{
	const struct trace_event *event = find(record, id, TRACE_PLACE, 0);

	return event ? (const char *)(intptr_t)event->value : NULL;
}
