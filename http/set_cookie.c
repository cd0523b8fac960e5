/* SPDX-License-Identifier: MIT */
/* set_cookie.c - see set_cookie.h. The numbers of paragraphs are those of RFC 6265. */
#include "http/set_cookie.h"

#include <string.h>
#include <strings.h>

#include "http/cookies.h"

static struct span trimmed(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct span){ at, (size_t)(end - at) };
}

static bool is(struct span span, const char *word)
{
	return span.size == strlen(word) && strncasecmp(span.at, word, span.size) == 0;
}

/* 5.2.2; saturated. */
static int64_t expires_after(struct span value, int64_t now)
{
	size_t i = value.size > 0 && value.at[0] == '-';
	int64_t age = 0;

	if (i == value.size)
		return SET_COOKIE_NEVER;
	for (size_t k = i; k < value.size; k++) {
		if (value.at[k] < '0' || value.at[k] > '9')
			return SET_COOKIE_NEVER;
		age = age > 100000000000 ? age : age * 10 + value.at[k] - '0';
	}
	return i || age == 0 ? INT64_MIN : now + age;
}

static void read_attribute(struct wish *wish, struct span name, struct span value, int64_t now)
{
	int64_t date;

	if (is(name, "expires")) {
		if (!wish->has_max_age && cookies_date(value.at, value.size, &date))
			wish->expires = date;
	} else if (is(name, "max-age")) {
		date = expires_after(value, now);
		wish->has_max_age |= date != SET_COOKIE_NEVER;
		wish->expires = date != SET_COOKIE_NEVER ? date : wish->expires;
	} else if (is(name, "domain")) {
		wish->domain = value;
		if (value.size && value.at[0] == '.')
			wish->domain = (struct span){ value.at + 1, value.size - 1 };
	} else if (is(name, "path")) {
		wish->has_path = value.size && value.at[0] == '/';
		wish->path = value;
	} else if (is(name, "secure")) {
		wish->secure = true;
	}
}

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

/* 5.2. */
bool set_cookie_read(struct wish *wish, const char *text, int64_t now)
{
	const char *end = text + strcspn(text, ";");
	const char *equals = memchr(text, '=', (size_t)(end - text));

	*wish = (struct wish){ .expires = SET_COOKIE_NEVER };
	if (!is_clean(text))
		return false;
	/* A value alone is a cookie without a name. */
	wish->name = equals ? trimmed(text, equals) : (struct span){ text, 0 };
	wish->value = trimmed(equals ? equals + 1 : text, end);
	if (wish->name.size + wish->value.size == 0 ||
	    wish->name.size + wish->value.size > COOKIES_MAX_SIZE)
		return false;
	while (*end) {
		text = end + 1;
		end = text + strcspn(text, ";");
		equals = memchr(text, '=', (size_t)(end - text));
		read_attribute(wish, trimmed(text, equals ? equals : end),
			       equals ? trimmed(equals + 1, end) : (struct span){ "", 0 }, now);
	}
	return true;
}
