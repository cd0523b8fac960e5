/* SPDX-License-Identifier: MIT */
/*
 * context_x86_64.S - what every backend needs and C cannot say: the first frame of a stack, where
 * a caller stands, and the floating-point control words. context_backend.h has the prototypes.
 *
 * struct context: sp at 0, bp at 8, pc at 16. Control words: mxcsr at 0, the x87's at 4.
 */
#include "runtime/context_asm.h"

/*
 * The return address is declared undefined, which is how CFI says that there is no caller: gdb
 * and every other unwinder end here instead of showing what lies beyond as "?? ()".
 */
FUNCTION NAME(context_trampoline_halves)
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	movl %edi, %edi
	shlq $32, %rsi
	orq %rsi, %rdi
	jmp NAME(context_trampoline)
	.cfi_endproc
END NAME(context_trampoline_halves)

FUNCTION NAME(context_trampoline)
	.cfi_startproc
	.cfi_undefined rip
	endbr64
	xorl %ebp, %ebp
	andq $-16, %rsp
	call NAME(context_main)
	ud2
	.cfi_endproc
END NAME(context_trampoline)

/* context_mark(context, control) */
FUNCTION NAME(context_mark)
	.cfi_startproc
	endbr64
	leaq 8(%rsp), %rax
	movq (%rsp), %rcx
	movq %rax, (%rdi)
	movq %rbp, 8(%rdi)
	movq %rcx, 16(%rdi)
	stmxcsr (%rsi)
	fnstcw 4(%rsi)
	ret
	.cfi_endproc
END NAME(context_mark)

/* context_save_control(control) */
FUNCTION NAME(context_save_control)
	.cfi_startproc
	endbr64
	stmxcsr (%rdi)
	fnstcw 4(%rdi)
	ret
	.cfi_endproc
END NAME(context_save_control)

/*
 * context_change_control(now, next). The low 6 bits of mxcsr are flags that say what happened; only
 * the rest are modes. The two words are compared as they were written, one by one: a load that
 * spans two fresh stores has to wait for both.
 */
FUNCTION NAME(context_change_control)
	.cfi_startproc
	endbr64
	movl (%rdi), %eax
	xorl (%rsi), %eax
	testl $0xffc0, %eax
	jne 1f
	movzwl 4(%rdi), %eax
	cmpw 4(%rsi), %ax
	jne 1f
	ret
1:	ldmxcsr (%rsi)
	fldcw 4(%rsi)
	ret
	.cfi_endproc
END NAME(context_change_control)
