/* SPDX-License-Identifier: MIT */
/*
 * context_asm.h - how ELF and Mach-O assemblers want symbols written. For .S files only.
 *
 *     FUNCTION NAME(f)        f:, global, but not outside of the library
 *     END NAME(f)
 *     LOCAL(l):               a label that no symbol table shows
 */
#ifndef LOOPHOUND_RUNTIME_CONTEXT_ASM_H
#define LOOPHOUND_RUNTIME_CONTEXT_ASM_H

/* It would be taken for C. */
/* clang-format off */

#ifdef __CET__
#include <cet.h> /* marks the object as one that has its endbr64 */
#endif

#ifdef __APPLE__

#define NAME(name) _##name
#define LOCAL(name) L##name

.macro FUNCTION name
	.globl \name
	.private_extern \name
	.p2align 4
\name:
.endm

.macro END name
.endm

#else

#define NAME(name) name
#define LOCAL(name) .L##name

.section .note.GNU-stack, "", %progbits

.macro FUNCTION name
	.globl \name
	.hidden \name
	.type \name, %function
	.p2align 4
\name:
.endm

.macro END name
	.size \name, . - \name
.endm

#endif

.text

#endif
