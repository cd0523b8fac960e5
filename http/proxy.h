/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - which proxy a URL goes through, if any. Pure: texts in, a decision out.
 *
 * A proxy is written http://[user:password@]host[:port] (port 80), socks5://... or socks5h://...
 * (port 1080); without a scheme it is http. With socks5 names are looked up here, with socks5h and
 * http by the proxy. The variables are curl's: http_proxy (never HTTP_PROXY, which a CGI program gets
 * from a request's Proxy header), https_proxy, all_proxy, no_proxy, and the last three in capitals.
 */
#ifndef LOOPHOUND_HTTP_PROXY_H
#define LOOPHOUND_HTTP_PROXY_H

#include "http/url.h"

enum proxy_kind { PROXY_HTTP, PROXY_SOCKS5, PROXY_SOCKS5H };

struct proxy {
	enum proxy_kind kind;
	struct url *url; /* host, port and user information; its scheme means nothing */
};

/* What a session goes by. Zeroed: no proxy at all. */
struct proxy_rules {
	struct proxy *for_http, *for_https; /* may be the same one */
	char *except;			    /* as no_proxy; NULL: nothing */
};

/* 0 and *out is for proxy_free(); HTTP_EURL and why has the reason; ASYNC_ENOMEM. */
int proxy_parse(struct proxy **out, const char *text, char why[URL_WHY]);
/* NULL is fine. */
void proxy_free(struct proxy *proxy);

/*
 * proxy, if not NULL, is for all URLs ("": none); else, with from_env, the environment decides;
 * except, if not NULL, is used instead of no_proxy. Codes as above.
 */
int proxy_rules_make(struct proxy_rules *rules, const char *proxy, const char *except,
		     bool from_env, char why[URL_WHY]);
void proxy_rules_free(struct proxy_rules *rules);

/* The proxy for a URL; NULL: none. */
const struct proxy *proxy_choose(const struct proxy_rules *rules, const struct url *url);

/*
 * Is the URL's host in a list like no_proxy? Between commas or blanks: "*" (all), a name, with or
 * without a dot before it (itself and what ends in it), an address, a block of addresses
 * (10.0.0.0/8, fc00::/7); behind a name or an address may be a port.
 */
bool proxy_is_excepted(const char *list, const struct url *url);

#endif
