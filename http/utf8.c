/* SPDX-License-Identifier: MIT */
/* utf8.c - see utf8.h. The table of well-formed sequences is Unicode's 3-7, written as code. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "http/utf8.h"

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

/* Not 0 when one of the eight bytes is below n, for n up to 128. Which one is not told. */
static uint64_t has_below(uint64_t word, unsigned n)
{
	return (word - ONES * n) & ~word & HIGHS;
}

const char *utf8_skip_plain(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		if ((word & HIGHS) | has_below(word, ' ') | has_below(word ^ (ONES * '"'), 1) |
		    has_below(word ^ (ONES * '\\'), 1))
			break;
		at += 8;
	}
	while (at < end && is_plain((unsigned char)*at))
		at++;
	return at;
}

static bool continues(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

int utf8_length(const char *at, const char *end)
{
	const unsigned char *c = (const unsigned char *)at;
	long left = end - at;

	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xc2 || left < 2 || !continues(c[1]))
		return 0;
	if (c[0] < 0xe0)
		return 2;
	if (left < 3 || !continues(c[2]))
		return 0;
	if (c[0] < 0xf0) {
		bool overlong = c[0] == 0xe0 && c[1] < 0xa0;
		bool surrogate = c[0] == 0xed && c[1] > 0x9f;

		return overlong || surrogate ? 0 : 3;
	}
	if (left < 4 || !continues(c[3]) || c[0] > 0xf4)
		return 0;
	if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return 4;
}
