/* SPDX-License-Identifier: MIT */
/*
 * libdw.c - the libdw backend: opens the debug information of this process, warms it up,
 * and turns a copied stack into named frames.
 *
 * Everything is read by symbol_warm(): the list of modules (with stdio, from /proc/self/maps), each
 * module's ELF symbols and unwind tables, and the debug information where there is any. Later
 * work touches only that. libdebuginfod is never asked: a watchdog does not go to the network.
 */
#include "runtime/symbol/libdw.h"

#include "runtime/symbol/maps.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

const char symbol_hint[] = "no line information: compile with -g, or use loophound-decode";

bool symbol_libdw_is_in(Dwfl_Module *module, Dwarf_Addr address)
{
	Dwarf_Addr low = 0, high = 0;

	dwfl_module_info(module, NULL, &low, &high, NULL, NULL, NULL, NULL);
	return address >= low && address < high;
}

/* libdwfl takes the space behind a module for a part of it, and later libraries are loaded there. */
Dwfl_Module *symbol_libdw_module(const struct symbols *symbols, Dwarf_Addr address)
{
	Dwfl_Module *module = dwfl_addrmodule(symbols->dwfl, address);

	return module != NULL && symbol_libdw_is_in(module, address) ? module : NULL;
}

struct symbols *symbol_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

static int warm_module(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		       void *arg)
{
	GElf_Addr bias;

	(void)data, (void)name, (void)arg;
	if (dwfl_module_getelf(module, &bias) == NULL)
		return DWARF_CB_OK;
	(void)dwfl_module_eh_cfi(module, &bias);
	(void)dwfl_module_addrname(module, base);
	return DWARF_CB_OK;
}

/* Remembers where the runtime was compiled, to tell its frames from the program's. */
static void find_root(struct symbols *symbols)
{
	static const char self[] = "runtime/symbol/libdw.c";
	struct symbol_place place;
	Dwarf_Attribute attribute;

	symbol_libdw_locate(symbols, (uintptr_t)symbol_new, true, &place);
	symbols->library = place.module;
	if (!place.has_unit)
		return;
	const char *name = dwarf_diename(&place.unit);
	size_t length = name ? strlen(name) : 0;
	if (length < sizeof(self) - 1 || length - sizeof(self) + 1 >= sizeof(symbols->prefix) ||
	    strcmp(name + length - sizeof(self) + 1, self) != 0)
		return;
	memcpy(symbols->prefix, name, length - sizeof(self) + 1);
	symbols->root = dwarf_formstring(dwarf_attr(&place.unit, DW_AT_comp_dir, &attribute));
}

/*
 * libdw does not survive an allocation that fails: it exits, or crashes. So where so much address
 * space cannot be had, under a small ulimit -v, say, frames have no names. It takes a fourth.
 */
#define ROOM ((size_t)64 << 20)

static bool has_room(void)
{
	void *room =
		mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return room != MAP_FAILED && munmap(room, ROOM) == 0;
}

void symbol_warm(struct symbols *symbols)
{
	struct symbol_frame frames[8];
	uintptr_t here = (uintptr_t)__builtin_return_address(0);
	struct symbol_place place;

	if (has_room())
		symbols->dwfl = dwfl_begin(&symbol_libdw_callbacks);
	if (symbols->dwfl == NULL)
		return;
	if (!symbol_libdw_report(symbols->dwfl) || !symbol_libdw_attach(symbols)) {
		dwfl_end(symbols->dwfl);
		symbols->dwfl = NULL;
		return;
	}
	dwfl_getmodules(symbols->dwfl, warm_module, NULL, 0);
	symbols->program = symbol_libdw_module(symbols, getauxval(AT_PHDR));
	find_root(symbols);
	/* One name is looked up in the program, so that its debug information is open. */
	symbol_libdw_locate(symbols, (uintptr_t)getauxval(AT_ENTRY), true, &place);
	(void)symbol_libdw_name(symbols, &place, frames, 8);
	symbol_libdw_locate(symbols, here, false, &place);
	(void)symbol_libdw_name(symbols, &place, frames, 8);
}

void symbol_free(struct symbols *symbols)
{
	if (symbols == NULL)
		return;
	if (symbols->dwfl != NULL)
		dwfl_end(symbols->dwfl);
	free(symbols);
}

/*
 * A library that was loaded later, by dlopen() or inside getaddrinfo(). Asking libdwfl for all
 * modules again would use stdio; this is told about the one.
 */
static bool add_module(struct symbols *symbols, uintptr_t pc)
{
	struct maps_place place;
	Dwfl_Module *module;
	int fd;

	if (!maps_find(pc, &place) || place.offset >= pc)
		return false;
	fd = symbol_libdw_open(place.path);
	if (fd < 0)
		return false;
	dwfl_report_begin_add(symbols->dwfl);
	module =
		dwfl_report_elf(symbols->dwfl, place.path, place.path, fd, pc - place.offset, true);
	if (module == NULL)
		close(fd);
	return dwfl_report_end(symbols->dwfl, NULL, NULL) == 0 && module != NULL;
}

/* Unwinding stops at a module that is not known: once that is mended it is begun anew. */
static void unwind_all(struct symbols *symbols, const struct symbol_stack *stack)
{
	for (int added = 0; added < 8; added++) {
		symbol_libdw_unwind(symbols, stack);
		if (symbols->count == 0)
			return;
		uintptr_t last = symbols->pcs[symbols->count - 1] - (symbols->count > 1);
		if (symbol_libdw_module(symbols, last) != NULL || !add_module(symbols, last))
			return;
	}
}

size_t symbol_unwind(struct symbols *symbols, const struct symbol_stack *stack,
		     struct symbol_frame *frames, size_t max)
{
	struct symbol_place places[2];
	size_t count = 0;

	if (symbols->dwfl == NULL || max < SYMBOL_MAX_INLINED)
		return 0;
	unwind_all(symbols, stack);
	for (size_t i = 0; i < symbols->count && count + SYMBOL_MAX_INLINED + 1 <= max; i++) {
		struct symbol_place *place = &places[i & 1];

		symbol_libdw_locate(symbols, symbols->pcs[i], i == 0, place);
		if (i > 0 && symbol_libdw_gap(symbols, &places[(i - 1) & 1], place, &frames[count]))
			count++;
		count += symbol_libdw_name(symbols, place, frames + count, max - count);
	}
	return count;
}
