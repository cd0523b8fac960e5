/* SPDX-License-Identifier: MIT */
/*
 * url_split.c - takes a URL apart by RFC 3986 and refuses what two readers could take differently.
 *
 * Everything that is ever said against a URL is said here, in words for the person who wrote it.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "http/http.h"
#include "http/url.h"
#include "http/url_split.h"

#define LABEL_MAX 63

/* Input may be quoted in the reason, so whatever is not printable ASCII is blotted out. */
int url_fail(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, URL_WHY, format, arguments);
	va_end(arguments);
	for (char *c = why; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return HTTP_EURL;
}

static bool is_ascii_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* unreserved, sub-delims, ":" and "@": what a path segment may hold besides percent triplets. */
static const bool pchars[256] = {
	['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
	['.'] = true,	      ['_'] = true,	    ['~'] = true,	  ['!'] = true,
	['$'] = true,	      ['&'] = true,	    ['\''] = true,	  ['('] = true,
	[')'] = true,	      ['*'] = true,	    ['+'] = true,	  [','] = true,
	[';'] = true,	      ['='] = true,	    [':'] = true,	  ['@'] = true,
};

bool url_is_pchar(char c)
{
	return pchars[(unsigned char)c];
}

bool url_is_triplet(const char *at, const char *end)
{
	return end - at >= 3 && at[0] == '%' && isxdigit((unsigned char)at[1]) &&
	       isxdigit((unsigned char)at[2]);
}

static bool is_one_of(char c, const char *set)
{
	while (*set && *set != c)
		set++;
	return *set;
}

/* Cuts at the first of the stop bytes: what is before it is returned, rest begins with it. */
static struct url_span cut(struct url_span *rest, const char *stops)
{
	struct url_span head = *rest;

	for (head.len = 0; head.len < rest->len; head.len++)
		if (is_one_of(rest->ptr[head.len], stops))
			break;
	rest->ptr += head.len;
	rest->len -= head.len;
	return head;
}

size_t url_scheme_length(struct url_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == ':')
			return i;
		if (!is_ascii_alnum(c) && (i == 0 || !is_one_of(c, "+-.")))
			return 0;
		if (i == 0 && c >= '0' && c <= '9')
			return 0;
	}
	return 0;
}

bool url_is_web_scheme(struct url_span text, size_t length)
{
	return (length == 4 && strncasecmp(text.ptr, "http", 4) == 0) ||
	       (length == 5 && strncasecmp(text.ptr, "https", 5) == 0);
}

/* "example.com:8080/x" has the form of a scheme and a path, but nobody means that by it. */
static bool looks_like_host_and_port(struct url_span text, size_t scheme)
{
	return scheme == 0 ||
	       (scheme + 1 < text.len && isdigit((unsigned char)text.ptr[scheme + 1]));
}

static int read_scheme(struct url_parts *parts, struct url_span *rest, char *why)
{
	size_t length = url_scheme_length(*rest);

	if (url_is_web_scheme(*rest, length))
		parts->secure = length == 5;
	else if (rest->len == 0)
		return url_fail(why, "the URL is empty");
	else if (looks_like_host_and_port(*rest, length) &&
		 (isalnum((unsigned char)rest->ptr[0]) || rest->ptr[0] == '['))
		return url_fail(why, "no scheme: did you mean https://%.*s?",
				(int)(rest->len > 80 ? 80 : rest->len), rest->ptr);
	else if (length == 0)
		return url_fail(why, "no scheme: a URL begins with http:// or https://");
	else
		return url_fail(why, "scheme %.*s is not http or https",
				(int)(length > 40 ? 40 : length), rest->ptr);
	rest->ptr += length + 1;
	rest->len -= length + 1;
	if (rest->len < 2 || memcmp(rest->ptr, "//", 2) != 0)
		return url_fail(why, "no host: \"//\" must follow the scheme");
	rest->ptr += 2;
	rest->len -= 2;
	return 0;
}

static int read_userinfo(struct url_parts *parts, struct url_span *authority, char *why)
{
	const char *at = memchr(authority->ptr, '@', authority->len);
	const char *end = authority->ptr + authority->len;

	if (!at)
		return 0;
	if (memchr(at + 1, '@', end - at - 1))
		return url_fail(why, "more than one '@' before the host");
	for (const char *c = authority->ptr; c < at; c++)
		if (!url_is_pchar(*c) && !url_is_triplet(c, at))
			return url_fail(why, "the user name or password has a byte that must be "
					     "percent-encoded");
	parts->userinfo = (struct url_span){ authority->ptr, at - authority->ptr };
	*authority = (struct url_span){ at + 1, end - at - 1 };
	return 0;
}

static int read_port(struct url_parts *parts, struct url_span text, char *why)
{
	long port = 0;

	parts->port = parts->secure ? 443 : 80;
	if (text.len == 0)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (!isdigit((unsigned char)text.ptr[i]))
			return url_fail(why, "port \"%.*s\" is not a number",
					(int)(text.len > 20 ? 20 : text.len), text.ptr);
		port = port * 10 + (text.ptr[i] - '0');
		if (port > 65535)
			return url_fail(why, "port %.*s is above 65535",
					(int)(text.len > 20 ? 20 : text.len), text.ptr);
	}
	if (port == 0)
		return url_fail(why, "port 0 cannot be connected to");
	parts->port = (int)port;
	return 0;
}

/* "[::1]:8080": inet_ntop's form becomes the host, so that equal addresses are equal strings. */
static int read_ipv6(struct url_parts *parts, struct url_span *authority, char *why)
{
	const char *end = memchr(authority->ptr, ']', authority->len);
	size_t length = end ? (size_t)(end - authority->ptr) - 1 : 0;
	char literal[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (!end)
		return url_fail(why, "no ']' after the IPv6 address");
	if (memchr(authority->ptr, '%', length))
		return url_fail(why, "an IPv6 address with a zone is not for URLs");
	if (length >= sizeof(literal))
		return url_fail(why, "not an IPv6 address between the brackets");
	memcpy(literal, authority->ptr + 1, length);
	literal[length] = '\0';
	if (inet_pton(AF_INET6, literal, &address) != 1 ||
	    !inet_ntop(AF_INET6, &address, parts->host, INET6_ADDRSTRLEN))
		return url_fail(why, "not an IPv6 address between the brackets");
	parts->ipv6 = true;
	authority->len -= length + 2;
	authority->ptr += length + 2;
	return 0;
}

/*
 * A name whose last label is a number is an IPv4 address to inet_aton(3), in any of the spellings
 * 2130706433, 0x7f.1, 0177.0.0.1. Only four plain decimals are an address to everybody, and nothing
 * else is one to inet_pton(3).
 */
static int check_ipv4(const char *host, char *why)
{
	const char *last = strrchr(host, '.');
	struct in_addr address;

	last = last ? last + 1 : host;
	if (last[strspn(last, "0123456789")] != '\0' &&
	    !(last[0] == '0' && last[1] == 'x' && !last[2 + strspn(last + 2, "0123456789abcdef")]))
		return 0;
	if (inet_pton(AF_INET, host, &address) == 1)
		return 0;
	return url_fail(why, "%.60s is not a plain IPv4 address (four decimals, 0 to 255)", host);
}

static int check_labels(const char *host, char *why)
{
	for (const char *label = host;; label++) {
		size_t length = strcspn(label, ".");

		if (length == 0)
			return url_fail(why, "empty label in host name %.80s", host);
		if (length > LABEL_MAX)
			return url_fail(why,
					"label of %zu characters in the host name; 63 are allowed",
					length);
		label += length;
		if (*label == '\0')
			return check_ipv4(host, why);
	}
}

static int read_name(struct url_parts *parts, struct url_span text, char *why)
{
	/* The final dot of an absolute name would miss the certificate and split the pool. */
	if (text.len > 1 && text.ptr[text.len - 1] == '.')
		text.len--;
	if (text.len > URL_HOST_MAX)
		return url_fail(why, "host name longer than %d characters", URL_HOST_MAX);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c & 0x80)
			return url_fail(why, "host name is not ASCII: write it in its xn-- form");
		if (!is_ascii_alnum(c) && c != '-' && c != '.' && c != '_')
			return url_fail(why, "character '%c' in host name", c);
		parts->host[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	parts->host[text.len] = '\0';
	return check_labels(parts->host, why);
}

static int read_authority(struct url_parts *parts, struct url_span authority, char *why)
{
	int rc = read_userinfo(parts, &authority, why);
	struct url_span host;

	if (rc < 0)
		return rc;
	if (authority.len == 0)
		return url_fail(why, "no host");
	if (authority.ptr[0] == '[') {
		rc = read_ipv6(parts, &authority, why);
	} else {
		host = cut(&authority, ":");
		if (host.len == 0 && authority.len > 1 &&
		    memchr(authority.ptr + 1, ':', authority.len - 1))
			return url_fail(why, "an IPv6 address needs brackets: http://[::1]/");
		if (host.len == 0)
			return url_fail(why, "no host");
		rc = read_name(parts, host, why);
	}
	if (rc < 0)
		return rc;
	if (authority.len && authority.ptr[0] != ':')
		return url_fail(why, "something follows the ']' that is not a port");
	if (authority.len)
		authority = (struct url_span){ authority.ptr + 1, authority.len - 1 };
	return read_port(parts, authority, why);
}

int url_split(struct url_parts *parts, struct url_span text, char *why)
{
	int rc;

	if (text.len > URL_MAX)
		return url_fail(why, "longer than %d bytes", URL_MAX);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
			return url_fail(why, "control byte 0x%02x at offset %zu",
					(unsigned char)text.ptr[i], i);
	memset(parts, 0, sizeof(*parts));
	rc = read_scheme(parts, &text, why);
	if (rc < 0)
		return rc;
	rc = read_authority(parts, cut(&text, "/?#"), why);
	if (rc < 0)
		return rc;
	parts->path = cut(&text, "?#");
	parts->query = cut(&text, "#");
	return 0;
}
