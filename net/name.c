/* SPDX-License-Identifier: MIT */
/* name.c - what can be the name of a host, decided before any look-up. Pure. */
#include "net/name.h"

#include <string.h>

static bool is_name_byte(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_';
}

const char *name_fault(const char *name)
{
	size_t length = strlen(name), label = 0;

	if (length > 0 && name[length - 1] == '.')
		length--;
	if (length == 0 || length > NAME_SIZE - 2)
		return length ? "it has more than 253 bytes" : "it is empty";
	for (size_t i = 0; i <= length; i++) {
		if (i == length || name[i] == '.') {
			if (label == 0 || label > 63)
				return label ? "a label has more than 63 bytes"
					     : "a label is empty";
			label = 0;
			continue;
		}
		if (!is_name_byte(name[i]))
			return "a character cannot be in a name";
		label++;
	}
	return NULL;
}

bool name_ends_in_number(const char *name)
{
	size_t length = strlen(name), start;
	const char *last;

	if (length > 0 && name[length - 1] == '.')
		length--;
	for (start = length; start > 0 && name[start - 1] != '.'; start--)
		;
	last = name + start;
	length -= start;
	if (length >= 2 && last[0] == '0' && (last[1] | 0x20) == 'x')
		return strspn(last + 2, "0123456789abcdefABCDEF") >= length - 2;
	return length > 0 && strspn(last, "0123456789") >= length;
}
