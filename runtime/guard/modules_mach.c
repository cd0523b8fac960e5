/* SPDX-License-Identifier: MIT */
/*
 * modules_mach.c - which modules there are, as dyld tells: it calls for each image that is there, and then
 * for each that comes or goes. To walk its list instead would be to race with dlclose() elsewhere.
 *
 * dyld calls for one image at a time. What has gone keeps its range: no address in it means anything.
 */
#include "runtime/guard/image_mach.h"
#include "runtime/guard/internal.h"

#include <mach-o/dyld.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static atomic_uint_fast64_t version;
static struct guard_range ranges[GUARD_RANGES];
static atomic_size_t known;
/* The system's libraries, of which there are hundreds, as one. */
static _Atomic(uintptr_t) system_low = UINTPTR_MAX, system_high;

static void add_range(uintptr_t low, uintptr_t high)
{
	size_t count = atomic_load(&known);

	for (size_t i = 0; i < count; i++)
		if (ranges[i].low == low && ranges[i].high == high)
			return;
	if (count == GUARD_RANGES - 1) /* one place is the system's */
		return;
	ranges[count] = (struct guard_range){ low, high };
	atomic_store(&known, count + 1);
}

static void added(const struct mach_header *header, intptr_t slide)
{
	const struct segment_command_64 *segment = NULL;

	while ((segment = image_next_segment(header, segment)) != NULL) {
		uintptr_t low = (uintptr_t)segment->vmaddr + (uintptr_t)slide;
		uintptr_t high = low + (uintptr_t)segment->vmsize;

		if (strncmp(segment->segname, SEG_TEXT, sizeof(segment->segname)) != 0)
			continue;
		if (!image_is_system(header)) {
			add_range(low, high);
			continue;
		}
		if (low < atomic_load(&system_low))
			atomic_store(&system_low, low);
		if (high > atomic_load(&system_high))
			atomic_store(&system_high, high);
	}
	atomic_fetch_add(&version, 1);
}

static void removed(const struct mach_header *header, intptr_t slide)
{
	(void)header, (void)slide;
	atomic_fetch_add(&version, 1);
}

static void begin(void)
{
	_dyld_register_func_for_add_image(added);
	_dyld_register_func_for_remove_image(removed);
}

uint64_t guard_modules_version(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, begin);
	return atomic_load(&version);
}

void guard_code_look(struct guard *guard)
{
	uint64_t now = guard_modules_version();

	if (guard->version == now)
		return;
	guard->version = now;
	guard->ranges = atomic_load(&known);
	memcpy(guard->code, ranges, guard->ranges * sizeof(ranges[0]));
	guard_code_add(guard, atomic_load(&system_low), atomic_load(&system_high));
}
