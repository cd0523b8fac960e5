/* SPDX-License-Identifier: MIT */
/*
 * chrome.c - a record in the Chrome trace format, for Perfetto's UI, chrome://tracing and speedscope.
 * Pure: events in, characters out.
 *
 * A loop is a process: a track for the loop, one for the watchdog, one for each task. Spans are
 * complete events, written when they end, so that an end without a begin cannot be. What began
 * before the record begins with it; what has not ended ends with it. An arrow is written when its
 * end is known, both halves together.
 */
#include <string.h>

#include "runtime/poll.h"
#include "runtime/trace/chrome_json.h"
#include "runtime/trace/names.h"
#include "runtime/trace/recorder.h"

enum { LOOP_TRACK = 1, WATCHDOG_TRACK = 2, TASK_TRACKS = 10 };

struct span {
	int64_t since, value;
	bool open;
};

struct walk {
	struct chrome_json json;
	const struct trace_record *record;
	int64_t begin, now;
	struct span slice; /* value: the task */
	struct span turn, poll, callback;
	bool any_slice, any_turn, any_poll, any_callback;
};

static void begin_span(struct walk *w, const char *name, int64_t track, int64_t since)
{
	chrome_begin(&w->json, "X", name, track, since);
	chrome_time(&w->json, "dur", w->now - since);
	chrome_begin_args(&w->json);
}

static int64_t track_of(uint32_t task)
{
	return (int64_t)task + TASK_TRACKS;
}

/* ---- Names of tracks ------------------------------------------------------------------------- */

static void name_loop(struct walk *w)
{
	char name[32] = "loop ";
	struct trace_out text = { .buffer = name, .size = sizeof name - 1, .used = strlen(name) };

	out_int(&text, w->record->loop);
	chrome_begin(&w->json, "M", "process_name", LOOP_TRACK, 0);
	chrome_begin_args(&w->json);
	chrome_text(&w->json, "name", name);
	chrome_end_args(&w->json);
	chrome_name_track(&w->json, LOOP_TRACK, "the loop");
}

static void name_task(struct walk *w, uint32_t id)
{
	const char *label = trace_replay_label(w->record, id);
	char name[TRACE_NAME_SIZE], text[TRACE_NAME_SIZE + 64] = "";
	struct trace_out title = { .buffer = text, .size = sizeof text - 1 };

	trace_replay_name(w->record, id, name);
	out_text(&title, name);
	if (label && strcmp(label, name) != 0) {
		out_text(&title, " ");
		out_text(&title, label);
	}
	chrome_name_track(&w->json, track_of(id), text);
}

/* ---- Arrows ---------------------------------------------------------------------------------- */

static void half_arrow(struct walk *w, const char *phase, int64_t track, int64_t when,
		       size_t number)
{
	chrome_begin(&w->json, phase, "wakes", track, when);
	chrome_text(&w->json, "cat", "wake");
	/* Unique in the file: 40 bits of events for each loop are more than any run has. */
	chrome_hex(&w->json, "id", (uint64_t)w->record->loop << 40 | (w->record->first + number));
	if (*phase == 'f')
		chrome_text(&w->json, "bp", "e");
	chrome_end(&w->json);
}

static void arrow(struct walk *w, size_t woken, uint32_t to)
{
	const struct trace_event *wake = &w->record->events[woken];
	bool task = (wake->why & (TRACE_BY_MASK | TRACE_BY_END)) == TRACE_BY_TASK;

	half_arrow(w, "s", task ? track_of((uint32_t)wake->value) : LOOP_TRACK, wake->when, woken);
	half_arrow(w, "f", track_of(to), w->now, woken);
}

/* ---- Spans ----------------------------------------------------------------------------------- */

/*
 * Ends a span. One whose begin was lost has lasted since before the record begins, which can happen
 * once, and only where something was lost. False: there is nothing to end.
 */
static bool close_span(struct walk *w, struct span *span, bool *any, int64_t *since)
{
	bool lost = w->record->first && !*any;

	*since = span->open ? span->since : w->begin;
	if (!span->open && !lost)
		return false;
	span->open = false;
	*any = true;
	return true;
}

static void open_span(struct walk *w, struct span *span, bool *any, int64_t value)
{
	*any = true;
	*span = (struct span){ .since = w->now, .value = value, .open = true };
}

static void wait_name(const struct trace_event *yield, char *text, size_t size)
{
	struct trace_out out = { .buffer = text, .size = size - 1 };

	memset(text, 0, size);
	out_text(&out, yield->why == TRACE_WAIT_YIELD ? "ready: " : "waits: ");
	out_text(&out, trace_wait_word(yield));
	if (trace_wait_has_detail(yield->why))
		out_int(&out, yield->value);
}

static void wait_span(struct walk *w, uint32_t id, size_t yield, bool still)
{
	char name[64];

	wait_name(&w->record->events[yield], name, sizeof name);
	begin_span(w, name, track_of(id), w->record->events[yield].when);
	if (still)
		chrome_text(&w->json, "to", "after this record");
	chrome_end_args(&w->json);
}

/* The task's slice ends with this event; NULL: with the record. */
static void end_slice(struct walk *w, uint32_t id, const struct trace_event *event)
{
	int64_t since;
	char name[64];

	if (!close_span(w, &w->slice, &w->any_slice, &since))
		return;
	begin_span(w, "runs", track_of(id), since);
	if (!event) {
		chrome_text(&w->json, "then", "still runs");
	} else if (event->kind == TRACE_END) {
		chrome_text(&w->json, "then", "ends");
		chrome_int(&w->json, "result", event->value);
	} else {
		wait_name(event, name, sizeof name);
		chrome_text(&w->json, "then", name);
	}
	chrome_end_args(&w->json);
}

static void end_turn(struct walk *w)
{
	char name[32] = "turn ";
	struct trace_out out = { .buffer = name, .size = sizeof name - 1, .used = strlen(name) };
	bool known = w->turn.open;
	int64_t since;

	if (!close_span(w, &w->turn, &w->any_turn, &since))
		return;
	if (known)
		out_int(&out, w->turn.value);
	begin_span(w, known ? name : "a turn", LOOP_TRACK, since);
	chrome_end_args(&w->json);
}

static void end_poll(struct walk *w, int64_t ready)
{
	bool known = w->poll.open;
	int64_t since;

	if (!close_span(w, &w->poll, &w->any_poll, &since))
		return;
	begin_span(w, "polls", LOOP_TRACK, since);
	if (known && w->poll.value < 0)
		chrome_text(&w->json, "at most", "for ever");
	else if (known)
		chrome_time(&w->json, "at most us", w->poll.value);
	if (ready >= 0)
		chrome_int(&w->json, "ready", ready);
	chrome_end_args(&w->json);
}

static void end_callback(struct walk *w)
{
	bool known = w->callback.open;
	int64_t since;

	if (!close_span(w, &w->callback, &w->any_callback, &since))
		return;
	begin_span(w, "callback", LOOP_TRACK, since);
	if (known) {
		chrome_hex(&w->json, "function", (uint64_t)w->callback.value);
	}
	chrome_end_args(&w->json);
}

/* A job on a thread, beside the tracks: at first it waits for one. */
static void job_span(struct walk *w, uint32_t id, int64_t since, int64_t value)
{
	char name[TRACE_NAME_SIZE], text[TRACE_NAME_SIZE + 16] = "job of ";
	struct trace_out out = { .buffer = text, .size = sizeof text - 1, .used = strlen(text) };
	uint64_t span = (uint64_t)w->record->loop << 40 | (uint64_t)TRACE_JOB_NUMBER(value) << 1;
	int64_t begun = since + TRACE_JOB_QUEUED(value);

	begun = begun < since ? since : begun > w->now ? w->now : begun;
	trace_replay_name(w->record, id, name);
	out_text(&out, name);
	if (begun > since)
		chrome_async(&w->json, "queued", LOOP_TRACK, span | 1, since, begun);
	chrome_async(&w->json, text, LOOP_TRACK, span, begun, w->now);
}

/* ---- Points in time -------------------------------------------------------------------------- */

static void point(struct walk *w, const char *name, int64_t track)
{
	chrome_begin(&w->json, "i", name, track, w->now);
	chrome_text(&w->json, "s", "t");
	chrome_begin_args(&w->json);
}

static void fd_point(struct walk *w, const struct trace_event *event)
{
	point(w, "fd ready", LOOP_TRACK);
	chrome_int(&w->json, "fd", event->value);
	if (event->why & POLLER_READ)
		chrome_int(&w->json, "readable", 1);
	if (event->why & POLLER_WRITE)
		chrome_int(&w->json, "writable", 1);
	if (event->why & POLLER_HANGUP)
		chrome_int(&w->json, "hang-up", 1);
	chrome_end_args(&w->json);
}

static void create_point(struct walk *w, const struct trace_event *event, uint32_t id)
{
	bool task = event->why == TRACE_BY_TASK; /* else a callback */
	char name[TRACE_NAME_SIZE];

	trace_replay_name(w->record, id, name);
	point(w, "creates a task", task ? track_of((uint32_t)event->value) : LOOP_TRACK);
	chrome_text(&w->json, "task", name);
	chrome_int(&w->json, "id", id);
	if (trace_replay_place(w->record, id))
		chrome_text(&w->json, "at", trace_replay_place(w->record, id));
	chrome_end_args(&w->json);
}

/* ---- The walk -------------------------------------------------------------------------------- */

static void task_event(struct walk *w, size_t index)
{
	const struct trace_event *event = &w->record->events[index];
	const struct trace_task *task = trace_replay_task(w->record, event->id);

	switch (event->kind) {
	case TRACE_PLACE:
		if (task && task->described)
			break;
		trace_replay_note(w->record, index);
		name_task(w, event->id);
		if (index && w->record->events[index - 1].kind == TRACE_CREATE)
			create_point(w, &w->record->events[index - 1], event->id);
		break;
	case TRACE_RESUME:
		if (task && task->waits)
			wait_span(w, event->id, task->waits - 1, false);
		open_span(w, &w->slice, &w->any_slice, event->id);
		if (task && task->woken)
			arrow(w, task->woken - 1, event->id);
		break;
	case TRACE_YIELD:
	case TRACE_END:
		/* Destroyed where it stood, it does not run any more. */
		if (task && task->waits)
			wait_span(w, event->id, task->waits - 1, false);
		else
			end_slice(w, event->id, event);
		break;
	case TRACE_OFFLOADED:
		if (task && task->job)
			job_span(w, event->id, w->record->events[task->job - 1].when, event->value);
		else
			job_span(w, event->id, w->begin, TRACE_JOB_NUMBER(event->value));
		break;
	default:
		break;
	}
}

static void loop_event(struct walk *w, const struct trace_event *event)
{
	switch (event->kind) {
	case TRACE_TURN:
		end_turn(w);
		open_span(w, &w->turn, &w->any_turn, event->value);
		break;
	case TRACE_POLL:
		open_span(w, &w->poll, &w->any_poll, event->value);
		break;
	case TRACE_POLLED:
		end_poll(w, event->value);
		break;
	case TRACE_CALLBACK:
		open_span(w, &w->callback, &w->any_callback, event->value);
		break;
	case TRACE_CALLED:
		end_callback(w);
		break;
	case TRACE_FD:
		fd_point(w, event);
		break;
	case TRACE_TIMER:
		point(w, "timer due", LOOP_TRACK);
		chrome_time(&w->json, "late us", event->value);
		chrome_end_args(&w->json);
		break;
	default:
		break;
	}
}

/* What lasts longer than the record. */
static void end_all(struct walk *w)
{
	w->now = w->record->until;
	if (w->slice.open)
		end_slice(w, (uint32_t)w->slice.value, NULL);
	if (w->callback.open)
		end_callback(w);
	if (w->poll.open)
		end_poll(w, -1);
	/* A record may also lie within one turn, without its begin. */
	if (w->record->count)
		end_turn(w);
	for (size_t i = 0; i < w->record->slots; i++) {
		const struct trace_task *task = &w->record->tasks[i];

		if (task->waits)
			wait_span(w, task->id, task->waits - 1, true);
		if (task->job)
			job_span(w, task->id, w->record->events[task->job - 1].when,
				 w->record->events[task->job - 1].value);
	}
}

static void stalls(struct walk *w)
{
	if (w->record->stall_count)
		chrome_name_track(&w->json, WATCHDOG_TRACK, "the watchdog");
	for (size_t i = 0; i < w->record->stall_count; i++) {
		const struct trace_stall *stall = &w->record->stalls[i];

		w->now = stall->end ? stall->end : w->record->until;
		begin_span(w, stall->end ? "stall" : "stall, still lasting", WATCHDOG_TRACK,
			   stall->begin);
		chrome_int(&w->json, "task", stall->task);
		chrome_text(&w->json, "report", stall->text);
		chrome_end_args(&w->json);
	}
}

void trace_chrome(struct trace_out *out, const struct trace_record *record, bool first)
{
	struct walk w = { .json = { .out = out, .record = record, .first = first },
			  .record = record };

	trace_replay_begin(record);
	w.begin = w.now = record->count ? record->events[0].when : record->until;
	name_loop(&w);
	for (size_t i = 0; i < record->count; i++) {
		w.now = record->events[i].when;
		if (record->events[i].id)
			task_event(&w, i);
		else
			loop_event(&w, &record->events[i]);
		trace_replay_note(record, i);
	}
	end_all(&w);
	stalls(&w);
}
