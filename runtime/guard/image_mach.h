/* SPDX-License-Identifier: MIT */
/* image_mach.h - the load commands of a Mach-O image in memory. */
#ifndef LOOPHOUND_RUNTIME_GUARD_IMAGE_MACH_H
#define LOOPHOUND_RUNTIME_GUARD_IMAGE_MACH_H

#include <mach-o/loader.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The system's own libraries come in one piece, and call one another without slots of their own. */
static inline bool image_is_system(const struct mach_header *header)
{
	return header->flags & MH_DYLIB_IN_CACHE;
}

/* The segment after that one, or the first; NULL: there is none. All systems here have 64 bits. */
static inline const struct segment_command_64 *image_next_segment(
	const struct mach_header *header, const struct segment_command_64 *before)
{
	const char *at = (const char *)header + sizeof(struct mach_header_64);
	const char *end = at + header->sizeofcmds;

	if (before != NULL)
		at = (const char *)before + before->cmdsize;
	for (; at < end; at += ((const struct load_command *)at)->cmdsize)
		if (((const struct load_command *)at)->cmd == LC_SEGMENT_64)
			return (const struct segment_command_64 *)at;
	return NULL;
}

#endif
