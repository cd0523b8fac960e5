/* SPDX-License-Identifier: MIT */
/*
 * modules.c - what is loaded: where code is, whether that has changed, and that we stay.
 *
 * A library may come or go while a loop runs. Whoever has looked at the modules keeps their version,
 * and looks again when it is another one.
 */
#include "runtime/guard/internal.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

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

void guard_code_add(struct guard *guard, uintptr_t low, uintptr_t high)
{
	if (guard->ranges < GUARD_RANGES)
		guard->code[guard->ranges++] = (struct guard_range){ low, high };
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

/* Handlers and slots point to us for good: were we in a library that goes, they would point nowhere. */
void guard_modules_stay(void)
{
	Dl_info own;

	if (dladdr((void *)guard_modules_stay, &own) != 0)
		(void)dlopen(own.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}
