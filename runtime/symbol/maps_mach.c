/* SPDX-License-Identifier: MIT */
/* maps_mach.c - memory as Mach shows it to its own task. Which file it is of only dyld knows, by a lock. */
#include "runtime/symbol/maps.h"

#include <mach/mach.h>
#include <unistd.h>

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

/* All of it is copied, or nothing: so it goes page by page. */
size_t maps_read(void *bytes, size_t size, uintptr_t from)
{
	size_t page = (size_t)getpagesize(), done = 0;

	while (done < size) {
		uintptr_t at = from + done;
		size_t part = page - at % page;
		vm_size_t copied = 0;

		if (part > size - done)
			part = size - done;
		if (vm_read_overwrite(mach_task_self(), at, part,
				      (vm_address_t)((char *)bytes + done),
				      &copied) != KERN_SUCCESS)
			break;
		done += part;
	}
	return done;
}
