/* SPDX-License-Identifier: MIT */
/*
 * maps.h - which file an address of this process comes from, as the kernel lists it. For where
 * nothing better can be asked: in a signal handler, or without libdw. Async-signal-safe.
 */
#ifndef LOOPHOUND_RUNTIME_MAPS_H
#define LOOPHOUND_RUNTIME_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maps_place {
	char path[160];	  /* cut off in front when it is longer */
	uintptr_t offset; /* in the file, as addr2line takes it */
};

/* False when the address is in no file, or this system does not say. */
bool maps_find(uintptr_t address, struct maps_place *place);

#endif
