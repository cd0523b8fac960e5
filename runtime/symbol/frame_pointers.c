/* SPDX-License-Identifier: MIT */
/* frame_pointers.c - see frame_pointers.h. */
#include "runtime/symbol/frame_pointers.h"

#include <string.h>

static bool read_word(const struct symbol_stack *stack, uintptr_t address, uintptr_t *word)
{
	if (address < stack->address || stack->size < sizeof(*word) ||
	    address - stack->address > stack->size - sizeof(*word))
		return false;
	memcpy(word, stack->bytes + (address - stack->address), sizeof(*word));
	return true;
}

size_t frame_pointers(const struct symbol_stack *stack, uintptr_t *pcs, size_t max)
{
	uintptr_t fp = stack->registers.fp, next, pc = stack->registers.pc;
	size_t count = 0;

	while (count < max) {
		pcs[count++] = pc;
		if (!stack->registers.full || !read_word(stack, fp, &next) ||
		    !read_word(stack, fp + sizeof(fp), &pc) || next <= fp)
			break;
		fp = next;
	}
	return count;
}
