/* SPDX-License-Identifier: MIT */
/*
 * note.c - what is kept of a call that may block, in the handler and with the selector off: the call,
 * who made it, and a copy of the stack. All names are looked up later, between two turns.
 *
 * A call in a loop comes by thousands of times. The return addresses on its stack, as far as one can
 * tell them from data, are its key: the same key again is only counted.
 */
#include "runtime/guard/internal.h"

#include "runtime/symbol/maps.h"

#include <string.h>
#include <unistd.h>

enum { KEYED = 1024 }; /* bytes */

static bool is_code(const struct guard *guard, uintptr_t word)
{
	for (size_t i = 0; i < guard->ranges; i++)
		if (word >= guard->code[i].low && word < guard->code[i].high)
			return true;
	return false;
}

static uint64_t mix(uint64_t key, uint64_t word)
{
	return (key ^ word) * UINT64_C(1099511628211);
}

/* Of the first words only; they are all that is copied so far. */
static uint64_t key_of(const struct guard *guard, const struct guard_call *call,
		       const struct guard_note *note)
{
	uint64_t key = mix(UINT64_C(14695981039346656037), (uint64_t)call->number);

	key = mix(key, note->registers.pc);
	for (size_t i = 0; i < note->size / sizeof(uintptr_t); i++)
		if (is_code(guard, note->stack[i]))
			key = mix(key, note->stack[i]);
	return key != 0 ? key : 1;
}

/* Its place in the table, which may be a free one; GUARD_SEEN when there is none. */
static unsigned find(const struct guard *guard, uint64_t key)
{
	unsigned start = (unsigned)(key % GUARD_SEEN), i = start;

	while (guard->seen[i].key != 0 && guard->seen[i].key != key) {
		i = (i + 1) % GUARD_SEEN;
		if (i == start)
			return GUARD_SEEN;
	}
	return i;
}

/* A callback's, on the thread's own stack, ends where nothing can be read any more. */
static void copy_stack(struct guard_note *note, size_t most)
{
	uintptr_t sp = note->registers.sp & ~(uintptr_t)7;
	uintptr_t low = note->view.stack_low, high = note->view.stack_high;
	size_t size = sp >= low && sp < high ? high - sp : most;

	note->address = sp;
	note->size = maps_read(note->stack, size < most ? size : most, sp);
}

static void keep(struct guard *guard, struct guard_call *call,
		 const struct machine_registers *registers)
{
	const void *task = atomic_load(&guard->hb->task);
	struct guard_note *note = &guard->notes[guard->note_count];
	struct guard_seen *seen;
	uint64_t key;

	memset(&note->view, 0, sizeof(note->view));
	note->callback = task == NULL;
	if (task != NULL)
		task_describe(task, &note->view);
	note->registers = *registers;
	copy_stack(note, KEYED);
	key = key_of(guard, call, note);
	note->seen = find(guard, key);
	if (note->seen == GUARD_SEEN) {
		guard->lost[call->severity]++;
		return;
	}
	seen = &guard->seen[note->seen];
	seen->fresh++;
	if (seen->key != 0)
		return;
	seen->key = key;
	copy_stack(note, sizeof(note->stack));
	seen->severity = call->severity;
	guard_describe(call);
	note->call = *call;
	guard->note_count++;
}

void guard_note(struct guard *guard, struct guard_call *call,
		const struct machine_registers *registers)
{
	if (guard->process != getpid() || guard_is_allowed(guard) ||
	    (guard->quiet && !guard_is_fatal(call->severity)))
		return;
	if (guard->note_count < GUARD_NOTES)
		keep(guard, call, registers);
	else
		guard->lost[call->severity]++;
	guard->hb->noted = 1;
}
