/* SPDX-License-Identifier: MIT */
/*
 * dladdr.c - names by the dynamic linker: the function, as far as the module's symbol table says it, the
 * module and the offset in it, for atos or addr2line. No lines. Callers are found by the chain of
 * frame pointers, which macOS keeps and a BSD's program has with -fno-omit-frame-pointer.
 *
 * It takes the linker's lock: for reports between two turns, not for a monitor.
 */
#include "runtime/symbol/symbol.h"

#include "runtime/symbol/frame_pointers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

struct symbols {
	void *own; /* where the module that this code is in begins */
};

const char symbol_hint[] = "no lines here: atos or addr2line finds them by module and offset";

struct symbols *symbol_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

void symbol_warm(struct symbols *symbols)
{
	Dl_info info;

	if (dladdr((void *)symbol_warm, &info) != 0)
		symbols->own = info.dli_fbase;
}

void symbol_free(struct symbols *symbols)
{
	free(symbols);
}

static bool begins(const char *text, const char *const *with)
{
	for (; *with != NULL; with++)
		if (strncmp(text, *with, strlen(*with)) == 0)
			return true;
	return false;
}

/* Where the library is part of the program, its public names tell whose a frame is. */
static enum symbol_owner owner_of(const struct symbols *symbols, const Dl_info *info)
{
	static const char *const systems[] = { "/usr/",		 "/lib",	"/System/",
					       "/opt/homebrew/", "/opt/local/", NULL };
	static const char *const ours[] = { "async_", "net_", "http_", "json_", "context_", NULL };

	if (info->dli_sname != NULL && info->dli_fbase == symbols->own &&
	    begins(info->dli_sname, ours))
		return SYMBOL_RUNTIME;
	if (strstr(info->dli_fname, "/libloophound.") != NULL)
		return SYMBOL_RUNTIME;
	return begins(info->dli_fname, systems) ? SYMBOL_SYSTEM : SYMBOL_PROGRAM;
}

static bool name_frame(const struct symbols *symbols, uintptr_t pc, struct symbol_frame *frame)
{
	const char *base;
	Dl_info info;

	memset(frame, 0, sizeof(*frame));
	frame->pc = pc;
	if (dladdr((void *)pc, &info) == 0 || info.dli_fname == NULL)
		return false;
	base = strrchr(info.dli_fname, '/');
	snprintf(frame->module, sizeof(frame->module), "%s",
		 base != NULL ? base + 1 : info.dli_fname);
	if (info.dli_sname != NULL)
		snprintf(frame->function, sizeof(frame->function), "%s", info.dli_sname);
	frame->offset = pc - (uintptr_t)info.dli_fbase;
	frame->owner = owner_of(symbols, &info);
	return true;
}

size_t symbol_unwind(struct symbols *symbols, const struct symbol_stack *stack,
		     struct symbol_frame *frames, size_t max)
{
	uintptr_t pcs[MOST];
	size_t found = frame_pointers(stack, pcs, max < MOST ? max : MOST), count = 0;

	/* Of a caller, what is wanted is the call, not what comes after it. */
	while (count < found && name_frame(symbols, pcs[count] - (count > 0), &frames[count])) {
		frames[count].pc = pcs[count];
		count++;
	}
	return count;
}
