/* SPDX-License-Identifier: MIT */
/*
 * none.c - without libdw: addresses as file and offset, for addr2line.
 *
 * Of a running thread the callers are found by the chain of frame pointers, as far as it goes. Of a
 * blocked one, whose frame pointer is not known, there is only the innermost address.
 */
#include "runtime/symbol/symbol.h"

#include "runtime/symbol/maps.h"

#include <stdlib.h>
#include <string.h>

struct symbols {
	char program[160];
};

const char symbol_hint[] = "no names here: build loophound with libdw, or use loophound-decode";

struct symbols *symbol_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

/* This very function is in the program, or in the library beside it. */
void symbol_warm(struct symbols *symbols)
{
	struct maps_place place;

	if (maps_find((uintptr_t)symbol_warm, &place))
		memcpy(symbols->program, place.path, sizeof(symbols->program));
}

void symbol_free(struct symbols *symbols)
{
	free(symbols);
}

static bool name_frame(const struct symbols *symbols, uintptr_t pc, struct symbol_frame *frame)
{
	struct maps_place place;

	memset(frame, 0, sizeof(*frame));
	frame->pc = pc;
	frame->owner = SYMBOL_SYSTEM;
	if (!maps_find(pc, &place))
		return false;
	const char *base = strrchr(place.path, '/');
	base = base ? base + 1 : place.path;
	memcpy(frame->module, base, strnlen(base, sizeof(frame->module) - 1));
	frame->offset = place.offset;
	memcpy(frame->build_id, place.build_id, sizeof(frame->build_id));
	if (strcmp(place.path, symbols->program) == 0)
		frame->owner = SYMBOL_PROGRAM;
	return true;
}

static bool read_word(const struct symbol_stack *stack, uintptr_t address, uintptr_t *word)
{
	if (address < stack->address || stack->size < sizeof(*word) ||
	    address - stack->address > stack->size - sizeof(*word))
		return false;
	memcpy(word, stack->bytes + (address - stack->address), sizeof(*word));
	return true;
}

size_t symbol_unwind(struct symbols *symbols, const struct symbol_stack *stack,
		     struct symbol_frame *frames, size_t max)
{
	uintptr_t fp = stack->registers.fp, next, pc = stack->registers.pc;
	size_t count = 0;

	/* Of a caller, what is wanted is the call, not what comes after it. */
	while (count < max && name_frame(symbols, pc - (count > 0), &frames[count])) {
		count++;
		if (!stack->registers.full || !read_word(stack, fp, &next) ||
		    !read_word(stack, fp + sizeof(fp), &pc) || next <= fp)
			break;
		fp = next;
	}
	return count;
}
