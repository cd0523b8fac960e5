/* SPDX-License-Identifier: MIT */
/*
 * context_asm_x86_64.S - the switch, for the System V ABI.
 *
 * A suspended stack, upwards from sp: mxcsr and x87 control words (8 bytes), r15, r14, r13, r12,
 * rbx, rbp, return address. The CFI at the label "suspended" describes just that, so an unwinder
 * that starts at (sp, pc) of a suspended context finds its way.
 *
 * It ends with a jump, not a return: the processor predicts a return to go back to the last call,
 * which after a switch is wrong each time (measured: 4 ns more).
 */
#include "runtime/context_asm.h"

/* context_asm_create(context, top): as if it had been suspended just before the trampoline. */
FUNCTION NAME(context_asm_create)
	.cfi_startproc
	endbr64
	andq $-16, %rsi
	leaq NAME(context_trampoline)(%rip), %rax
	xorl %ecx, %ecx
	movq %rax, -8(%rsi)
	movq %rcx, -16(%rsi)
	movq %rcx, -24(%rsi)
	movq %rcx, -32(%rsi)
	movq %rcx, -40(%rsi)
	movq %rcx, -48(%rsi)
	movq %rcx, -56(%rsi)
	movq %rcx, -64(%rsi)
	stmxcsr -64(%rsi)
	fnstcw -60(%rsi)
	subq $64, %rsi
	leaq LOCAL(suspended)(%rip), %rax
	movq %rsi, (%rdi)
	movq %rcx, 8(%rdi)
	movq %rax, 16(%rdi)
	ret
	.cfi_endproc
END NAME(context_asm_create)

/* context_asm_switch(from, to) */
FUNCTION NAME(context_asm_switch)
	.cfi_startproc
	endbr64
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbp, 0
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	pushq %r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r12, 0
	pushq %r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r13, 0
	pushq %r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r14, 0
	pushq %r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset r15, 0
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr (%rsp)
	fnstcw 4(%rsp)
	movl (%rsp), %eax
	movzwl 4(%rsp), %edx
	leaq LOCAL(suspended)(%rip), %rcx
	movq %rsp, (%rdi)
	movq %rbp, 8(%rdi)
	movq %rcx, 16(%rdi)
	movq (%rsi), %rsp
LOCAL(suspended):
	/* The low 6 bits of mxcsr are flags that say what happened; only the rest are modes. */
	xorl (%rsp), %eax
	testl $0xffc0, %eax
	jne 2f
	cmpw 4(%rsp), %dx
	jne 2f
1:	movq 8(%rsp), %r15
	movq 16(%rsp), %r14
	movq 24(%rsp), %r13
	movq 32(%rsp), %r12
	movq 40(%rsp), %rbx
	movq 48(%rsp), %rbp
	movq 56(%rsp), %rcx
	.cfi_remember_state
	.cfi_register rip, rcx
	.cfi_same_value rbp
	.cfi_same_value rbx
	.cfi_same_value r12
	.cfi_same_value r13
	.cfi_same_value r14
	.cfi_same_value r15
	addq $64, %rsp
	.cfi_def_cfa_offset 0
	movq %rsi, %rdi /* what the trampoline is given */
	notrack jmp *%rcx
	.cfi_restore_state
2:	ldmxcsr (%rsp)
	fldcw 4(%rsp)
	jmp 1b
	.cfi_endproc
END NAME(context_asm_switch)
