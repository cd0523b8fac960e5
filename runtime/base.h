/* SPDX-License-Identifier: MIT */
/* base.h - container_of, must(), and nothing that needs a source file of its own but those. */
#ifndef LOOPHOUND_RUNTIME_BASE_H
#define LOOPHOUND_RUNTIME_BASE_H

#include <stddef.h>

#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define array_size(array) (sizeof(array) / sizeof((array)[0]))

/*
 * For what only the programmer can have caused: prints the message and aborts. It is not assert():
 * NDEBUG does not remove it, and the message names the caller's places.
 */
#define must(condition, ...)                           \
	do {                                           \
		if (__builtin_expect(!(condition), 0)) \
			base_die(__VA_ARGS__);         \
	} while (0)

void base_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
