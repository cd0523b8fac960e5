/* SPDX-License-Identifier: MIT */
/*
 * prose.c - a record told to a reader: a paragraph for each turn of the loop. Pure: events in,
 * characters out.
 *
 * In the order in which a turn goes: how long it polled and what came of it, which timers were due,
 * who ran, why, for how long and what it waits for now, and when the next deadline is. What belongs
 * into one sentence is one run of events, so each sentence looks ahead to where its run ends.
 */
#include <string.h>

#include "runtime/poll.h"
#include "runtime/trace/names.h"
#include "runtime/trace/recorder.h"
#include "runtime/trace/wrap.h"

struct walk {
	struct wrap text;
	const struct trace_record *record;
	size_t at;
	size_t stalls; /* that have been told */
};

static const struct trace_event *event_at(const struct walk *w, size_t index)
{
	return index < w->record->count ? &w->record->events[index] : NULL;
}

/* ---- Words ----------------------------------------------------------------------------------- */

static void say(struct walk *w, const char *text)
{
	wrap_text(&w->text, text);
}

static void say_int(struct walk *w, int64_t value)
{
	wrap_int(&w->text, value);
}

static void say_duration(struct walk *w, int64_t ns)
{
	wrap_duration(&w->text, ns);
}

/* task 3 "fetch-1" */
static void say_task(struct walk *w, uint32_t id)
{
	char name[TRACE_NAME_SIZE];

	trace_replay_name(w->record, id, name);
	wrap_unbroken(&w->text, "task ");
	say_int(w, id);
	if (strncmp(name, "Task-", 5) != 0) {
		say(w, " \"");
		say(w, name);
		say(w, "\"");
	} else if (trace_replay_label(w->record, id)) {
		say(w, " ");
		say(w, trace_replay_label(w->record, id));
	}
}

static void say_waker(struct walk *w, const struct trace_event *wake)
{
	unsigned by = wake->why & TRACE_BY_MASK;

	if (by == TRACE_BY_TASK) {
		say_task(w, (uint32_t)wake->value);
	} else {
		wrap_unbroken(&w->text, trace_by_word(by));
		if (trace_by_has_detail(by))
			say_int(w, wake->value);
	}
}

static void say_count(struct walk *w, int64_t count, const char *one, const char *many)
{
	say_int(w, count);
	say(w, count == 1 ? one : many);
}

/* ---- The poll -------------------------------------------------------------------------------- */

static void say_fds(struct walk *w)
{
	const struct trace_event *event;
	bool any = false;

	for (;
	     (event = event_at(w, w->at)) && (event->kind == TRACE_FD || event->kind == TRACE_WAKE);
	     w->at++) {
		trace_replay_note(w->record, w->at);
		if (event->kind != TRACE_FD)
			continue;
		say(w, any ? ", " : " (");
		any = true;
		say_int(w, event->value);
		if (event->why & POLLER_HANGUP)
			say(w, " hung up");
		else
			say(w, event->why == POLLER_READ    ? " readable"
			       : event->why == POLLER_WRITE ? " writable"
							    : " readable and writable");
	}
	if (any)
		say(w, ")");
}

static void say_poll(struct walk *w, const struct trace_event *poll)
{
	const struct trace_event *polled = event_at(w, w->at + 1);
	int64_t passed;

	w->at++;
	if (poll->value == 0)
		say(w, " looked for ready fds");
	else if (poll->value < 0)
		say(w, " polled with no limit");
	else
		say(w, " polled for at most "), say_duration(w, poll->value);
	if (!polled || polled->kind != TRACE_POLLED) {
		say(w, ", and still does.");
		return;
	}
	w->at++;
	passed = polled->when - poll->when;
	if (poll->value == 0) {
		say(w, polled->value ? " and found " : " and found none");
	} else {
		say(w, polled->value ? ", woke after "
		       : poll->value > 0 && passed >= poll->value
			       ? ", but no fd became ready in "
			       : ", was woken from outside after ");
		say_duration(w, passed);
		say(w, polled->value ? " with " : "");
	}
	if (polled->value)
		say_count(w, polled->value, poll->value ? " ready fd" : "",
			  poll->value ? " ready fds" : "");
	say_fds(w);
	say(w, ".");
}

/* ---- Timers and callbacks -------------------------------------------------------------------- */

static void say_timers(struct walk *w)
{
	const struct trace_event *event;
	int64_t latest = 0, count = 0;

	for (; (event = event_at(w, w->at)) && event->kind == TRACE_TIMER; w->at++, count++)
		latest = event->value > latest ? event->value : latest;
	say(w, " Timers due: ");
	say_int(w, count);
	say(w, count == 1 ? " (" : " (up to ");
	say_duration(w, latest);
	say(w, " late).");
}

/* What a slice did to others, up to the event that ends it: ", created task 4, woke task 2". */
static size_t say_deeds(struct walk *w, size_t from, const char *before)
{
	const struct trace_event *event;
	size_t said = 0;

	for (; from < w->at && (event = event_at(w, from)); from++) {
		if (event->kind != TRACE_CREATE && event->kind != TRACE_WAKE)
			continue;
		say(w, said++ ? ", " : before);
		say(w, event->kind == TRACE_CREATE    ? "created "
		       : event->why & TRACE_CANCELLED ? "cancelled "
						      : "woke ");
		say_task(w, event->id);
	}
	return said;
}

/* Callbacks may start tasks at once: those have sentences of their own. */
static void say_callback(struct walk *w, const struct trace_event *callback)
{
	size_t from = ++w->at;
	const struct trace_event *event;
	bool timer = false;

	for (; (event = event_at(w, w->at)) && event->kind != TRACE_CALLED &&
	       event->kind != TRACE_RESUME && event->kind != TRACE_TURN;
	     w->at++) {
		timer |=
			event->kind == TRACE_WAKE && (event->why & TRACE_BY_MASK) == TRACE_BY_TIMER;
		trace_replay_note(w->record, w->at);
	}
	say(w, timer ? " A timer" : " A callback");
	if (!say_deeds(w, from, " "))
		say(w, " ran");
	if (event && event->when - callback->when >= 100000) {
		say(w, " in ");
		say_duration(w, event->when - callback->when);
	}
	say(w, ".");
	if (event && event->kind == TRACE_CALLED)
		w->at++;
}

/* ---- Slices ---------------------------------------------------------------------------------- */

static void say_wait(struct walk *w, const struct trace_event *yield)
{
	if (yield->why == TRACE_WAIT_YIELD) {
		say(w, "; it stepped aside for a turn");
		return;
	}
	say(w, "; it now waits for ");
	if (yield->why == TRACE_WAIT_SLEEP) {
		say_duration(w, yield->value - yield->when);
		say(w, " to pass");
		return;
	}
	if (yield->why == TRACE_WAIT_TASK) {
		say_task(w, (uint32_t)yield->value);
		say(w, " to end");
		return;
	}
	if (trace_wait_has_detail(yield->why)) {
		wrap_unbroken(&w->text, "fd ");
		say_int(w, yield->value);
		say(w, yield->why == TRACE_WAIT_READABLE ? " to become readable"
							 : " to become writable");
		return;
	}
	say(w, trace_wait_word(yield));
}

static void say_end(struct walk *w, const struct trace_event *event)
{
	if (!event || (event->kind != TRACE_YIELD && event->kind != TRACE_END)) {
		say(w, "; it still runs");
	} else if (event->kind == TRACE_YIELD) {
		say_wait(w, event);
	} else if (event->value == ASYNC_ECANCELED) {
		say(w, "; it ended, cancelled");
	} else if (event->value < 0) {
		say(w, "; it ended with the error \"");
		say(w, async_strerror((int)event->value));
		say(w, "\"");
	} else {
		say(w, "; it ended");
	}
}

/* Where the slice that is running ends: its last event, or none. Offloads are part of it. */
static const struct trace_event *find_end(struct walk *w)
{
	const struct trace_event *event;

	while ((event = event_at(w, w->at)) && event->kind != TRACE_YIELD &&
	       event->kind != TRACE_END && event->kind != TRACE_TURN) {
		trace_replay_note(w->record, w->at);
		w->at++;
	}
	return event;
}

static void say_slice(struct walk *w, const struct trace_event *resume)
{
	const struct trace_task *task = trace_replay_task(w->record, resume->id);
	size_t woken = task ? task->woken : 0, from = w->at + 1;
	const struct trace_event *end;

	say(w, " Ran ");
	say_task(w, resume->id);
	if (woken) {
		const struct trace_event *wake = event_at(w, woken - 1);

		say(w, wake->why & TRACE_CANCELLED ? " (cancelled by " : " (woken by ");
		say_waker(w, wake);
		say(w, ")");
	}
	trace_replay_note(w->record, w->at);
	w->at++;
	end = find_end(w);
	say(w, " for ");
	say_duration(w, (end ? end->when : w->record->until) - resume->when);
	say_deeds(w, from, ", which ");
	say_end(w, end);
	say(w, ".");
	if (end && end->kind != TRACE_TURN) {
		trace_replay_note(w->record, w->at);
		w->at++;
	}
}

/* ---- Turns ----------------------------------------------------------------------------------- */

/* Stalls that are over by then, and at the end of the record those that are not. */
static void say_stalls(struct walk *w, int64_t until, bool all)
{
	for (; w->stalls < w->record->stall_count; w->stalls++) {
		const struct trace_stall *stall = &w->record->stalls[w->stalls];

		if (!all && (!stall->end || stall->end > until))
			return;
		say(w, stall->end ? " The watchdog saw a stall of "
				  : " The watchdog sees a stall, so far of ");
		say_duration(w, (stall->end ? stall->end : w->record->until) - stall->begin);
		say(w, ":");
		wrap_block(&w->text, stall->text);
	}
}

static void say_next(struct walk *w, const struct trace_event *next)
{
	if (next->value <= next->when) {
		say(w, " The next deadline has passed already.");
		return;
	}
	say(w, " The next deadline is in ");
	say_duration(w, next->value - next->when);
	say(w, ".");
}

static void say_turn(struct walk *w, const struct trace_event *turn)
{
	const struct trace_event *next = event_at(w, w->at + 1);

	say_stalls(w, turn->when, false);
	wrap_paragraph(&w->text);
	say(w, "turn ");
	say_int(w, turn->value);
	say(w, " at ");
	wrap_seconds(&w->text, turn->when - w->record->opened);
	say(w, ":");
	if (turn->why && (!next || next->kind != TRACE_POLL))
		say(w, " work was ready, so it did not poll.");
	w->at++;
}

static void say_event(struct walk *w)
{
	const struct trace_event *event = event_at(w, w->at);

	switch (event->kind) {
	case TRACE_TURN:
		say_turn(w, event);
		return;
	case TRACE_NEXT:
		say_next(w, event);
		break;
	case TRACE_POLL:
		say_poll(w, event);
		return;
	case TRACE_TIMER:
		say_timers(w);
		return;
	case TRACE_CALLBACK:
		say_callback(w, event);
		return;
	case TRACE_RESUME:
		say_slice(w, event);
		return;
	default:
		break;
	}
	trace_replay_note(w->record, w->at);
	w->at++;
}

static void say_head(struct walk *w)
{
	wrap_paragraph(&w->text);
	say(w, "loop ");
	say_int(w, w->record->loop);
	if (w->record->first) {
		say(w, ": the first ");
		say_int(w, (int64_t)w->record->first);
		say(w, " events are not in this record.");
	} else {
		say(w, ": from its beginning.");
	}
}

void trace_prose(struct trace_out *out, const struct trace_record *record)
{
	struct walk w = { .text = { .out = out }, .record = record };

	trace_replay_begin(record);
	say_head(&w);
	while (w.at < record->count)
		say_event(&w);
	say_stalls(&w, record->until, true);
	wrap_paragraph(&w.text);
	if (record->ended) {
		say(&w, "The loop was closed at ");
		wrap_seconds(&w.text, record->until - record->opened);
		say(&w, ".");
		wrap_paragraph(&w.text);
	}
}
