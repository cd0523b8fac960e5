/* SPDX-License-Identifier: MIT */
/*
 * slots_elf.c - through which slots a module calls others, as ELF has it: the relocations of its dynamic
 * section name them. Of every module but libc's own, which has no slot for what it calls in itself.
 */
#include "runtime/guard/slots.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- The slots of a module ------------------------------------------------------------------- */

struct module {
	uintptr_t base;
	uintptr_t relro_low, relro_high; /* read-only once it is relocated: whole pages */
	const ElfW(Sym) * symbols;
	const char *strings;
};

static void redirect(const struct module *module, void **slot, void *wrapper)
{
	uintptr_t page = (uintptr_t)slot & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
	size_t size = (uintptr_t)(slot + 1) - page;
	bool locked = (uintptr_t)slot >= module->relro_low && (uintptr_t)slot < module->relro_high;

	if (*slot == wrapper)
		return;
	if (locked && mprotect((void *)page, size, PROT_READ | PROT_WRITE) != 0)
		return;
	__atomic_store_n(slot, wrapper, __ATOMIC_RELAXED);
	if (locked)
		mprotect((void *)page, size, PROT_READ);
}

static void patch(const struct module *module, const ElfW(Rela) * table, size_t size)
{
	for (size_t i = 0; table != NULL && i < size / sizeof(*table); i++) {
		const ElfW(Sym) *symbol = &module->symbols[ELF64_R_SYM(table[i].r_info)];
		const struct guard_wrapper *wrapper;

		/* Named, defined elsewhere, and the address itself: whatever this machine calls it. */
		if (symbol->st_name == 0 || symbol->st_shndx != SHN_UNDEF || table[i].r_addend != 0)
			continue;
		wrapper = guard_wrapper_named(module->strings + symbol->st_name);
		if (wrapper != NULL && *wrapper->real != NULL)
			redirect(module, (void **)(module->base + table[i].r_offset),
				 wrapper->wrapper);
	}
}

/* Some linkers leave offsets in the dynamic section, some put addresses there. */
static const void *at(const struct module *module, const ElfW(Dyn) * entry)
{
	uintptr_t value = entry->d_un.d_ptr;

	return (const void *)(value < module->base ? module->base + value : value);
}

static void patch_dynamic(struct module *module, const ElfW(Dyn) * entry)
{
	const ElfW(Rela) *plt = NULL, *others = NULL;
	size_t plt_size = 0, others_size = 0;

	for (; entry->d_tag != DT_NULL; entry++)
		switch (entry->d_tag) {
		case DT_SYMTAB:
			module->symbols = at(module, entry);
			break;
		case DT_STRTAB:
			module->strings = at(module, entry);
			break;
		case DT_JMPREL:
			plt = at(module, entry);
			break;
		case DT_PLTRELSZ:
			plt_size = entry->d_un.d_val;
			break;
		case DT_RELA:
			others = at(module, entry);
			break;
		case DT_RELASZ:
			others_size = entry->d_un.d_val;
			break;
		}
	if (module->symbols == NULL || module->strings == NULL)
		return;
	patch(module, plt, plt_size);
	patch(module, others, others_size);
}

/* The functions' own module, which is libc, goes on as it is. */
static bool holds(const struct dl_phdr_info *info, uintptr_t address)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && address >= low &&
		    address < low + info->dlpi_phdr[i].p_memsz)
			return true;
	}
	return false;
}

static int patch_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct module module = { .base = info->dlpi_addr };
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Dyn) *dynamic = NULL;

	(void)size;
	if (holds(info, (uintptr_t) * (void **)arg))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t low = module.base + header->p_vaddr;

		if (header->p_type == PT_DYNAMIC)
			dynamic = (const void *)low;
		if (header->p_type == PT_GNU_RELRO) {
			module.relro_low = low;
			module.relro_high = (low + header->p_memsz) & ~(page - 1);
		}
	}
	if (dynamic != NULL)
		patch_dynamic(&module, dynamic);
	return 0;
}

/* ---- Libraries that come later ----------------------------------------------------------------- */

static void *(*real_dlopen)(const char *file, int flags);

/* dlopen() asks who calls it, which a jump at the end, made of this with optimisation, leaves as it was. */
static void *wrap_dlopen(const char *file, int flags)
{
	if (guard_mine != NULL)
		guard_mine->hb->noted = 1;
	return real_dlopen(file, flags);
}

const struct guard_wrapper guard_loader_wrappers[] = {
	{ "dlopen", (void *)wrap_dlopen, (void **)(void *)&real_dlopen },
	{ NULL, NULL, NULL },
};

/* ---- On -------------------------------------------------------------------------------------- */

static int is_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(bool *)arg = holds(info, (uintptr_t)dlsym(RTLD_DEFAULT, "nanosleep"));
	return 1; /* it is the first */
}

/*
 * Not where a program is linked statically, or has a sanitizer's runtime in it, as clang's have: what
 * it calls in itself has no slot.
 */
bool guard_has_slots(void)
{
	bool own = false;

	if (dlsym(RTLD_DEFAULT, "nanosleep") == NULL)
		return false;
	dl_iterate_phdr(is_program, &own);
	return !own;
}

void *guard_original(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	(void)dlerror(); /* what is missing here is no error of the program's */
	return found;
}

void guard_slots_patch(bool again)
{
	static uint64_t version;
	uint64_t now = guard_modules_version();
	void *libc = dlsym(RTLD_DEFAULT, "nanosleep");

	if (again || now != version)
		dl_iterate_phdr(patch_module, &libc);
	version = now;
}
