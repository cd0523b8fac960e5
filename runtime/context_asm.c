/* SPDX-License-Identifier: MIT */
/*
 * context_asm.c - a switch written by hand. The work is in context_asm_x86_64.S and
 * context_asm_aarch64.S; this file only lets TSan hear of it.
 *
 * Callee-saved registers are pushed on the stack being left, and sp is all that has to be kept.
 * The floating-point control words are saved too, for the ABI counts them as callee-saved, and a
 * task's rounding mode must not leak into another's. Loading is skipped unless they differ; still,
 * reading mxcsr is 3 of the 7 ns of a switch on x86-64.
 */
#include "runtime/context_backend.h"

void context_asm_create(struct context *context, void *top);
void context_asm_switch(struct context *from, struct context *to);

void context_backend_create(struct context *context, void *top)
{
	context_asm_create(context, top);
}

void context_backend_switch(struct context *from, struct context *to)
{
	context_between(to);
	context_asm_switch(from, to);
}
