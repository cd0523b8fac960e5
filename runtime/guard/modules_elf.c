/* SPDX-License-Identifier: MIT */
/*
 * modules_elf.c - which modules there are, as ELF systems tell: by dl_iterate_phdr().
 */
#include "runtime/guard/internal.h"

#include <link.h>

static int take_version(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(uint64_t *)arg = info->dlpi_adds + info->dlpi_subs;
	return 1;
}

/* Both counters only grow. */
uint64_t guard_modules_version(void)
{
	uint64_t version = 0;

	dl_iterate_phdr(take_version, &version);
	return version;
}

static int add_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct guard *guard = arg;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X))
			guard_code_add(guard, low, low + info->dlpi_phdr[i].p_memsz);
	}
	return 0;
}

void guard_code_look(struct guard *guard)
{
	uint64_t version = guard_modules_version();

	if (guard->version == version)
		return;
	guard->version = version;
	guard->ranges = 0;
	dl_iterate_phdr(add_code, guard);
}
