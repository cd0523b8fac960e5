/* SPDX-License-Identifier: MIT */
/* redirect.c - the decisions behind a 3xx answer. */
#include "http/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool redirect_is(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

const char *redirect_method(int status, const char *method, bool *keep_body)
{
	if (status == 303) {
		*keep_body = false;
		return strcmp(method, "HEAD") == 0 ? method : "GET";
	}
	*keep_body = !((status == 301 || status == 302) && strcmp(method, "POST") == 0);
	return *keep_body ? method : "GET";
}

/* Content-Type, Content-Encoding, Content-Language... say what the body is. */
static bool describes_body(const char *name)
{
	return strncasecmp(name, "Content-", 8) == 0;
}

static bool may_cross(const char *name)
{
	return strcasecmp(name, "Accept") == 0 || strcasecmp(name, "User-Agent") == 0;
}

size_t redirect_filter(struct http_header *headers, size_t count, bool crossed, bool keep_body)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = headers[i].name;

		if (describes_body(name) ? keep_body : !crossed || may_cross(name))
			headers[kept++] = headers[i];
	}
	return kept;
}

int redirect_resolve(struct url **out, const struct url *from, const char *location,
		     bool allow_downgrade, char why[URL_WHY])
{
	struct url *url;
	int rc = url_resolve(&url, from, location, strlen(location), why);

	if (rc < 0)
		return rc;
	if (from->secure && !url->secure && !allow_downgrade) {
		snprintf(why, URL_WHY, "from https to http://%.100s", url->authority);
		url_free(url);
		return HTTP_EREDIRECT_DOWNGRADE;
	}
	*out = url;
	return 0;
}

unsigned redirect_deny_kinds(enum net_address_kind from, bool crossed, bool allow_private)
{
	/* A public server must not be able to make us look into the network we stand in. */
	if (!crossed || allow_private || from != NET_KIND_PUBLIC)
		return 0;
	return NET_KIND_LOOPBACK | NET_KIND_PRIVATE | NET_KIND_LINK_LOCAL;
}

int redirect_visit(struct redirect_visit **visits, const char *method, const struct url *url)
{
	size_t size = strlen(url->text) + 1;
	struct redirect_visit *visit;

	/* The method counts: POST /form that leads to GET /form is no circle. */
	for (visit = *visits; visit; visit = visit->next)
		if (strcmp(visit->method, method) == 0 && strcmp(visit->url, url->text) == 0)
			return HTTP_EREDIRECT_LOOP;
	visit = malloc(sizeof(*visit) + size);
	if (!visit)
		return ASYNC_ENOMEM;
	visit->method = method;
	memcpy(visit->url, url->text, size);
	visit->next = *visits;
	*visits = visit;
	return 0;
}

void redirect_forget(struct redirect_visit **visits)
{
	while (*visits) {
		struct redirect_visit *visit = *visits;

		*visits = visit->next;
		free(visit);
	}
}
