/* SPDX-License-Identifier: MIT */
/*
 * none.c - without libdw: addresses as file and offset, for addr2line.
 *
 * Of a running thread the callers are found by the chain of frame pointers, as far as it goes. Of a
 * blocked one, whose frame pointer is not known, there is only the innermost address.
 */
#include "runtime/symbol/symbol.h"

#include "runtime/symbol/frame_pointers.h"
#include "runtime/symbol/maps.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

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

size_t symbol_unwind(struct symbols *symbols, const struct symbol_stack *stack,
		     struct symbol_frame *frames, size_t max)
{
	uintptr_t pcs[MOST];
	size_t found = frame_pointers(stack, pcs, max < MOST ? max : MOST), count = 0;

	/* Of a caller, what is wanted is the call, not what comes after it. */
	while (count < found && name_frame(symbols, pcs[count] - (count > 0), &frames[count]))
		count++;
	return count;
}
