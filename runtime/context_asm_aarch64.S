/* SPDX-License-Identifier: MIT */
/*
 * context_asm_aarch64.S - the switch, for AAPCS64.
 *
 * A suspended stack, upwards from sp: x29, x30, x19 to x28, d8 to d15, fpcr, padding; 176 bytes.
 * The CFI at the label "suspended" describes just that, so an unwinder that starts at (sp, pc) of
 * a suspended context finds its way.
 *
 * It ends with a jump through another register than x30, which the processor takes for an ordinary
 * jump and not for a return to the last call.
 */
#include "runtime/context_asm.h"

/* context_asm_create(context, top): as if it had been suspended just before the trampoline. */
FUNCTION NAME(context_asm_create)
	.cfi_startproc
	and x1, x1, #-16
	sub x1, x1, #176
	mov x2, #0
1:	str xzr, [x1, x2]
	add x2, x2, #8
	cmp x2, #176
	b.ne 1b
	adr x3, LOCAL(trampoline)
	str x3, [x1, #8]
	mrs x3, fpcr
	str x3, [x1, #160]
	adr x3, LOCAL(suspended)
	stp x1, xzr, [x0]
	str x3, [x0, #16]
	ret
	.cfi_endproc
END NAME(context_asm_create)

/* The real one is in another object, out of the reach of adr. */
LOCAL(trampoline):
	.cfi_startproc
	.cfi_undefined x30
	b NAME(context_trampoline)
	.cfi_endproc

/* context_asm_switch(from, to) */
FUNCTION NAME(context_asm_switch)
	.cfi_startproc
	sub sp, sp, #176
	.cfi_def_cfa_offset 176
	stp x29, x30, [sp]
	.cfi_offset x29, -176
	.cfi_offset x30, -168
	stp x19, x20, [sp, #16]
	.cfi_offset x19, -160
	.cfi_offset x20, -152
	stp x21, x22, [sp, #32]
	.cfi_offset x21, -144
	.cfi_offset x22, -136
	stp x23, x24, [sp, #48]
	.cfi_offset x23, -128
	.cfi_offset x24, -120
	stp x25, x26, [sp, #64]
	.cfi_offset x25, -112
	.cfi_offset x26, -104
	stp x27, x28, [sp, #80]
	.cfi_offset x27, -96
	.cfi_offset x28, -88
	stp d8, d9, [sp, #96]
	stp d10, d11, [sp, #112]
	stp d12, d13, [sp, #128]
	stp d14, d15, [sp, #144]
	mrs x2, fpcr
	str x2, [sp, #160]
	mov x3, sp
	adr x4, LOCAL(suspended)
	stp x3, x29, [x0]
	str x4, [x0, #16]
	ldr x3, [x1]
	mov sp, x3
LOCAL(suspended):
	ldr x3, [sp, #160]
	cmp x2, x3
	b.eq 1f
	msr fpcr, x3
1:	ldp d14, d15, [sp, #144]
	ldp d12, d13, [sp, #128]
	ldp d10, d11, [sp, #112]
	ldp d8, d9, [sp, #96]
	ldp x27, x28, [sp, #80]
	ldp x25, x26, [sp, #64]
	ldp x23, x24, [sp, #48]
	ldp x21, x22, [sp, #32]
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp]
	add sp, sp, #176
	.cfi_def_cfa_offset 0
	.cfi_restore x30
	.cfi_restore x29
	.cfi_restore x28
	.cfi_restore x27
	.cfi_restore x26
	.cfi_restore x25
	.cfi_restore x24
	.cfi_restore x23
	.cfi_restore x22
	.cfi_restore x21
	.cfi_restore x20
	.cfi_restore x19
	mov x0, x1 /* what the trampoline is given */
	mov x4, x30
	br x4
	.cfi_endproc
END NAME(context_asm_switch)
