/* SPDX-License-Identifier: MIT */
/*
 * slots.h - between symbols.c, which knows the wrappers, and slots_elf.c or slots_mach.c, which know how
 * modules call one another.
 */
#ifndef LOOPHOUND_RUNTIME_GUARD_SLOTS_H
#define LOOPHOUND_RUNTIME_GUARD_SLOTS_H

#include "runtime/guard/internal.h"

/* ---- What a system gives --------------------------------------------------------------------- */

/* The function that the program means by the name; NULL: there is none here, or none to be wrapped. */
void *guard_original(const char *name);
/* False where what the program calls has no slots, so that nothing of it could be seen. */
bool guard_has_slots(void);
/* Points the slots of all modules to the wrappers in force; if not again, at least those of new ones. */
void guard_slots_patch(bool again);

/* ---- What it may use ------------------------------------------------------------------------- */

/* NULL: it is not wrapped. Either may be asked in any thread. */
const struct guard_wrapper *guard_wrapper_named(const char *name);
const struct guard_wrapper *guard_wrapper_of(const void *original);

#endif
