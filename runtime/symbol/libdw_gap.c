/* SPDX-License-Identifier: MIT */
/*
 * libdw_gap.c - what a tail call erased.
 *
 * `return usleep(x);` in an optimised function leaves no frame: the stack shows usleep called by
 * the caller's caller, which is innocent. The debug information of optimised code names, for each
 * return address, the function that was called there. If that is not the function whose frame
 * is above, and it is one of the program's own, then it was called and is gone. Its own tail calls
 * are listed too: if just one of them leads to the frame above, that is the line.
 */
#include "runtime/symbol/libdw.h"

#include <dwarf.h>
#include <string.h>

enum { MAX_DEPTH = 16 };

static bool is_call_site(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site;
}

/* The function that a call site calls by name; false when it calls through a pointer. */
static bool callee_of(Dwarf_Die *site, Dwarf_Die *function)
{
	Dwarf_Attribute attribute;

	if (dwarf_attr(site, DW_AT_call_origin, &attribute) == NULL &&
	    dwarf_attr(site, DW_AT_abstract_origin, &attribute) == NULL)
		return false;
	return dwarf_formref_die(&attribute, function) != NULL;
}

static bool is_tail_call(Dwarf_Die *site)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(site, DW_AT_call_tail_call, &attribute) != NULL ||
	       dwarf_attr(site, DW_AT_GNU_tail_call, &attribute) != NULL;
}

/* An address inside the call instruction, or 0. */
static Dwarf_Addr address_of(Dwarf_Die *site)
{
	Dwarf_Attribute attribute;
	Dwarf_Addr address;

	if (dwarf_formaddr(dwarf_attr(site, DW_AT_call_pc, &attribute), &address) == 0)
		return address;
	if (dwarf_formaddr(dwarf_attr(site, DW_AT_call_return_pc, &attribute), &address) == 0 ||
	    dwarf_formaddr(dwarf_attr(site, DW_AT_low_pc, &attribute), &address) == 0)
		return address - 1;
	return 0;
}

/* Calls visit for each call site below a function, without the functions nested in it. */
static void each_site(Dwarf_Die *parent, int depth, void (*visit)(Dwarf_Die *site, void *arg),
		      void *arg)
{
	Dwarf_Die child;

	if (depth > MAX_DEPTH)
		return;
	for (int rc = dwarf_child(parent, &child); rc == 0; rc = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);

		if (is_call_site(&child))
			visit(&child, arg);
		else if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
			each_site(&child, depth + 1, visit, arg);
	}
}

struct at_address {
	Dwarf_Addr address;
	Dwarf_Die function;
	bool found;
};

static void match_address(Dwarf_Die *site, void *arg)
{
	struct at_address *wanted = arg;

	if (!wanted->found && address_of(site) == wanted->address && !is_tail_call(site))
		wanted->found = callee_of(site, &wanted->function);
}

struct tail_to {
	const struct symbol_place *callee;
	Dwarf_Addr address;
	int count;
};

/* ---- Is that function the one whose frame is there? ------------------------------------------ */

/* Compilers make copies of a function under names like polite.constprop.0. */
static bool is_named(const char *symbol, const char *name)
{
	size_t length = strlen(name);

	return strncmp(symbol, name, length) == 0 &&
	       (symbol[length] == '\0' || symbol[length] == '.');
}

/* The start of a function of that name in the module, or 0. */
static Dwarf_Addr address_of_symbol(Dwfl_Module *module, const char *name, Dwarf_Addr wanted)
{
	int count = dwfl_module_getsymtab(module);
	Dwarf_Addr found = 0;

	for (int i = 1; i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section;
		const char *this =
			dwfl_module_getsym_info(module, i, &symbol, &address, &section, NULL, NULL);

		if (this == NULL || section == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) != STT_FUNC || !is_named(this, name))
			continue;
		found = address;
		if (address == wanted)
			break;
	}
	return found;
}

/* By its name, or by its address, since libc's functions have several names. */
static bool is_in(const struct symbol_place *callee, const char *name)
{
	GElf_Off offset;
	GElf_Sym symbol;

	if (callee->module == NULL)
		return false;
	if (callee->scope_count > 0) {
		Dwarf_Die function = callee->scopes[0];
		const char *this = dwarf_diename(&function);

		return this == NULL || strcmp(this, name) == 0;
	}
	Dwarf_Addr at = callee->address + callee->bias;
	if (dwfl_module_addrinfo(callee->module, at, &offset, &symbol, NULL, NULL, NULL) == NULL)
		return true; /* nothing is known, so nothing is claimed */
	return address_of_symbol(callee->module, name, at - offset) == at - offset;
}

static void match_tail(Dwarf_Die *site, void *arg)
{
	struct tail_to *wanted = arg;
	Dwarf_Die function;

	if (!is_tail_call(site) || !callee_of(site, &function))
		return;
	const char *name = dwarf_diename(&function);
	if (name == NULL || !is_in(wanted->callee, name))
		return;
	wanted->address = address_of(site);
	wanted->count++;
}

bool symbol_libdw_gap(struct symbols *symbols, const struct symbol_place *callee,
		      const struct symbol_place *caller, struct symbol_frame *frame)
{
	struct at_address call = { .address = caller->address };
	struct tail_to tail = { .callee = callee };
	struct symbol_frame named[SYMBOL_MAX_INLINED];
	struct symbol_place erased;
	Dwarf_Addr start;

	if (caller->scope_count == 0)
		return false;
	each_site((Dwarf_Die *)&caller->scopes[0], 0, match_address, &call);
	const char *name = call.found ? dwarf_diename(&call.function) : NULL;
	if (name == NULL || is_in(callee, name))
		return false;
	start = address_of_symbol(caller->module, name, 0);
	if (start == 0)
		return false;

	symbol_libdw_locate(symbols, (uintptr_t)start, true, &erased);
	size_t count = symbol_libdw_name(symbols, &erased, named, SYMBOL_MAX_INLINED);
	if (count == 0)
		return false;
	*frame = named[count - 1];
	frame->gap = true;
	frame->line = 0;
	if (erased.scope_count > 0)
		each_site(&erased.scopes[0], 0, match_tail, &tail);
	if (tail.count == 1)
		symbol_libdw_line(&erased, tail.address, frame);
	return true;
}
