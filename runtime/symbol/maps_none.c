/* SPDX-License-Identifier: MIT */
/* maps_none.c - for systems that do not show a process its memory. */
#include "runtime/symbol/maps.h"

bool maps_find(uintptr_t address, struct maps_place *place)
{
	(void)address, (void)place;
	return false;
}

size_t maps_code(struct maps_range *ranges, size_t max)
{
	(void)ranges, (void)max;
	return 0;
}

size_t maps_read(void *bytes, size_t size, uintptr_t from)
{
	(void)bytes, (void)size, (void)from;
	return 0;
}
