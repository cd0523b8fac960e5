/* SPDX-License-Identifier: MIT */
/*
 * context_swapcontext.c - makecontext and swapcontext and nothing else: the reference.
 *
 * As slow as the signal mask's system calls make it, and right by definition. When another backend
 * is suspected, build with CONTEXT=swapcontext and compare.
 *
 *  - macOS wants _XOPEN_SOURCE for ucontext.h, before the first include, and calls these functions
 *    deprecated without having others.
 *  - uc_stack is emptied before each switch: ASan would clear the shadow of what it describes.
 */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "runtime/context_backend.h"

#include <stdlib.h>
#include <ucontext.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

void context_backend_create(struct context *context, void *top)
{
	context->sp = top;
	context->pc = (void *)context_trampoline;
	context->saved = NULL; /* says that it was never entered */
}

static void forget_stack(ucontext_t *registers)
{
	registers->uc_stack.ss_sp = NULL;
	registers->uc_stack.ss_size = 0;
}

/* The first switch to a stack. start is large, and of no use afterwards. */
CONTEXT_LEAVES static __attribute__((noinline)) void enter(ucontext_t *here, struct context *to)
{
	uintptr_t address = (uintptr_t)to;
	ucontext_t start;

	if (getcontext(&start) != 0)
		abort();
	start.uc_link = NULL;
	start.uc_stack.ss_sp = to->low;
	start.uc_stack.ss_size = (size_t)((char *)to->sp - (char *)to->low);
	makecontext(&start, (void (*)(void))context_trampoline_halves, 2, (unsigned)address,
		    (unsigned)(address >> 32));
	forget_stack(&start);
	context_between(to);
	if (swapcontext(here, &start) != 0)
		abort();
}

CONTEXT_LEAVES void context_backend_switch(struct context *from, struct context *to)
{
	uint64_t control; /* swapcontext has its own copy */
	ucontext_t here;

	forget_stack(&here);
	from->saved = &here; /* cppcheck-suppress autoVariables */
	context_mark(from, &control);
	if (!to->saved) {
		enter(&here, to);
		return;
	}
	context_between(to);
	if (swapcontext(&here, to->saved) != 0)
		abort();
}
