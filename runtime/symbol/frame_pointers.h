/* SPDX-License-Identifier: MIT */
/* frame_pointers.h - the callers on a copied stack, by the chain of frame pointers. */
#ifndef LOOPHOUND_RUNTIME_FRAME_POINTERS_H
#define LOOPHOUND_RUNTIME_FRAME_POINTERS_H

#include "runtime/symbol/symbol.h"

/*
 * As far as the chain goes, innermost first: one is always there. All but the first are return
 * addresses. Returns how many, at most max.
 */
size_t frame_pointers(const struct symbol_stack *stack, uintptr_t *pcs, size_t max);

#endif
