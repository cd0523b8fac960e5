/* SPDX-License-Identifier: MIT */
/*
 * context_aarch64.S - what every backend needs and C cannot say: the first frame of a stack, where
 * a caller stands, and the floating-point control word. context_backend.h has the prototypes.
 *
 * struct context: sp at 0, bp (x29) at 8, pc at 16. The control word is fpcr.
 */
#include "runtime/context_asm.h"

/*
 * The return address is declared undefined, which is how CFI says that there is no caller:
 * debuggers and every other unwinder end here.
 */
FUNCTION NAME(context_trampoline_halves)
	.cfi_startproc
	.cfi_undefined x30
	mov w0, w0
	orr x0, x0, x1, lsl #32
	b NAME(context_trampoline)
	.cfi_endproc
END NAME(context_trampoline_halves)

FUNCTION NAME(context_trampoline)
	.cfi_startproc
	.cfi_undefined x30
	mov x29, #0
	mov x30, #0
	bl NAME(context_main)
	brk #1
	.cfi_endproc
END NAME(context_trampoline)

/* context_mark(context, control) */
FUNCTION NAME(context_mark)
	.cfi_startproc
	mov x2, sp
	mrs x3, fpcr
	stp x2, x29, [x0]
	str x30, [x0, #16]
	str x3, [x1]
	ret
	.cfi_endproc
END NAME(context_mark)

/* context_save_control(control) */
FUNCTION NAME(context_save_control)
	.cfi_startproc
	mrs x1, fpcr
	str x1, [x0]
	ret
	.cfi_endproc
END NAME(context_save_control)

/* context_change_control(now, next) */
FUNCTION NAME(context_change_control)
	.cfi_startproc
	ldr x2, [x0]
	ldr x3, [x1]
	cmp x2, x3
	b.eq 1f
	msr fpcr, x3
1:	ret
	.cfi_endproc
END NAME(context_change_control)
