/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "runtime/watchdog/text.h"

#include <stdarg.h>
#include <stdio.h>

struct watchdog_text text_begin(char *buffer, size_t size)
{
	buffer[0] = '\0';
	return (struct watchdog_text){ .at = buffer, .size = size };
}

void text_add(struct watchdog_text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	if (text->used + 1 >= text->size)
		return;
	va_start(arguments, format);
	length = vsnprintf(text->at + text->used, text->size - text->used, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->used += (size_t)length;
	if (text->used >= text->size)
		text->used = text->size - 1;
}

void text_add_ms(struct watchdog_text *text, int64_t ns)
{
	int64_t tenths = (ns + 50000) / 100000;

	text_add(text, "%lld.%d ms", (long long)(tenths / 10), (int)(tenths % 10));
}

long long text_whole_ms(int64_t ns)
{
	return (long long)((ns + 500000) / 1000000);
}
