/* SPDX-License-Identifier: MIT */
/*
 * context_backend.h - between context.c, which knows the tools, and the three ways to switch.
 *
 * A backend (CONTEXT= in the Makefile) only moves registers. What it needs of the processor beyond
 * C is in context_x86_64.S and context_aarch64.S, the same for all backends.
 */
#ifndef LOOPHOUND_RUNTIME_CONTEXT_BACKEND_H
#define LOOPHOUND_RUNTIME_CONTEXT_BACKEND_H

#include <stdint.h>
#include "runtime/context.h"

/* gcc and clang say differently which sanitizer is on. */
#if defined(__has_feature)
#define CONTEXT_HAS(feature) __has_feature(feature)
#else
#define CONTEXT_HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CONTEXT_HAS(address_sanitizer)
#define CONTEXT_ASAN 1
#else
#define CONTEXT_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || CONTEXT_HAS(thread_sanitizer)
#define CONTEXT_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define CONTEXT_TSAN 0
#endif

/* For functions whose frames are left without a return: ASan would keep their red zones. */
#define CONTEXT_LEAVES __attribute__((no_sanitize("address")))

/* ---- What a backend gives -------------------------------------------------------------------- */

/* Makes the first switch to context call context_trampoline on the stack that ends below top. */
void context_backend_create(struct context *context, void *top);

/*
 * Saves the callee-saved registers and the floating-point control words on from's stack, notes
 * where that was in from, calls context_between, and loads those of to.
 */
void context_backend_switch(struct context *from, struct context *to);

/* ---- What it may use ------------------------------------------------------------------------- */

/*
 * Each backend calls this when from is saved and to is not loaded yet. TSan must hear of a switch
 * at exactly that point: it keeps a list of jmp_bufs per fibre, and dies when one is missing.
 */
static inline __attribute__((always_inline)) void context_between(struct context *to)
{
#if CONTEXT_TSAN
	__tsan_switch_to_fiber(to->tool[0], 0);
#else
	(void)to;
#endif
}

/*
 * The first frame of every stack: ends backtraces and calls context_main(context). The second
 * form takes the pointer in two halves, since makecontext passes nothing wider than an int.
 */
void context_trampoline(struct context *context);
void context_trampoline_halves(unsigned low, unsigned high);

/* Notes the caller's sp, bp and pc, and puts the floating-point control words into *control. */
void context_mark(struct context *context, uint64_t *control);

void context_save_control(uint64_t *control);
/* Loads what *next says, unless *now, which must be current, says the same: loading is slow. */
void context_change_control(const uint64_t *now, const uint64_t *next);

#endif
