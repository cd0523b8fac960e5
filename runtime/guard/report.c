/* SPDX-License-Identifier: MIT */
/*
 * report.c - between two turns: gives names to what the handler left, and says it once a place.
 *
 * A place is a stack, function by function and line by line. What the handler could not tell apart
 * from what it knew was only counted; what it took for new may be known by name, and is counted, too.
 */
#include "runtime/guard/internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Text ------------------------------------------------------------------------------------ */

/* "clock_nanosleep(0.5 s)", "read(7 = pipe:[4711])", "openat(/etc/hosts)" */
static void call_text(const struct guard_call *call, char *text, size_t size)
{
	char detail[96] = "";

	if (call->fd >= 0)
		snprintf(detail, sizeof(detail), "%d = %s", call->fd, call->target);
	else if (call->target[0] != '\0')
		snprintf(detail, sizeof(detail), "%s", call->target);
	else if (call->seconds >= 0)
		snprintf(detail, sizeof(detail), "%g s", call->seconds);
	snprintf(text, size, "%s(%s)", call->name, detail);
}

static void place_text(const struct watchdog_stall *stall, const char *call, char *text,
		       size_t size)
{
	const struct symbol_frame *culprit = watchdog_culprit(stall);

	if (culprit == NULL)
		snprintf(text, size, "%.64s", call);
	else if (culprit->line > 0)
		snprintf(text, size, "%.60s in %.36s %.44s:%d", call, culprit->function,
			 culprit->file, culprit->line);
	else
		snprintf(text, size, "%.60s in %.36s %.30s+0x%lx", call, culprit->function,
			 culprit->module, (unsigned long)culprit->offset);
}

static void say_all(const struct guard_note *note, const struct watchdog_stall *stall,
		    const char *call)
{
	char text[2048], advice[256];
	const char *verb = guard_is_fatal(note->call.severity) ? "fails the run" : "reported only";
	size_t used;

	if (note->callback)
		used = (size_t)snprintf(text, sizeof(text),
					"[strict] a callback may block: %s   %s, %s\n", call,
					guard_severity_name(note->call.severity), verb);
	else
		used = (size_t)snprintf(text, sizeof(text),
					"[strict] task %llu \"%s\" may block: %s   %s, %s\n",
					(unsigned long long)note->view.id, note->view.name, call,
					guard_severity_name(note->call.severity), verb);
	used += watchdog_report_stack(stall, text + used, sizeof(text) - used - 512);
	if (!note->callback && note->view.created_at != NULL)
		used += (size_t)snprintf(text + used, 128, "            created at %.100s\n",
					 note->view.created_at);
	if (watchdog_advise(stall, advice, sizeof(advice)) > 0)
		snprintf(text + used, sizeof(text) - used, "  instead   %s\n", advice);
	guard_say(text);
}

/* ---- Names ----------------------------------------------------------------------------------- */

static uint64_t hash(uint64_t key, const char *text)
{
	for (; *text != '\0'; text++)
		key = (key ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return key;
}

static uint64_t hash_stack(const struct guard_call *call, const struct watchdog_stall *stall)
{
	uint64_t key = hash(UINT64_C(14695981039346656037), call->name);

	for (size_t i = 0; i < stall->frame_count; i++) {
		const struct symbol_frame *frame = &stall->frames[i];

		key = hash(key, frame->function) ^
		      (uint64_t)(frame->line > 0 ? (uintptr_t)frame->line : frame->offset);
	}
	return key != 0 ? key : 1;
}

static void report(struct guard *guard, const struct guard_note *note)
{
	struct watchdog_stall *stall = &guard->stall;
	struct guard_seen *seen = &guard->seen[note->seen];
	char call[160], text[sizeof(seen->place->text)];

	guard_names_find(note, stall);
	call_text(&note->call, call, sizeof(call));
	seen->stack = hash_stack(&note->call, stall);
	guard_count(&seen->place, seen->stack, seen->severity, seen->fresh);
	seen->fresh = 0;
	if (seen->place != NULL && seen->place->text[0] != '\0')
		return;
	say_all(note, stall, call);
	place_text(stall, call, text, sizeof(text));
	if (seen->place != NULL)
		guard_place_name(seen->place, text);
}

static void count_again(struct guard *guard)
{
	for (size_t i = 0; i < GUARD_SEEN; i++) {
		struct guard_seen *seen = &guard->seen[i];

		if (seen->fresh > 0)
			guard_count(&seen->place, seen->stack, seen->severity, seen->fresh);
		seen->fresh = 0;
	}
}

static void count_lost(struct guard *guard)
{
	for (int i = 0; i < GUARD_SEVERITIES; i++) {
		struct guard_place *place = NULL;

		if (guard->lost[i] == 0)
			continue;
		guard_count(&place, (uint64_t)i + 1, (enum guard_severity)i, guard->lost[i]);
		if (place != NULL)
			guard_place_name(place, "not named: too many new stacks in one turn");
		guard->lost[i] = 0;
	}
}

void guard_report(struct guard *guard)
{
	guard->hb->noted = 0;
	if (guard->process != getpid())
		return;
	if (guard->version != guard_modules_version()) {
		guard_code_look(guard);
		guard_symbols_look();
	}
	for (unsigned i = 0; i < guard->note_count; i++)
		report(guard, &guard->notes[i]);
	guard->note_count = 0;
	count_again(guard);
	count_lost(guard);
}
