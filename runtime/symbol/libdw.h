/* SPDX-License-Identifier: MIT */
/*
 * libdw.h - what the files of the libdw backend share: the handle, and one interface for each
 * of unwinding, finding a frame pointer, naming, and finding what a tail call erased.
 */
#ifndef LOOPHOUND_RUNTIME_SYMBOL_LIBDW_H
#define LOOPHOUND_RUNTIME_SYMBOL_LIBDW_H

#include "runtime/symbol/symbol.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

enum { SYMBOL_MAX_PHYSICAL = 48, SYMBOL_MAX_INLINED = 16 };

struct symbols {
	Dwfl *dwfl;
	Dwfl_Module *program; /* the executable */
	Dwfl_Module *library; /* where the runtime is: the executable, or the shared library */
	const char *root;     /* the directory the runtime was compiled in, and the prefix of */
	char prefix[128];     /* its files' names there: "" or "/path/to/" */

	/* Of the unwinding under way. */
	const struct symbol_stack *stack;
	struct machine_registers registers;
	uintptr_t pcs[SYMBOL_MAX_PHYSICAL];
	size_t count;
	uintptr_t last_sp; /* the stack pointer in the outermost frame found */
	bool last_sp_known;
};

/* A machine frame and what the debug information says about its address. */
struct symbol_place {
	Dwfl_Module *module; /* NULL: in none */
	uintptr_t pc;
	Dwarf_Addr address; /* inside the call instruction, in the terms of the debug information */
	Dwarf_Addr bias;
	Dwarf_Die unit;
	bool has_unit;
	/* The function and what is inlined at the address, outermost first. */
	Dwarf_Die scopes[SYMBOL_MAX_INLINED];
	size_t scope_count;
};

/* The files, close-on-exec: what dwfl_begin() takes; all modules of this process; one more. -1: none. */
extern const Dwfl_Callbacks symbol_libdw_callbacks;
bool symbol_libdw_report(Dwfl *dwfl);
int symbol_libdw_open(const char *path);

/* Is the address in what the module itself covers? */
bool symbol_libdw_is_in(Dwfl_Module *module, Dwarf_Addr address);
/* Fills symbols->pcs from the stack, by call frame information. */
void symbol_libdw_unwind(struct symbols *symbols, const struct symbol_stack *stack);
/* The module that an address is in, or NULL. */
Dwfl_Module *symbol_libdw_module(const struct symbols *symbols, Dwarf_Addr address);
/* A word of the copied stack. False when it was not copied. */
bool symbol_libdw_word(const struct symbols *symbols, uintptr_t address, uintptr_t *word);
/* Works out the frame pointer in the outermost frame found. False when there is no certainty. */
bool symbol_libdw_frame_pointer(struct symbols *symbols, uintptr_t *fp);
/* True once the callbacks that unwinding needs are in place. */
bool symbol_libdw_attach(struct symbols *symbols);

/* Looks an address up; innermost: pc is not a return address. */
void symbol_libdw_locate(struct symbols *symbols, uintptr_t pc, bool innermost,
			 struct symbol_place *place);
/* Appends the frames of a place, innermost first. Returns how many. */
size_t symbol_libdw_name(struct symbols *symbols, const struct symbol_place *place,
			 struct symbol_frame *frames, size_t max);
/* Fills file and line of an address in the place's unit. */
void symbol_libdw_line(const struct symbol_place *place, Dwarf_Addr address,
		       struct symbol_frame *frame);
/* Is that the path of something the distribution brings, or of none? */
bool symbol_libdw_is_system(const char *path);
/* Finds a compile unit's function and inlined scopes around place->address. */
void symbol_libdw_scopes(struct symbol_place *place);

/*
 * Compares whom the caller called with the frame that is there. When a tail call lies between,
 * fills in a frame for the first erased function and returns true.
 */
bool symbol_libdw_gap(struct symbols *symbols, const struct symbol_place *callee,
		      const struct symbol_place *caller, struct symbol_frame *frame);

#endif
