/* SPDX-License-Identifier: MIT */
/*
 * libdw_unwind.c - return addresses of a copied stack, by call frame information.
 *
 * Of a thread that is blocked in a system call only pc and sp are known. libc's functions are
 * described relative to sp, and so is optimised code; but a function compiled without optimisation
 * is described relative to the frame pointer, and where libc's leaf did not save that, it is
 * still in the register that cannot be seen. Then libdw_fp.c works it out, or the stack
 * ends early: no frame is ever guessed.
 */
#include "runtime/symbol/libdw.h"

#include <string.h>
#include <unistd.h>

bool symbol_libdw_word(const struct symbols *symbols, uintptr_t address, uintptr_t *word)
{
	const struct symbol_stack *stack = symbols->stack;
	uintptr_t base = stack->address;

	if (address < base || stack->size < sizeof(*word) ||
	    address - base > stack->size - sizeof(*word))
		return false;
	memcpy(word, stack->bytes + (address - base), sizeof(*word));
	return true;
}

/* ---- libdwfl's view: a process of one thread whose memory is the copy ------------------------ */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
	struct symbols *symbols = arg;

	(void)dwfl;
	if (*thread_arg != NULL)
		return 0;
	*thread_arg = symbols;
	return getpid();
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread_arg)
{
	(void)dwfl, (void)tid;
	*thread_arg = arg;
	return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *arg)
{
	uintptr_t word;

	(void)dwfl;
	if (!symbol_libdw_word(arg, (uintptr_t)address, &word))
		return false;
	*result = word;
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct machine_registers *registers = &((struct symbols *)arg)->registers;
	Dwarf_Word sp = registers->sp, fp = registers->fp, lr = registers->lr;

	if (!dwfl_thread_state_registers(thread, MACHINE_DWARF_SP, 1, &sp))
		return false;
	if (registers->full && !dwfl_thread_state_registers(thread, MACHINE_DWARF_FP, 1, &fp))
		return false;
	if (registers->full && MACHINE_DWARF_LR >= 0 &&
	    !dwfl_thread_state_registers(thread, MACHINE_DWARF_LR, 1, &lr))
		return false;
	dwfl_thread_state_register_pc(thread, registers->pc);
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

bool symbol_libdw_attach(struct symbols *symbols)
{
	return MACHINE_KNOWN &&
	       dwfl_attach_state(symbols->dwfl, NULL, getpid(), &thread_callbacks, symbols);
}

static int take_frame(Dwfl_Frame *frame, void *arg)
{
	struct symbols *symbols = arg;
	Dwarf_Addr pc;
	Dwarf_Word sp;

	if (symbols->count == SYMBOL_MAX_PHYSICAL || !dwfl_frame_pc(frame, &pc, NULL) || pc == 0)
		return DWARF_CB_ABORT;
	symbols->last_sp_known = dwfl_frame_reg(frame, MACHINE_DWARF_SP, &sp) == 0;
	symbols->last_sp = (uintptr_t)sp;
	symbols->pcs[symbols->count++] = (uintptr_t)pc;
	/* Outside all modules libdwfl would go on by frame pointers, which skip a caller. */
	return symbol_libdw_module(symbols, pc - 1) != NULL ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* What libdwfl returns does not tell the end of the stack from a register that was missing. */
static void walk(struct symbols *symbols)
{
	symbols->count = 0;
	symbols->last_sp_known = false;
	(void)dwfl_getthread_frames(symbols->dwfl, getpid(), take_frame, symbols);
}

void symbol_libdw_unwind(struct symbols *symbols, const struct symbol_stack *stack)
{
	symbols->stack = stack;
	symbols->registers = stack->registers;
	walk(symbols);
	if (stack->registers.full || symbols->count == 0)
		return;
	/*
	 * No frame below has saved the frame pointer, else unwinding would have restored it: so what
	 * it is here it was in the innermost frame too.
	 */
	if (!symbol_libdw_frame_pointer(symbols, &symbols->registers.fp))
		return;
	symbols->registers.full = true;
	walk(symbols);
}
