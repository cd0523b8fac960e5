/* SPDX-License-Identifier: MIT */
/* cookies.c - see cookies.h. The numbers of paragraphs are those of RFC 6265. */
#include "http/cookies.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/set_cookie.h"
#include "net/net.h"
#include "runtime/base.h"
#include "runtime/list.h"

struct cookie {
	struct async_list node;
	uint64_t order;	 /* when it was first made */
	int64_t expires; /* seconds since 1970 */
	bool secure, host_only;
	char *name, *value, *domain, *path; /* one block, with the cookie */
	char text[];
};

/* ---- Texts ----------------------------------------------------------------------------------- */

static bool begins_with(struct span span, const char *word)
{
	return span.size >= strlen(word) && strncasecmp(span.at, word, strlen(word)) == 0;
}

static bool is_address(const char *host)
{
	struct net_address address;

	return net_address_parse(&address, host, 1) == 0;
}

/* 5.1.3, for names in lower case. */
static bool domain_matches(const char *host, const char *domain)
{
	size_t host_size = strlen(host), size = strlen(domain);

	if (host_size == size)
		return memcmp(host, domain, size) == 0;
	return host_size > size && host[host_size - size - 1] == '.' &&
	       memcmp(host + host_size - size, domain, size) == 0 && !is_address(host);
}

static size_t path_size(const struct url *url)
{
	return strcspn(url->target, "?");
}

/* 5.1.4 */
static bool path_matches(const struct url *url, const char *path)
{
	size_t size = strlen(path), own = path_size(url);

	if (own < size || memcmp(url->target, path, size) != 0)
		return false;
	return own == size || path[size - 1] == '/' || url->target[size] == '/';
}

/* 5.1.4: up to its last slash, but not that. */
static struct span default_path(const struct url *url)
{
	size_t size = path_size(url);

	while (size > 0 && url->target[size - 1] != '/')
		size--;
	return size <= 1 ? (struct span){ "/", 1 } : (struct span){ url->target, size - 1 };
}

/* ---- The jar --------------------------------------------------------------------------------- */

static struct cookie *cookie_of(struct async_list *node)
{
	return container_of(node, struct cookie, node);
}

static void drop(struct cookie_jar *jar, struct cookie *cookie)
{
	list_remove(&cookie->node);
	jar->count--;
	free(cookie);
}

void cookies_clear(struct cookie_jar *jar)
{
	while (!list_empty(&jar->cookies))
		drop(jar, cookie_of(jar->cookies.next));
}

static struct cookie *find(struct cookie_jar *jar, const struct cookie *like)
{
	list_for_each(node, &jar->cookies) {
		struct cookie *cookie = cookie_of(node);

		if (strcmp(cookie->name, like->name) == 0 &&
		    strcmp(cookie->domain, like->domain) == 0 &&
		    strcmp(cookie->path, like->path) == 0)
			return cookie;
	}
	return NULL;
}

/* 6265bis 5.7: plain http may not shadow a cookie that only https may have set. */
static bool shadows_secure(struct cookie_jar *jar, const struct cookie *cookie,
			   const struct url *url)
{
	if (url->secure)
		return false;
	list_for_each(node, &jar->cookies) {
		const struct cookie *other = cookie_of(node);

		if (other->secure && strcmp(other->name, cookie->name) == 0 &&
		    (domain_matches(other->domain, cookie->domain) ||
		     domain_matches(cookie->domain, other->domain)) &&
		    strncmp(cookie->path, other->path, strlen(other->path)) == 0)
			return true;
	}
	return false;
}

static void make_room(struct cookie_jar *jar, const char *domain)
{
	struct cookie *oldest = NULL;
	int of_domain = 0;

	list_for_each(node, &jar->cookies)
		if (strcmp(cookie_of(node)->domain, domain) == 0) {
			oldest = oldest ? oldest : cookie_of(node);
			of_domain++;
		}
	if (of_domain >= COOKIES_MAX_OF_DOMAIN)
		drop(jar, oldest);
	else if (jar->count >= COOKIES_MAX)
		drop(jar, cookie_of(jar->cookies.next));
}

static char *place(char **at, struct span span)
{
	char *text = *at;

	memcpy(text, span.at, span.size);
	text[span.size] = '\0';
	*at += span.size + 1;
	return text;
}

static struct cookie *make(const struct wish *wish, const struct url *url)
{
	struct span host = { url->host, strlen(url->host) };
	struct span domain = wish->domain.size ? wish->domain : host;
	struct span path = wish->has_path ? wish->path : default_path(url);
	struct cookie *cookie = malloc(sizeof(*cookie) + wish->name.size + wish->value.size +
				       domain.size + path.size + 4);
	char *at;

	if (!cookie)
		return NULL;
	*cookie = (struct cookie){ .expires = wish->expires,
				   .secure = wish->secure,
				   .host_only = !wish->domain.size };
	at = cookie->text;
	cookie->name = place(&at, wish->name);
	cookie->value = place(&at, wish->value);
	cookie->domain = place(&at, domain);
	cookie->path = place(&at, path);
	for (char *c = cookie->domain; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	return cookie;
}

/* 5.3, steps 5 and 6, and 6265bis on prefixes. Makes a public suffix's cookie its host's alone. */
static bool may_set(struct cookie *cookie, const struct wish *wish, const struct url *url)
{
	if (!cookie->host_only && cookies_is_public_suffix(cookie->domain)) {
		if (strcmp(cookie->domain, url->host) != 0)
			return false;
		cookie->host_only = true;
	}
	if (!domain_matches(url->host, cookie->domain) || (cookie->secure && !url->secure))
		return false;
	if (begins_with(wish->name, "__Secure-"))
		return cookie->secure;
	if (begins_with(wish->name, "__Host-"))
		return cookie->secure && cookie->host_only && wish->has_path &&
		       strcmp(cookie->path, "/") == 0;
	/* A cookie without a name must not look like one with such a promise. */
	return wish->name.size > 0 ||
	       (!begins_with(wish->value, "__Secure-") && !begins_with(wish->value, "__Host-"));
}

int cookies_set(struct cookie_jar *jar, const struct url *url, const char *text, int64_t now)
{
	struct cookie *cookie, *old;
	struct wish wish;

	if (!set_cookie_read(&wish, text, now))
		return 0;
	cookie = make(&wish, url);
	if (!cookie)
		return ASYNC_ENOMEM;
	if (!may_set(cookie, &wish, url) || shadows_secure(jar, cookie, url)) {
		free(cookie);
		return 0;
	}
	old = find(jar, cookie);
	cookie->order = old ? old->order : jar->made++;
	if (old)
		drop(jar, old);
	if (cookie->expires <= now) {
		free(cookie);
		return 0;
	}
	make_room(jar, cookie->domain);
	list_append(&jar->cookies, &cookie->node);
	jar->count++;
	return 1;
}

/* ---- The Cookie header ----------------------------------------------------------------------- */

static bool is_for(const struct cookie *cookie, const struct url *url)
{
	if (cookie->host_only ? strcmp(cookie->domain, url->host) != 0
			      : !domain_matches(url->host, cookie->domain))
		return false;
	return path_matches(url, cookie->path) && (!cookie->secure || url->secure);
}

/* 5.4: longer paths first, then the older ones. */
static int compare(const void *a, const void *b)
{
	const struct cookie *one = *(struct cookie *const *)a, *other = *(struct cookie *const *)b;
	size_t size = strlen(one->path), other_size = strlen(other->path);

	if (size != other_size)
		return size > other_size ? -1 : 1;
	return one->order < other->order ? -1 : 1;
}

/* Those for the URL into chosen; the expired ones go. How many. */
static size_t choose(struct cookie_jar *jar, const struct url *url, int64_t now,
		     struct cookie **chosen)
{
	struct async_list all = { 0 }, *node;
	size_t count = 0;

	list_splice(&all, &jar->cookies);
	while ((node = list_take(&all))) {
		struct cookie *cookie = cookie_of(node);

		list_append(&jar->cookies, node);
		if (cookie->expires <= now)
			drop(jar, cookie);
		else if (is_for(cookie, url))
			chosen[count++] = cookie;
	}
	qsort(chosen, count, sizeof(*chosen), compare);
	return count;
}

static char *join(struct cookie *const *chosen, size_t count)
{
	size_t size = 1;
	char *text, *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(chosen[i]->name) + strlen(chosen[i]->value) + 3;
	text = at = malloc(size);
	for (size_t i = 0; i < count && text; i++) {
		if (i)
			at = stpcpy(at, "; ");
		at = stpcpy(at, chosen[i]->name);
		if (*chosen[i]->name)
			*at++ = '=';
		at = stpcpy(at, chosen[i]->value);
	}
	return text;
}

int cookies_get(struct cookie_jar *jar, const struct url *url, int64_t now, char **out)
{
	struct cookie **chosen;
	size_t count;

	*out = NULL;
	if (jar->count == 0)
		return 0;
	chosen = malloc(jar->count * sizeof(struct cookie *));
	if (!chosen)
		return ASYNC_ENOMEM;
	count = choose(jar, url, now, chosen);
	if (count > 0)
		*out = join(chosen, count);
	for (size_t i = 0; i < count; i++) {
		list_remove(&chosen[i]->node);
		list_append(&jar->cookies, &chosen[i]->node);
	}
	free(chosen);
	return count > 0 && !*out ? ASYNC_ENOMEM : 0;
}
