/* SPDX-License-Identifier: MIT */
/*
 * maps.h - this process's own memory, as the kernel sees it: which file an address comes from, and
 * what is there, if anything is. Only system calls, so it is async-signal-safe and takes no lock.
 */
#ifndef LOOPHOUND_RUNTIME_MAPS_H
#define LOOPHOUND_RUNTIME_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maps_place {
	char path[160];	   /* cut off in front when it is longer */
	uintptr_t offset;  /* in the file, as addr2line takes it */
	char build_id[41]; /* in hexadecimal; "": it has none */
};

/* False when the address is in no file, or this system does not say. */
bool maps_find(uintptr_t address, struct maps_place *place);

struct maps_range {
	uintptr_t low, high;
};

/* Where code may run, in ascending order. Returns how many ranges, at most max. */
size_t maps_code(struct maps_range *ranges, size_t max);

/* Copies what is there, up to the first page that is not. Returns how many bytes. */
size_t maps_read(void *bytes, size_t size, uintptr_t from);

#endif
