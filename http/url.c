/* SPDX-License-Identifier: MIT */
/*
 * url.c - writes the normal form of a URL that url_split() has accepted, and resolves references.
 *
 * One allocation, for the longest form that encoding can give. A reference is resolved by writing
 * the absolute URL that it means and parsing that, so there is one set of rules for both.
 */
#include <stdlib.h>
#include <string.h>

#include "http/http.h"
#include "http/url.h"
#include "http/url_split.h"

/* Copies path or query; whatever RFC 3986 has no place for becomes a triplet. Returns the end. */
static char *encode(char *out, struct url_span text)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *end = text.ptr + text.len;

	for (const char *at = text.ptr; at < end; at++) {
		unsigned char c = (unsigned char)*at;

		if (url_is_pchar(*at) || c == '/' || c == '?' || url_is_triplet(at, end)) {
			*out++ = *at;
		} else {
			*out++ = '%';
			*out++ = hex[c >> 4];
			*out++ = hex[c & 15];
		}
	}
	return out;
}

/* RFC 3986 5.2.4 in place, for a path that begins with a slash. Returns the new end. */
static char *remove_dot_segments(char *path, const char *end)
{
	char *out = path;

	for (const char *at = path; at < end;) {
		const char *next = memchr(at + 1, '/', end - at - 1);
		size_t length;

		if (!next)
			next = end;
		length = next - at - 1;
		if (length == 2 && at[1] == '.' && at[2] == '.')
			while (out > path && *--out != '/')
				;
		else if (length != 1 || at[1] != '.') {
			memmove(out, at, length + 1);
			out += length + 1;
			at = next;
			continue;
		}
		/* A dot segment at the end leaves its slash: "/a/.." is "/". */
		if (next == end)
			*out++ = '/';
		at = next;
	}
	return out;
}

static char *write_target(char *out, const struct url_parts *parts)
{
	char *start = out;

	if (parts->path.len == 0)
		*out++ = '/';
	out = remove_dot_segments(start, encode(out, parts->path));
	out = encode(out, parts->query);
	*out++ = '\0';
	return out;
}

static char *write_host(char *out, const struct url_parts *parts)
{
	if (!parts->ipv6)
		return stpcpy(out, parts->host);
	return stpcpy(stpcpy(stpcpy(out, "["), parts->host), "]");
}

static char *write_port(char *out, int port)
{
	char digits[12];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + port % 10);
	while ((port /= 10) > 0);
	*out++ = ':';
	while (count > 0)
		*out++ = digits[--count];
	*out = '\0';
	return out;
}

/*
 * The strings follow the struct in one block; target is the tail of text. Every request comes
 * through here, and four sprintf were a fifth of what a small one costs.
 */
static int build(struct url **out, const struct url_parts *parts)
{
	size_t host = strlen(parts->host);
	size_t room = sizeof(struct url) + 4 * (host + 24) +
		      3 * (parts->path.len + parts->query.len) + parts->userinfo.len + 8;
	const char *scheme = parts->secure ? "https://" : "http://";
	struct url *url = malloc(room);
	char *at;

	if (!url)
		return ASYNC_ENOMEM;
	at = (char *)(url + 1);
	*url = (struct url){ .secure = parts->secure, .ipv6 = parts->ipv6, .port = parts->port };
	url->host = at;
	at = stpcpy(at, parts->host) + 1;
	url->authority = at;
	at = write_host(at, parts);
	if (parts->port != (parts->secure ? 443 : 80))
		at = write_port(at, parts->port);
	at++;
	url->origin = at;
	at = write_port(write_host(stpcpy(at, scheme), parts), parts->port) + 1;
	url->text = at;
	at = stpcpy(stpcpy(at, scheme), url->authority);
	url->target = at;
	at = write_target(at, parts);
	if (parts->userinfo.ptr) {
		url->userinfo = at;
		memcpy(at, parts->userinfo.ptr, parts->userinfo.len);
		at[parts->userinfo.len] = '\0';
	}
	*out = url;
	return 0;
}

int url_parse(struct url **out, const char *text, size_t length, char why[URL_WHY])
{
	struct url_parts parts;
	int rc;

	*out = NULL;
	why[0] = '\0';
	rc = url_split(&parts, (struct url_span){ text, length }, why);
	return rc < 0 ? rc : build(out, &parts);
}

/*
 * RFC 3986 5.2.2 and 5.2.3 as one question: how much of base stays in front of the reference?
 * Dot segments are left to the parser. A scheme in the reference: nothing stays.
 */
static size_t kept_of_base(const struct url *base, struct url_span reference)
{
	const char *query = strchr(base->target, '?');
	const char *path_end = query ? query : base->target + strlen(base->target);
	char first = reference.len ? reference.ptr[0] : '#';

	if (url_scheme_length(reference))
		return 0;
	if (first == '/' && reference.len > 1 && reference.ptr[1] == '/')
		return (base->secure ? 5 : 4) + 1;
	if (first == '/')
		return base->target - base->text;
	if (first == '?')
		return path_end - base->text;
	if (first == '#')
		return strlen(base->text);
	while (path_end[-1] != '/')
		path_end--;
	return path_end - base->text;
}

int url_resolve(struct url **out, const struct url *base, const char *reference, size_t length,
		char why[URL_WHY])
{
	struct url_span text = { reference, length };
	size_t scheme = url_scheme_length(text);
	struct url_parts parts;
	size_t kept;
	char *whole;
	int rc;

	*out = NULL;
	why[0] = '\0';
	if (scheme && !url_is_web_scheme(text, scheme)) {
		url_fail(why, "scheme %.*s is not http or https", (int)(scheme > 40 ? 40 : scheme),
			 reference);
		return HTTP_EREDIRECT_BLOCKED;
	}
	if (length > URL_MAX)
		return url_fail(why, "longer than %d bytes", URL_MAX);
	kept = kept_of_base(base, text);
	whole = malloc(kept + length + 1);
	if (!whole)
		return ASYNC_ENOMEM;
	memcpy(whole, base->text, kept);
	memcpy(whole + kept, reference, length);
	rc = url_split(&parts, (struct url_span){ whole, kept + length }, why);
	parts.userinfo.ptr = NULL;
	parts.userinfo.len = 0;
	if (rc == 0)
		rc = build(out, &parts);
	free(whole);
	return rc;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return strcmp(a->origin, b->origin) == 0;
}

void url_free(struct url *url)
{
	free(url);
}
