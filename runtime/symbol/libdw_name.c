/* SPDX-License-Identifier: MIT */
/*
 * libdw_name.c - what the debug information says of one address: the function, the
 * functions inlined there, each with its file and line, and whose code it is.
 *
 * The scopes are found by walking down the unit's tree instead of by dwarf_getscopes(), which
 * leaves the concrete tree at the first inlined function; and units by .debug_aranges, else one by
 * one, since clang writes no .debug_aranges.
 */
#include "runtime/symbol/libdw.h"

#include <dwarf.h>
#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t size, const char *from)
{
	size_t length = from ? strnlen(from, size - 1) : 0;

	if (length > 0)
		memcpy(to, from, length);
	to[length] = '\0';
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool find_unit(struct symbol_place *place, Dwarf_Addr address)
{
	Dwarf_Die *unit = dwfl_module_addrdie(place->module, address, &place->bias);

	/* Between two units that are listed it may have named the one before. */
	if (unit != NULL && dwarf_haspc(unit, address - place->bias) <= 0)
		unit = NULL;
	if (unit == NULL)
		while ((unit = dwfl_module_nextcu(place->module, unit, &place->bias)) != NULL)
			if (dwarf_haspc(unit, address - place->bias) > 0)
				break;
	if (unit == NULL)
		return false;
	place->unit = *unit;
	return true;
}

static bool is_scope(int tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine ||
	       tag == DW_TAG_lexical_block || tag == DW_TAG_namespace;
}

/* The child whose code includes the address. */
static bool child_at(Dwarf_Die *parent, Dwarf_Addr address, Dwarf_Die *child)
{
	for (int rc = dwarf_child(parent, child); rc == 0; rc = dwarf_siblingof(child, child))
		if (is_scope(dwarf_tag(child)) && dwarf_haspc(child, address) > 0)
			return true;
	return false;
}

void symbol_libdw_scopes(struct symbol_place *place)
{
	Dwarf_Die at = place->unit, child;

	place->scope_count = 0;
	while (place->scope_count < SYMBOL_MAX_INLINED && child_at(&at, place->address, &child)) {
		int tag = dwarf_tag(&child);

		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
			place->scopes[place->scope_count++] = child;
		at = child;
	}
}

void symbol_libdw_locate(struct symbols *symbols, uintptr_t pc, bool innermost,
			 struct symbol_place *place)
{
	Dwarf_Addr address = pc - !innermost;

	memset(place, 0, sizeof(*place));
	place->pc = pc;
	place->module = symbol_libdw_module(symbols, address);
	if (place->module == NULL)
		return;
	place->has_unit = find_unit(place, address);
	if (!place->has_unit)
		(void)dwfl_module_getelf(place->module, &place->bias);
	place->address = address - place->bias;
	if (place->has_unit)
		symbol_libdw_scopes(place);
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* A name that the compiler was given relative to its directory is shown so again. */
static void set_file(const struct symbol_place *place, const char *path, struct symbol_frame *frame)
{
	Dwarf_Die unit = place->unit;
	Dwarf_Attribute attribute;
	const char *directory = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
	const char *name = dwarf_diename(&unit);
	size_t length = directory ? strlen(directory) : 0;

	if (path == NULL)
		return;
	if (length > 0 && name != NULL && name[0] != '/' && strncmp(path, directory, length) == 0 &&
	    path[length] == '/')
		path += length + 1;
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	copy_text(frame->file, sizeof(frame->file), path);
}

void symbol_libdw_line(const struct symbol_place *place, Dwarf_Addr address,
		       struct symbol_frame *frame)
{
	Dwarf_Die unit = place->unit;
	Dwarf_Line *line = dwarf_getsrc_die(&unit, address);

	if (line == NULL || dwarf_lineno(line, &frame->line) != 0 || frame->line == 0)
		return;
	set_file(place, dwarf_linesrc(line, NULL, NULL), frame);
}

/* The place in the outer function where an inlined one was called. */
static void call_line(const struct symbol_place *place, Dwarf_Die *inlined,
		      struct symbol_frame *frame)
{
	Dwarf_Die unit = place->unit;
	Dwarf_Attribute attribute;
	Dwarf_Word line, file;
	Dwarf_Files *files;
	size_t count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) != 0 ||
	    dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) != 0 ||
	    dwarf_getsrcfiles(&unit, &files, &count) != 0 || file >= count)
		return;
	frame->line = (int)line;
	set_file(place, dwarf_filesrc(files, file, NULL, NULL), frame);
}

/* Where there is no line, the module's identity lets somebody find it later. */
static void set_build_id(const struct symbol_place *place, struct symbol_frame *frame)
{
	const unsigned char *bits;
	GElf_Addr at;
	int count = place->module ? dwfl_module_build_id(place->module, &bits, &at) : 0;

	if (count > 20)
		count = 20;
	for (int i = 0; i < count; i++)
		snprintf(frame->build_id + 2 * i, 3, "%02x", bits[i]);
}

/* ---- Whose code it is ------------------------------------------------------------------------ */

/* Was the unit compiled together with this file, in one of the library's own folders? */
static bool is_own_unit(struct symbols *symbols, const struct symbol_place *place)
{
	static const char *const folders[] = { "runtime/", "net/", "http/" };
	Dwarf_Die unit = place->unit;
	Dwarf_Attribute attribute;
	const char *directory = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
	const char *name = dwarf_diename(&unit);

	if (symbols->root == NULL || directory == NULL || name == NULL ||
	    strcmp(directory, symbols->root) != 0 || !starts_with(name, symbols->prefix))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (starts_with(name + strlen(symbols->prefix), folders[i]))
			return true;
	return false;
}

bool symbol_libdw_is_system(const char *path)
{
	return starts_with(path, "/usr/") || starts_with(path, "/lib") || path[0] == '[';
}

/* Without debug information only names are left, of which some are our public ones. */
static enum symbol_owner owner_by_name(const char *function)
{
	static const char *const ours[] = { "async_", "net_", "http_", "json_" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (starts_with(function, ours[i]))
			return SYMBOL_RUNTIME;
	return SYMBOL_PROGRAM;
}

static enum symbol_owner find_owner(struct symbols *symbols, const struct symbol_place *place,
				    const char *module, const struct symbol_frame *frame)
{
	if (place->module != symbols->program) {
		if (place->module == symbols->library)
			return SYMBOL_RUNTIME;
		if (place->module == NULL || symbol_libdw_is_system(module))
			return SYMBOL_SYSTEM;
	}
	/* Reserved names in a program are interceptors and wrappers, of sanitizers and linkers. */
	if (starts_with(frame->function, "__"))
		return SYMBOL_SYSTEM;
	if (!place->has_unit)
		return owner_by_name(frame->function);
	if (is_own_unit(symbols, place))
		return SYMBOL_RUNTIME;
	return symbol_libdw_is_system(frame->file) ? SYMBOL_SYSTEM : SYMBOL_PROGRAM;
}

size_t symbol_libdw_name(struct symbols *symbols, const struct symbol_place *place,
			 struct symbol_frame *frames, size_t max)
{
	const char *module = NULL;
	size_t scopes = place->scope_count, count = scopes > 0 ? scopes : 1;

	if (count > max)
		return 0;
	if (place->module != NULL)
		module = dwfl_module_info(place->module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	module = module ? module : "";
	for (size_t i = 0; i < count; i++) {
		struct symbol_frame *frame = &frames[i];
		Dwarf_Die *scope = scopes > 0 ? (Dwarf_Die *)&place->scopes[scopes - 1 - i] : NULL;
		const char *base = strrchr(module, '/');

		memset(frame, 0, sizeof(*frame));
		frame->pc = place->pc;
		frame->offset = (uintptr_t)place->address;
		frame->inlined = i + 1 < count;
		copy_text(frame->module, sizeof(frame->module), base ? base + 1 : module);
		if (scope != NULL)
			copy_text(frame->function, sizeof(frame->function), dwarf_diename(scope));
		else if (place->module != NULL)
			copy_text(
				frame->function, sizeof(frame->function),
				dwfl_module_addrname(place->module, place->address + place->bias));
		if (i > 0)
			call_line(place, (Dwarf_Die *)&place->scopes[scopes - i], frame);
		else if (place->has_unit)
			symbol_libdw_line(place, place->address, frame);
		if (frame->line == 0)
			set_build_id(place, frame);
		frame->owner = find_owner(symbols, place, module, frame);
	}
	return count;
}
