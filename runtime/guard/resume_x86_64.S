/* SPDX-License-Identifier: MIT */
/*
 * resume_x86_64.S - the two system calls of the program that the kernel lets pass although the
 * selector says to trap: the range between the two labels is allowed. The kernel compares the address
 * *after* the instruction, so that belongs to the range too.
 */
#include "runtime/context_asm.h"

/* #define GUARD_ROOM in dispatch_x86_64.c: the red zone, the address to go on at, and alignment. */
#define ROOM 144

FUNCTION NAME(guard_text_begin)
END NAME(guard_text_begin)

/*
 * The call that was trapped, made with its own registers on its own stack; the handler has left below
 * the red zone where to go on. A system call spoils rcx by itself, so nobody counts on it.
 */
FUNCTION NAME(guard_resume)
	.cfi_startproc
	.cfi_def_cfa rsp, ROOM
	.cfi_offset rip, -ROOM
	syscall
	movq (%rsp), %rcx
	leaq ROOM(%rsp), %rsp
	.cfi_def_cfa rsp, 0
	.cfi_register rip, rcx
	jmp *%rcx
	.cfi_endproc
END NAME(guard_resume)

/* rt_sigreturn, written as unwinders expect it. For the handler, and for those that it traps. */
FUNCTION NAME(guard_return)
	movq $15, %rax
	syscall
	ud2
END NAME(guard_return)

FUNCTION NAME(guard_text_end)
END NAME(guard_text_end)
