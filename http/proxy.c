/* SPDX-License-Identifier: MIT */
/* proxy.c - see proxy.h. */
#include "http/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/http.h"
#include "runtime/base.h"

/* ---- One proxy ------------------------------------------------------------------------------- */

static const struct scheme {
	const char *name;
	enum proxy_kind kind;
	int port;
} schemes[] = {
	{ "http://", PROXY_HTTP, 80 },
	{ "socks5://", PROXY_SOCKS5, 1080 },
	{ "socks5h://", PROXY_SOCKS5H, 1080 },
};

static const struct scheme *find_scheme(const char *text)
{
	for (size_t i = 0; i < array_size(schemes); i++)
		if (strncasecmp(text, schemes[i].name, strlen(schemes[i].name)) == 0)
			return &schemes[i];
	return strstr(text, "://") ? NULL : &schemes[0];
}

static int parse_as(struct url **out, const char *scheme, const char *place, char why[URL_WHY])
{
	char *text;
	int rc;

	if (asprintf(&text, "%s%s", scheme, place) < 0)
		return ASYNC_ENOMEM;
	rc = url_parse(out, text, strlen(text), why);
	free(text);
	return rc;
}

/* A port that was not written depends on the scheme. */
static int find_port(struct proxy *proxy, const char *place, int otherwise, char why[URL_WHY])
{
	struct url *secure;
	int rc = parse_as(&secure, "https://", place, why);

	if (rc < 0)
		return rc;
	if (secure->port != proxy->url->port)
		proxy->url->port = otherwise;
	url_free(secure);
	return 0;
}

int proxy_parse(struct proxy **out, const char *text, char why[URL_WHY])
{
	const struct scheme *scheme = find_scheme(text);
	const char *place = strstr(text, "://") ? strstr(text, "://") + 3 : text;
	struct proxy *proxy;
	int rc;

	if (!scheme) {
		snprintf(why, URL_WHY, "a proxy is http://, socks5:// or socks5h://");
		return HTTP_EURL;
	}
	proxy = calloc(1, sizeof(*proxy));
	if (!proxy)
		return ASYNC_ENOMEM;
	proxy->kind = scheme->kind;
	rc = parse_as(&proxy->url, "http://", place, why);
	if (rc == 0)
		rc = find_port(proxy, place, scheme->port, why);
	if (rc < 0) {
		proxy_free(proxy);
		return rc;
	}
	*out = proxy;
	return 0;
}

void proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return;
	url_free(proxy->url);
	free(proxy);
}

/* ---- A session's rules ----------------------------------------------------------------------- */

/* The first that is set and not empty. */
static const char *variable(const char *one, const char *other)
{
	const char *value = getenv(one);

	if (!value || !*value)
		value = other ? getenv(other) : NULL;
	return value && *value ? value : NULL;
}

static int parse_variable(struct proxy **out, const char *own, const char *capital,
			  char why[URL_WHY])
{
	const char *text = variable(own, capital);

	if (!text)
		text = variable("all_proxy", "ALL_PROXY");
	return text ? proxy_parse(out, text, why) : 0;
}

int proxy_rules_make(struct proxy_rules *rules, const char *proxy, const char *except,
		     bool from_env, char why[URL_WHY])
{
	int rc = 0;

	*rules = (struct proxy_rules){ 0 };
	if (proxy && *proxy) {
		rc = proxy_parse(&rules->for_http, proxy, why);
		rules->for_https = rules->for_http;
	} else if (!proxy && from_env) {
		rc = parse_variable(&rules->for_http, "http_proxy", NULL, why);
		if (rc == 0)
			rc = parse_variable(&rules->for_https, "https_proxy", "HTTPS_PROXY", why);
	}
	if (!except && from_env)
		except = variable("no_proxy", "NO_PROXY");
	if (rc == 0 && except) {
		rules->except = strdup(except);
		rc = rules->except ? 0 : ASYNC_ENOMEM;
	}
	if (rc < 0)
		proxy_rules_free(rules);
	return rc;
}

void proxy_rules_free(struct proxy_rules *rules)
{
	if (rules->for_https != rules->for_http)
		proxy_free(rules->for_https);
	proxy_free(rules->for_http);
	free(rules->except);
	*rules = (struct proxy_rules){ 0 };
}

const struct proxy *proxy_choose(const struct proxy_rules *rules, const struct url *url)
{
	const struct proxy *proxy = url->secure ? rules->for_https : rules->for_http;

	if (!proxy || (rules->except && proxy_is_excepted(rules->except, url)))
		return NULL;
	return proxy;
}

/* ---- Exceptions ------------------------------------------------------------------------------ */

static const unsigned char *bytes_of(const struct net_address *address, int *bits)
{
	if (address->any.sa_family == AF_INET) {
		*bits = 32;
		return (const unsigned char *)&address->v4.sin_addr;
	}
	*bits = 128;
	return (const unsigned char *)&address->v6.sin6_addr;
}

static bool in_block(const char *block, int prefix, const char *host)
{
	struct net_address one, other;
	const unsigned char *a, *b;
	int bits, other_bits;

	if (net_address_parse(&one, block, 1) < 0 || net_address_parse(&other, host, 1) < 0)
		return false;
	a = bytes_of(&one, &bits);
	b = bytes_of(&other, &other_bits);
	if (bits != other_bits || prefix > bits)
		return false;
	if (prefix < 0)
		prefix = bits;
	if (memcmp(a, b, (size_t)prefix / 8) != 0)
		return false;
	return prefix % 8 == 0 || ((a[prefix / 8] ^ b[prefix / 8]) >> (8 - prefix % 8)) == 0;
}

static bool ends_in(const char *host, const char *name)
{
	size_t host_length = strlen(host), length;

	name += *name == '.';
	length = strlen(name);
	if (length == 0 || length > host_length ||
	    strcasecmp(host + host_length - length, name) != 0)
		return false;
	return length == host_length || host[host_length - length - 1] == '.';
}

/* A number up to max behind the separator; -1: none there; -2: something else. */
static int number_behind(const char *separator, int max)
{
	char *end;
	long value;

	if (!separator)
		return -1;
	value = strtol(separator + 1, &end, 10);
	return *end || end == separator + 1 || value < 0 || value > max ? -2 : (int)value;
}

/* word is changed. */
static bool matches(char *word, const struct url *url)
{
	char *slash = strchr(word, '/'), *closing = strchr(word, ']'), *colon = NULL;
	int prefix = number_behind(slash, 128), port;

	if (strcmp(word, "*") == 0)
		return true;
	if (slash)
		*slash = '\0';
	/* One colon is a port's; several are an IPv6 address, where only [...]:80 has a port. */
	if (closing)
		colon = closing[1] == ':' ? closing + 1 : NULL;
	else if (strchr(word, ':') == strrchr(word, ':'))
		colon = strchr(word, ':');
	port = number_behind(colon, 65535);
	if (colon)
		*colon = '\0';
	if (closing)
		*closing = '\0';
	if (prefix == -2 || port == -2 || (port >= 0 && port != url->port))
		return false;
	word += *word == '[';
	return in_block(word, prefix, url->host) || (!slash && ends_in(url->host, word));
}

bool proxy_is_excepted(const char *list, const struct url *url)
{
	while (*list) {
		size_t length = strcspn(list, ", \t");
		char word[300];

		/* Longer than any name is no name. */
		if (length > 0 && length < sizeof(word)) {
			memcpy(word, list, length);
			word[length] = '\0';
			if (matches(word, url))
				return true;
		}
		list += length;
		list += strspn(list, ", \t");
	}
	return false;
}
