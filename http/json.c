/* SPDX-License-Identifier: MIT */
/*
 * json.c - is this text JSON? One pass, no recursion, no allocation.
 *
 * A state says what may come next; the containers around it are a stack of single bits, 64 bytes
 * for the 512 levels. Whoever finds a fault leaves `at` on the byte that is wrong.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "http/json.h"
#include "http/utf8.h"

enum state {
	WANT_VALUE,
	WANT_ELEMENT, /* a value or the end of an array that has just begun */
	WANT_KEY,
	WANT_MEMBER, /* a key or the end of an object that has just begun */
	WANT_COMMA,  /* or the end of the container */
	WANT_NOTHING,
};

struct scanner {
	const char *at, *end;
	enum state state;
	unsigned depth;
	bool too_deep;
	uint64_t objects[JSON_MAX_DEPTH / 64]; /* one bit a level: an object, not an array */
};

static bool is_digit(const struct scanner *s)
{
	return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static bool take(struct scanner *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static void skip_space(struct scanner *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static bool scan_digits(struct scanner *s)
{
	if (!is_digit(s))
		return false;
	while (is_digit(s))
		s->at++;
	return true;
}

static bool scan_number(struct scanner *s)
{
	take(s, '-');
	if (!take(s, '0') && !scan_digits(s))
		return false;
	if (take(s, '.') && !scan_digits(s))
		return false;
	if (!take(s, 'e') && !take(s, 'E'))
		return true;
	if (!take(s, '+'))
		take(s, '-');
	return scan_digits(s);
}

static bool scan_word(struct scanner *s, const char *word)
{
	while (*word)
		if (!take(s, *word++))
			return false;
	return true;
}

/* Four hex digits as a number, or -1. */
static int scan_hex4(struct scanner *s)
{
	int value = 0;

	for (int i = 0; i < 4; i++, s->at++) {
		char c = s->at < s->end ? *s->at : '\0';

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* After the backslash. */
static bool scan_escape(struct scanner *s)
{
	int unit;

	if (s->at == s->end || !strchr("\"\\/bfnrtu", *s->at) || *s->at == '\0')
		return false;
	if (*s->at++ != 'u')
		return true;
	unit = scan_hex4(s);
	if (unit < 0 || (unit & 0xfc00) == 0xdc00)
		return false;
	if ((unit & 0xfc00) != 0xd800)
		return true;
	/* The first half of a pair: alone it is no character, and many readers choke on it. */
	if (!take(s, '\\') || !take(s, 'u'))
		return false;
	return (scan_hex4(s) & ~0x3ff) == 0xdc00;
}

/* After the opening quote, to beyond the closing one. */
static bool scan_string(struct scanner *s)
{
	for (;;) {
		int length;

		s->at = utf8_skip_plain(s->at, s->end);
		if (s->at == s->end)
			return false;
		if (take(s, '"'))
			return true;
		if (take(s, '\\')) {
			if (!scan_escape(s))
				return false;
			continue;
		}
		if ((unsigned char)*s->at < ' ')
			return false;
		length = utf8_length(s->at, s->end);
		if (length == 0)
			return false;
		s->at += length;
	}
}

static bool push(struct scanner *s, bool object)
{
	if (s->depth == JSON_MAX_DEPTH) {
		s->too_deep = true;
		return false;
	}
	s->objects[s->depth / 64] &= ~(1ULL << s->depth % 64);
	s->objects[s->depth / 64] |= (uint64_t)object << s->depth % 64;
	s->depth++;
	s->at++;
	s->state = object ? WANT_MEMBER : WANT_ELEMENT;
	return true;
}

static bool in_object(const struct scanner *s)
{
	return s->objects[(s->depth - 1) / 64] >> (s->depth - 1) % 64 & 1;
}

static void end_value(struct scanner *s)
{
	s->state = s->depth ? WANT_COMMA : WANT_NOTHING;
}

static bool pop(struct scanner *s)
{
	if (s->depth == 0 || !take(s, in_object(s) ? '}' : ']'))
		return false;
	s->depth--;
	end_value(s);
	return true;
}

static bool scan_value(struct scanner *s)
{
	bool good;

	switch (*s->at) {
	case '{':
		return push(s, true);
	case '[':
		return push(s, false);
	case '"':
		s->at++;
		good = scan_string(s);
		break;
	case 't':
		good = scan_word(s, "true");
		break;
	case 'f':
		good = scan_word(s, "false");
		break;
	case 'n':
		good = scan_word(s, "null");
		break;
	default:
		good = scan_number(s);
		break;
	}
	end_value(s);
	return good;
}

static bool scan_key(struct scanner *s)
{
	if (!take(s, '"') || !scan_string(s))
		return false;
	skip_space(s);
	s->state = WANT_VALUE;
	return take(s, ':');
}

/* One token, or a key with its colon. There is at least one byte. */
static bool scan_token(struct scanner *s)
{
	switch (s->state) {
	case WANT_ELEMENT:
		if (*s->at == ']')
			return pop(s);
		/* fall through */
	case WANT_VALUE:
		return scan_value(s);
	case WANT_MEMBER:
		if (*s->at == '}')
			return pop(s);
		/* fall through */
	case WANT_KEY:
		return scan_key(s);
	case WANT_COMMA:
		if (!take(s, ','))
			return pop(s);
		s->state = in_object(s) ? WANT_KEY : WANT_VALUE;
		return true;
	default:
		return false;
	}
}

enum json_verdict json_validate(struct json_span text, size_t *offset)
{
	const char *start = text.len ? text.ptr : "";
	struct scanner s = { .at = start, .end = start + text.len, .state = WANT_VALUE };
	bool good = true;

	for (skip_space(&s); good && s.at < s.end; skip_space(&s)) {
		good = scan_token(&s);
		if (!good)
			break;
	}
	if (good && s.state == WANT_NOTHING)
		return JSON_VALID;
	if (offset)
		*offset = s.at - start;
	return s.too_deep ? JSON_TOO_DEEP : JSON_INVALID;
}

bool json_is_utf8(struct json_span text)
{
	const char *at = text.len ? text.ptr : "", *end = at + text.len;

	while (at < end) {
		int length;

		at = utf8_skip_plain(at, end);
		if (at == end)
			break;
		length = utf8_length(at, end);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}
