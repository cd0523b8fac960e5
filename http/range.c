/* SPDX-License-Identifier: MIT */
/* range.c - two headers of numbers, compared. */
#include "http/range.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Digits only, and no overflow. False when there is none. */
static bool take_number(const char **at, uint64_t *number)
{
	const char *start = *at;

	*number = 0;
	for (; isdigit((unsigned char)**at); ++*at) {
		if (*number > (UINT64_MAX - 9) / 10)
			return false;
		*number = *number * 10 + (uint64_t)(**at - '0');
	}
	return *at > start;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

/* "bytes first-last/size", size perhaps "*", which is then UINT64_MAX. */
static bool parse_part(const char *got, uint64_t *first, uint64_t *last, uint64_t *size)
{
	if (!got || strncasecmp(got, "bytes ", 6) != 0)
		return false;
	got += 6;
	if (!take_number(&got, first) || !take_char(&got, '-') || !take_number(&got, last) ||
	    !take_char(&got, '/'))
		return false;
	*size = UINT64_MAX;
	if (!take_char(&got, '*') && !take_number(&got, size))
		return false;
	return *got == '\0' && *first <= *last && *last < *size;
}

bool range_answered(const char *asked, const char *got, int64_t length)
{
	uint64_t first, last, size, from, to = UINT64_MAX;

	if (strncasecmp(asked, "bytes=", 6) != 0 || strchr(asked, ','))
		return true;
	if (!parse_part(got, &first, &last, &size))
		return false;
	if (length >= 0 && (uint64_t)length != last - first + 1)
		return false;
	asked += 6;
	if (take_char(&asked, '-')) {
		/* The last so many bytes; with an unknown size there is no telling. */
		return take_number(&asked, &from) &&
		       (size == UINT64_MAX || (last == size - 1 && last - first < from));
	}
	if (!take_number(&asked, &from) || !take_char(&asked, '-'))
		return false;
	if (*asked && !take_number(&asked, &to))
		return false;
	return first == from && last <= to;
}

uint64_t range_length(const char *got)
{
	uint64_t first, last, size;

	return parse_part(got, &first, &last, &size) ? last - first + 1 : UINT64_MAX;
}
