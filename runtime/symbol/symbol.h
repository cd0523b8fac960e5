/* SPDX-License-Identifier: MIT */
/*
 * symbol.h - from a copy of a stack to functions, files and lines.
 *
 * Interface: symbol_new() on any thread, symbol_warm() once on the thread that will use it, then
 * symbol_unwind() as often as liked, symbol_free() at the end. One user thread per handle.
 *
 * symbol_warm() reads all that unwinding needs. After it nothing here takes a lock that another
 * thread may hold for long: no dl_iterate_phdr, no dlopen, no stdio. Backends, chosen by the Makefile:
 * libdw, which unwinds by call frame information and knows lines and inlining; none, which knows
 * module and offset, of callers by frame pointers; and dladdr for other systems, which knows functions
 * as well, but takes the dynamic linker's lock: there is no monitor there.
 */
#ifndef LOOPHOUND_RUNTIME_SYMBOL_H
#define LOOPHOUND_RUNTIME_SYMBOL_H

#include "runtime/machine.h"

#include <stddef.h>

struct symbols;

/* A copied stack: the registers, and size bytes that were at address and above. */
struct symbol_stack {
	struct machine_registers registers;
	const unsigned char *bytes;
	uintptr_t address;
	size_t size;
};

/* Whose code a frame is. The report shows the program's and folds the rest. */
enum symbol_owner { SYMBOL_PROGRAM, SYMBOL_RUNTIME, SYMBOL_SYSTEM };

/* One frame, innermost first. Inlined functions have frames of their own. */
struct symbol_frame {
	uintptr_t pc;	  /* for a caller: the return address */
	uintptr_t offset; /* of pc in its module, as addr2line takes it */
	enum symbol_owner owner;
	bool inlined;
	bool gap;	   /* a tail call erased the frames between this one and the one before */
	int line;	   /* 0: no line information */
	char function[64]; /* "": unknown */
	char file[128];	   /* as the compiler saw it; "": no line information */
	char module[48];   /* the file's base name; "": in no known module */
	char build_id[41]; /* the module's, in hexadecimal; "": it has none, or line is known */
};

/* What to do where a frame has no line. */
extern const char symbol_hint[];

/* NULL without memory. */
struct symbols *symbol_new(void);
void symbol_warm(struct symbols *symbols);
void symbol_free(struct symbols *symbols);

/* Fills at most max frames and returns how many; 0 when not even the innermost is known. */
size_t symbol_unwind(struct symbols *symbols, const struct symbol_stack *stack,
		     struct symbol_frame *frames, size_t max);

#endif
