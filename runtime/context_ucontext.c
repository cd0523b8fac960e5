/* SPDX-License-Identifier: MIT */
/*
 * context_ucontext.c - a stack is entered with makecontext and switched with _setjmp and _longjmp.
 *
 * makecontext is the only portable way onto a stack, but swapcontext sets the signal mask at every
 * switch: 250 ns, mostly system calls. _setjmp and _longjmp do not, and once a function runs on
 * the stack they are enough. setjmp leaves out the floating-point modes; they are kept beside it.
 *
 *  - A fortified _longjmp refuses to go to another stack, hence the first line below.
 *  - macOS wants _XOPEN_SOURCE for ucontext.h, before the first include, and calls these functions
 *    deprecated without having others.
 *  - The registers are a local variable, that is, on the stack being suspended.
 *  - Where ASan is, its _longjmp forgets the red zones of the frames on the stack being left.
 *    Nothing is reported wrongly; CONTEXT=asm keeps them.
 */
#undef _FORTIFY_SOURCE
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "runtime/context_backend.h"

#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct registers {
	uint64_t control;
	jmp_buf jump;
};

void context_backend_create(struct context *context, void *top)
{
	context->sp = top;
	context->pc = (void *)context_trampoline;
	context->saved = NULL; /* says that it was never entered */
}

/*
 * The first switch to a stack. The ucontext_t is large and lies on the stack of whoever switches,
 * since it is of no use afterwards. getcontext makes the signal mask that of the thread.
 */
CONTEXT_LEAVES static __attribute__((noreturn, noinline)) void enter(struct context *to)
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
	context_between(to);
	setcontext(&start);
	abort();
}

CONTEXT_LEAVES void context_backend_switch(struct context *from, struct context *to)
{
	struct registers here;

	from->saved = &here; /* cppcheck-suppress autoVariables */
	context_mark(from, &here.control);
	if (_setjmp(here.jump) == 0) {
		struct registers *there = to->saved;

		if (!there)
			enter(to);
		context_change_control(&here.control, &there->control);
		context_between(to);
		_longjmp(there->jump, 1);
	}
}
