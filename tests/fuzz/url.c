/* SPDX-License-Identifier: MIT */
/*
 * url.c - a URL, and behind a line feed a reference, as in a Location: what is accepted is in normal
 * form, and its normal form is itself.
 */
#include "http/redirect.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
	for (const char *at = text; *at; at++)
		must(*at > ' ' && *at < 0x7f, "byte %d in %s", *at, text);
}

static void check(const struct url *url)
{
	char why[URL_WHY];
	struct url *again;

	check_text(url->text);
	check_text(url->target);
	check_text(url->authority);
	must(url->target[0] == '/', "target %s", url->target);
	must(url->port >= 1 && url->port <= 65535, "port %d", url->port);
	must(*url->host, "no host");
	must(!strchr(url->text, '#') && !strchr(url->authority, '@'), "%s", url->text);
	must(url_parse(&again, url->text, strlen(url->text), why) == 0, "%s: %s", url->text, why);
	must(strcmp(url->text, again->text) == 0, "%s becomes %s", url->text, again->text);
	must(url_same_origin(url, again), "%s", url->text);
	url_free(again);
}

FUZZ(url)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t length = line ? (size_t)(line - data) : size;
	char *text = fuzz_copy(data, length), why[URL_WHY] = "";
	struct url *base, *next;
	int rc = url_parse(&base, text, length, why);

	free(text);
	for (const char *at = why; *at; at++)
		must(*at >= ' ' && *at != 0x7f, "byte %d in a reason", *at);
	if (rc < 0)
		return;
	check(base);
	text = fuzz_string(line ? line + 1 : data, line ? size - length - 1 : 0);
	if (redirect_resolve(&next, base, text, false, why) == 0) {
		check(next);
		must(next->secure || !base->secure, "a downgrade to %s", next->text);
		must(!next->userinfo, "user information of a Location");
		url_free(next);
	}
	free(text);
	url_free(base);
}
