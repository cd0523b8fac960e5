/* SPDX-License-Identifier: MIT */
/* text.h - characters appended to a buffer that someone else owns, cut off at its end. */
#ifndef LOOPHOUND_RUNTIME_WATCHDOG_TEXT_H
#define LOOPHOUND_RUNTIME_WATCHDOG_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct watchdog_text {
	char *at;
	size_t size, used;
};

/* size is at least 1. */
struct watchdog_text text_begin(char *buffer, size_t size);
void text_add(struct watchdog_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "103.7 ms" */
void text_add_ms(struct watchdog_text *text, int64_t ns);
/* Rounded: 104 */
long long text_whole_ms(int64_t ns);

#endif
