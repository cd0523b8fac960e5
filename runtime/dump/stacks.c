/* SPDX-License-Identifier: MIT */
/*
 * stacks.c - the stacks of suspended tasks, and which are the same.
 *
 * To unwind takes a tenth of a millisecond, too long for a hundred thousand tasks. So first a stack
 * gets a fingerprint, of all words on it that could be return addresses, by their place: equal
 * fingerprints are equal stacks. Different ones may still be, for a frame's unused part keeps old
 * words; only those are unwound, up to a limit, and compared by their frames.
 */
#include "runtime/dump/dump.h"

#include <string.h>

#include "runtime/base.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 29);
}

static bool is_code(const struct dump *dump, uintptr_t word)
{
	size_t low = 0, high = dump->code_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (word < dump->code[middle].low)
			high = middle;
		else if (word >= dump->code[middle].high)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

/* ---- One stack ------------------------------------------------------------------------------- */

/* Copies the part in use. A task that runs is on its stack, unless it has started another eagerly. */
static bool copy(struct dump *dump, const struct task *task, struct symbol_stack *stack)
{
	const struct context *context = &task->context;
	uintptr_t top = (uintptr_t)context->low + context->size, sp = (uintptr_t)context->sp;
	size_t size;

	if (!task->started)
		return false;
	if (dump->request.generation && task->id == dump->current_id) {
		if (dump->request.running)
			*stack = *dump->request.running;
		return dump->request.running != NULL;
	}
	if (!context->low || sp < (uintptr_t)context->low || sp >= top)
		return false;
	size = top - sp < sizeof dump->stack ? top - sp : sizeof dump->stack;
	*stack = (struct symbol_stack){
		.registers = { .pc = (uintptr_t)context->pc,
			       .sp = sp,
			       .fp = (uintptr_t)context->bp,
			       .full = true },
		.bytes = (unsigned char *)dump->stack,
		.address = sp,
		.size = maps_read(dump->stack, size, sp),
	};
	return true;
}

size_t dump_unwind(struct dump *dump, const struct task *task)
{
	struct symbols *symbols = dump_symbols(dump);
	struct symbol_stack stack;

	if (!symbols || !copy(dump, task, &stack))
		return 0;
	return symbol_unwind(symbols, &stack, dump->frames, DUMP_FRAMES);
}

/* ---- Equal ones ------------------------------------------------------------------------------ */

/* What one could tell apart without the stack. */
static uint64_t hash_task(const struct task *task)
{
	uint64_t hash = mix(task->started, (uintptr_t)task->label);

	return mix(hash, (uintptr_t)(task->started ? task->waiting_at : task->created_at));
}

static uint64_t fingerprint(const struct dump *dump, const struct task *task,
			    const struct symbol_stack *stack)
{
	uint64_t hash = mix(hash_task(task), stack->registers.pc);
	size_t words = stack->size / sizeof(uintptr_t);

	for (size_t i = 0; i < words; i++)
		if (is_code(dump, dump->stack[i]))
			hash = mix(mix(hash, dump->stack[i]), words - i);
	return hash ? hash : 1;
}

static uint64_t hash_frames(const struct dump *dump, const struct task *task, size_t count)
{
	uint64_t hash = hash_task(task);

	for (size_t i = 0; i < count; i++)
		hash = mix(hash, dump->frames[i].pc);
	return hash;
}

static int32_t group_of(struct dump *dump, uint64_t hash, size_t index)
{
	size_t i = 0;

	while (i < dump->group_count && dump->groups[i].hash != hash)
		i++;
	if (i == dump->group_count) {
		if (i == DUMP_FINGERPRINTS)
			return DUMP_NONE;
		dump->groups[dump->group_count++] =
			(struct dump_group){ .hash = hash, .first = (int32_t)index };
	}
	return (int32_t)i;
}

/* The group of a stack that was seen before or may still be unwound. */
static int32_t look_up(struct dump *dump, uint64_t print, const struct task *task,
		       const struct symbol_stack *stack, size_t index)
{
	size_t slots = array_size(dump->seen), i = print % slots, frames = 0;
	struct symbols *symbols = dump_symbols(dump);

	for (; dump->seen[i].fingerprint; i = (i + 1) % slots)
		if (dump->seen[i].fingerprint == print)
			return dump->seen[i].group;
	if (dump->unwound == DUMP_FINGERPRINTS)
		return DUMP_NONE;
	dump->unwound++;
	if (symbols)
		frames = symbol_unwind(symbols, stack, dump->frames, DUMP_FRAMES);
	dump->seen[i].fingerprint = print;
	dump->seen[i].group = group_of(dump, hash_frames(dump, task, frames), index);
	return dump->seen[i].group;
}

static int32_t find_group(struct dump *dump, const struct task *task, size_t index)
{
	struct symbol_stack stack;

	if (!task->started || task->state == TASK_RUNNING || !copy(dump, task, &stack))
		return group_of(dump, mix(hash_task(task), task->started ? task->id : 0), index);
	return look_up(dump, fingerprint(dump, task, &stack), task, &stack, index);
}

void dump_group(struct dump *dump)
{
	struct task task;

	dump->code_count = maps_code(dump->code, array_size(dump->code));
	for (size_t i = 0; i < dump->count && !dump_moved(dump); i++) {
		struct dump_entry *entry = &dump->entries[i];

		entry->group = dump_task(dump, i, &task) ? find_group(dump, &task, i) : DUMP_NONE;
		if (entry->group != DUMP_NONE)
			dump->groups[entry->group].count++;
		else
			dump->skipped++;
	}
}
