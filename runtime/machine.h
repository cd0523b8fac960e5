/* SPDX-License-Identifier: MIT */
/*
 * machine.h - the three registers that a stack is unwound from, and where the system keeps them.
 * The only place of the watchdog that knows processors: elsewhere MACHINE_KNOWN is 0 and reports
 * have no stack.
 */
#ifndef LOOPHOUND_RUNTIME_MACHINE_H
#define LOOPHOUND_RUNTIME_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine_registers {
	uintptr_t pc, sp;
	uintptr_t fp; /* the frame pointer */
	uintptr_t lr; /* where a leaf returns to, on machines that have such a register */
	bool full;    /* false: only pc and sp are known */
};

#if defined(__linux__) && defined(__x86_64__)
#define MACHINE_KNOWN 1
enum { MACHINE_DWARF_FP = 6, MACHINE_DWARF_SP = 7, MACHINE_DWARF_LR = -1 };
#define MACHINE_REGISTERS(context)                                               \
	((struct machine_registers){                                             \
		.pc = (uintptr_t)(context)->uc_mcontext.gregs[16 /* REG_RIP */], \
		.sp = (uintptr_t)(context)->uc_mcontext.gregs[15 /* REG_RSP */], \
		.fp = (uintptr_t)(context)->uc_mcontext.gregs[10 /* REG_RBP */], \
		.full = true })
#elif defined(__linux__) && defined(__aarch64__)
#define MACHINE_KNOWN 1
enum { MACHINE_DWARF_FP = 29, MACHINE_DWARF_SP = 31, MACHINE_DWARF_LR = 30 };
#define MACHINE_REGISTERS(context)                                          \
	((struct machine_registers){ .pc = (context)->uc_mcontext.pc,       \
				     .sp = (context)->uc_mcontext.sp,       \
				     .fp = (context)->uc_mcontext.regs[29], \
				     .lr = (context)->uc_mcontext.regs[30], \
				     .full = true })
#else
#define MACHINE_KNOWN 0
enum { MACHINE_DWARF_FP = -1, MACHINE_DWARF_SP = -1, MACHINE_DWARF_LR = -1 };
#define MACHINE_REGISTERS(context) ((void)(context), (struct machine_registers){ .full = false })
#endif

#endif
