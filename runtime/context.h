/* SPDX-License-Identifier: MIT */
/*
 * context.h - switching stacks. Nothing here knows tasks or the loop.
 *
 * A context is a stack with a function on it, or the thread's own stack (adopted). Stacks are made
 * with makecontext; how later switches are done is the backend's choice (CONTEXT= in the Makefile):
 * context_ucontext.c (the default), context_swapcontext.c (the reference), context_asm.c.
 * Sanitizers and Valgrind are told about stacks in context.c and nowhere else.
 */
#ifndef LOOPHOUND_RUNTIME_CONTEXT_H
#define LOOPHOUND_RUNTIME_CONTEXT_H

#include <stddef.h>

struct context {
	/* Of a suspended context, unmangled, for dumps and for unwinding by CFI. */
	void *sp, *bp, *pc;
	void *saved; /* the backend's registers, kept on the suspended stack itself */
	void *low;   /* the stack's lowest usable byte; NULL for an adopted one */
	size_t size;
	void *tool[2]; /* of whichever sanitizer or checker the build has; else unused */
};

/* Makes the running thread's own stack a context that one can switch away from. */
void context_adopt(struct context *context);
/* The counterpart, before the struct goes. */
void context_disown(struct context *context);

/*
 * Prepares entry(arg) on the stack [low, low + size). entry must not return: it ends with
 * context_exit. Cannot fail and does not touch more than the stack's top page.
 */
void context_create(struct context *context, void *low, size_t size, void (*entry)(void *arg),
		    void *arg);

/* Suspends from, which is running, and continues to. Returns when somebody switches back. */
void context_switch(struct context *from, struct context *to);

/* The same for the last time: from's stack may be reused as soon as to runs. */
void context_exit(struct context *from, struct context *to) __attribute__((noreturn));

/* The stack will be used for something else. The context must not be running. */
void context_destroy(struct context *context);

/* Memory that holds stacks or pointers into the heap and that malloc does not know (for LSan). */
void context_add_region(void *start, size_t size);
void context_remove_region(void *start, size_t size);

#endif
