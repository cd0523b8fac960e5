/* SPDX-License-Identifier: MIT */
/* maps_none.c - for systems that do not list what is mapped where. */
#include "runtime/maps.h"

bool maps_find(uintptr_t address, struct maps_place *place)
{
	(void)address, (void)place;
	return false;
}
