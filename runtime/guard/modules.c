/* SPDX-License-Identifier: MIT */
/*
 * modules.c - what is loaded: where code is, whether that has changed, and that we stay.
 *
 * A library may come or go while a loop runs. Whoever has looked at the modules keeps their version,
 * and looks again when it is another one.
 */
#include "runtime/guard/internal.h"

#include <dlfcn.h>

void guard_code_add(struct guard *guard, uintptr_t low, uintptr_t high)
{
	if (guard->ranges < GUARD_RANGES)
		guard->code[guard->ranges++] = (struct guard_range){ low, high };
}

/* Handlers and slots point to us for good: were we in a library that goes, they would point nowhere. */
void guard_modules_stay(void)
{
	Dl_info own;

	if (dladdr((void *)guard_modules_stay, &own) != 0)
		(void)dlopen(own.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}
