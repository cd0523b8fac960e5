/* SPDX-License-Identifier: MIT */
/* target.c - see target.h. */
#include "http/target.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "http/writer.h"

static void put_encoded(struct writer *writer, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;
		char escape[3] = { '%', digits[byte >> 4], digits[byte & 15] };

		if (byte < 0x80 && (isalnum(byte) || strchr("-._~", byte)))
			put_bytes(writer, text, 1);
		else
			put_bytes(writer, escape, 3);
	}
}

/* The fragment would swallow them; a query may be there already. */
static void put_text(struct writer *writer, const char *text, const struct http_param *params,
		     size_t count)
{
	size_t length = strcspn(text, "#");
	const char *query = memchr(text, '?', length);
	const char *between = !query ? "?" : query + 1 < text + length ? "&" : "";

	put_bytes(writer, text, length);
	for (size_t i = 0; i < count; i++) {
		put(writer, i ? "&" : between);
		put_encoded(writer, params[i].name);
		put(writer, "=");
		put_encoded(writer, params[i].value);
	}
}

static int parse(struct url **out, const struct url *base, const char *text, size_t size,
		 char why[URL_WHY])
{
	return base ? url_resolve(out, base, text, size, why) : url_parse(out, text, size, why);
}

int target_url(struct url **out, const struct url *base, const char *text,
	       const struct http_param *params, size_t count, char why[URL_WHY])
{
	struct writer length = { NULL, 0 }, writer = { NULL, 0 };
	char *whole;
	int rc;

	if (count == 0)
		return parse(out, base, text, strlen(text), why);
	put_text(&length, text, params, count);
	writer.at = whole = malloc(length.size + 1);
	if (!whole)
		return ASYNC_ENOMEM;
	put_text(&writer, text, params, count);
	rc = parse(out, base, whole, length.size, why);
	free(whole);
	return rc;
}

static void put_userinfo(struct writer *writer, const char *user, const char *password)
{
	put_encoded(writer, user);
	put(writer, ":");
	if (password)
		put_encoded(writer, password);
	put_bytes(writer, "", 1);
}

char *target_userinfo(const char *user, const char *password)
{
	struct writer length = { NULL, 0 }, writer = { NULL, 0 };
	char *text;

	put_userinfo(&length, user, password);
	writer.at = text = malloc(length.size);
	if (text)
		put_userinfo(&writer, user, password);
	return text;
}
