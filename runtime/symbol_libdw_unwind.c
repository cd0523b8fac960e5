/* SPDX-License-Identifier: MIT */
/*
 * symbol_libdw_unwind.c - return addresses of a copied stack, by call frame information.
 *
 * Of a thread that is blocked in a system call only pc and sp are known. libc's functions are
 * described relative to sp, and so is optimised code; but a function compiled without optimisation
 * is described relative to the frame pointer, and where libc's leaf did not save that, it is
 * still in the register that cannot be seen. Then it is computed: the function's first instructions
 * say how far below the frame pointer its stack pointer is, and the return address found there has
 * to follow a call instruction. Where that fails the stack ends early: no frame is ever guessed.
 */
#include "runtime/symbol_libdw.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static bool read_word(const struct symbols *symbols, uintptr_t address, uintptr_t *word)
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
	if (!read_word(arg, (uintptr_t)address, &word))
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
	return DWARF_CB_OK;
}

/* What libdwfl returns does not tell the end of the stack from a register that was missing. */
static void walk(struct symbols *symbols)
{
	symbols->count = 0;
	symbols->last_sp_known = false;
	(void)dwfl_getthread_frames(symbols->dwfl, getpid(), take_frame, symbols);
}

/* ---- The frame pointer that a blocked thread does not show ----------------------------------- */

#if defined(__x86_64__)

/* Code that may not be there is read by a system call, which says so instead of faulting. */
static bool read_code(uintptr_t address, unsigned char *code, size_t size)
{
	struct iovec to = { .iov_base = code, .iov_len = size };
	struct iovec from = { .iov_base = (void *)address, .iov_len = size };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

/*
 * How far sp is below the frame pointer in the body of the function that starts so, or -1:
 *   endbr64?; push %rbp; mov %rsp,%rbp; push ...*; sub $n,%rsp
 * code is 32 bytes; the longest such beginning has 25.
 */
static long frame_size(const unsigned char *code)
{
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const unsigned char enter[] = { 0x55, 0x48, 0x89, 0xe5 };
	long size = 0;
	int immediate;

	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		code += sizeof(endbr);
	if (memcmp(code, enter, sizeof(enter)) != 0)
		return -1;
	code += sizeof(enter);
	for (int i = 0; i < 5; i++, size += 8) {
		if (code[0] == 0x41 && (code[1] & 0xf8) == 0x50)
			code += 2;
		else if ((code[0] & 0xf8) == 0x50)
			code += 1;
		else
			break;
	}
	if (memcmp(code, "\x48\x83\xec", 3) == 0)
		return size + (signed char)code[3];
	if (memcmp(code, "\x48\x81\xec", 3) != 0)
		return size;
	memcpy(&immediate, code + 3, sizeof(immediate));
	return size + immediate;
}

/* Does a call instruction, in any of its forms, end at this address of the program's code? */
static bool follows_call(struct symbols *symbols, uintptr_t address)
{
	unsigned char code[8];

	if (dwfl_addrmodule(symbols->dwfl, address) == NULL ||
	    !read_code(address - 7, code, sizeof(code)))
		return false;
	if (code[2] == 0xe8)
		return true;
	for (int start = 0; start <= 5; start++)
		if (code[start] == 0xff && (code[start + 1] & 0x38) == 0x10)
			return true;
	return false;
}

/* Finds the frame pointer of the outermost frame that was found. */
static bool recover(struct symbols *symbols, uintptr_t *fp)
{
	uintptr_t pc = symbols->pcs[symbols->count - 1] - (symbols->count > 1);
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, pc);
	GElf_Off offset = 0;
	GElf_Sym symbol;
	uintptr_t above, caller;
	unsigned char code[32];

	if (module == NULL || !symbols->last_sp_known ||
	    dwfl_module_addrinfo(module, pc, &offset, &symbol, NULL, NULL, NULL) == NULL)
		return false;
	if (!read_code(pc - (uintptr_t)offset, code, sizeof(code)))
		return false;
	long size = frame_size(code);
	if (size < 0)
		return false;
	*fp = symbols->last_sp + (uintptr_t)size;
	return read_word(symbols, *fp, &above) && read_word(symbols, *fp + 8, &caller) &&
	       (above == 0 || above > *fp) && follows_call(symbols, caller);
}

#else

/* On other machines libc's wrappers save the frame pointer together with the return address. */
static bool recover(struct symbols *symbols, uintptr_t *fp)
{
	(void)symbols, (void)fp;
	return false;
}

#endif

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
	if (!recover(symbols, &symbols->registers.fp))
		return;
	symbols->registers.full = true;
	walk(symbols);
}
