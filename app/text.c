/* SPDX-License-Identifier: MIT */
/* text.c - a growing buffer whose failure is remembered until somebody asks. */
#include "app/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

static bool resize(struct text *text, size_t capacity)
{
	char *data = realloc(text->data, capacity);

	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

bool text_grow_slowly(struct text *text, size_t more)
{
	size_t capacity = text->capacity ? text->capacity : 256;

	if (text->failed)
		return false;
	if (more > SIZE_MAX / 2 - text->length) {
		text->failed = true;
		return false;
	}
	while (capacity <= text->length + more)
		capacity *= 2;
	return resize(text, capacity);
}

void text_reserve(struct text *text, size_t more)
{
	if (text->failed || (text->data && more < text->capacity - text->length))
		return;
	if (more > SIZE_MAX / 2 - text->length)
		text->failed = true;
	else
		resize(text, text->length + more + 1);
}

void text_remove(struct text *text, size_t at, size_t size)
{
	if (text->failed)
		return;
	memmove(text->data + at, text->data + at + size, text->length - at - size);
	text->length -= size;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args, again;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size >= 0 && text_grow(text, (size_t)size + 1)) {
		vsnprintf(text->data + text->length, (size_t)size + 1, format, again);
		text->length += (size_t)size;
	}
	va_end(again);
}

void text_unsigned(struct text *text, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	text_bytes(text, digits + at, sizeof digits - at);
}

void text_ms(struct text *text, int64_t ns)
{
	uint64_t tenths = ns <= 0 ? 0 : ((uint64_t)ns + 50000) / 100000;

	text_unsigned(text, tenths / 10);
	if (tenths % 10) {
		text_char(text, '.');
		text_char(text, (char)('0' + tenths % 10));
	}
}

const char *text_cstr(struct text *text)
{
	if (!text->data)
		return "";
	text->data[text->length] = '\0';
	return text->data;
}
