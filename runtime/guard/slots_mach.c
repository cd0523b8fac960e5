/* SPDX-License-Identifier: MIT */
/*
 * slots_mach.c - through which slots an image calls others, as Mach-O has it: sections of pointers that
 * dyld has filled in. One that holds a wrapped function's address gets the wrapper's.
 *
 * By address, not by name: the linker's names differ from the program's (_stat$INODE64, _select$1050),
 * and some of them are functions of another type. A pointer that is bound at the first call, as by
 * dyld before macOS 12, is seen only if it has been called before. The system's own libraries stay as
 * they are. The alternative, a section __DATA,__interpose, is in force from the start, in programs
 * that are not guarded too, and only in a dynamic library.
 */
#include "runtime/guard/slots.h"

#include "runtime/guard/image_mach.h"

#include <mach-o/dyld.h>
#include <mach/mach.h>
#include <string.h>

/* Of a page that may be read-only by now, and shared with other processes until it is written to. */
static void redirect(void **slot, void *wrapper)
{
	vm_address_t address = (vm_address_t)slot;

	if (vm_protect(mach_task_self(), address, sizeof(*slot), false,
		       VM_PROT_READ | VM_PROT_WRITE | VM_PROT_COPY) != KERN_SUCCESS)
		return;
	__atomic_store_n(slot, wrapper, __ATOMIC_RELAXED);
}

static void patch_section(const struct section_64 *section, uintptr_t slide)
{
	void **slots = (void **)((uintptr_t)section->addr + slide);
	uint32_t type = section->flags & SECTION_TYPE;

	if (type != S_LAZY_SYMBOL_POINTERS && type != S_NON_LAZY_SYMBOL_POINTERS)
		return;
	for (size_t i = 0; i < section->size / sizeof(*slots); i++) {
		const struct guard_wrapper *wrapper =
			slots[i] != NULL ? guard_wrapper_of(slots[i]) : NULL;

		if (wrapper != NULL)
			redirect(&slots[i], wrapper->wrapper);
	}
}

/*
 * Pages stay writable that dyld had made read-only: another slot of theirs may be written to at this
 * moment, in another thread that is about to call through it.
 */
static void added(const struct mach_header *header, intptr_t slide)
{
	const struct segment_command_64 *segment = NULL;

	if (image_is_system(header))
		return;
	while ((segment = image_next_segment(header, segment)) != NULL) {
		const struct section_64 *sections = (const struct section_64 *)(segment + 1);

		if (strncmp(segment->segname, SEG_DATA, strlen(SEG_DATA)) != 0)
			continue;
		for (uint32_t i = 0; i < segment->nsects; i++)
			patch_section(&sections[i], (uintptr_t)slide);
	}
}

/* libSystem is never linked statically. */
bool guard_has_slots(void)
{
	return true;
}

/* dyld calls for all that is there, and from then on for each new image, before its own code runs. */
void guard_slots_patch(bool again)
{
	static bool asked;

	(void)again;
	if (!asked)
		_dyld_register_func_for_add_image(added);
	asked = true;
}
