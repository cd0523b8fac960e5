/* SPDX-License-Identifier: MIT */
/* test_proxy.c - which proxy a URL goes through. */
#include "http/proxy.h"

#include <stdlib.h>

#include "http/http.h"
#include "runtime/base.h"
#include "tests/harness.h"

static struct url *url_of(const char *text)
{
	char why[URL_WHY];
	struct url *url;

	if (url_parse(&url, text, strlen(text), why) < 0)
		FAIL("%s: %s", text, why);
	return url;
}

TEST(a_proxy_has_a_kind_a_place_and_perhaps_a_user)
{
	static const struct {
		const char *text;
		enum proxy_kind kind;
		const char *host;
		int port;
		const char *userinfo;
	} cases[] = {
		{ "http://p", PROXY_HTTP, "p", 80, NULL },
		{ "p:3128", PROXY_HTTP, "p", 3128, NULL },
		{ "HTTP://u:w@P.example:8080/", PROXY_HTTP, "p.example", 8080, "u:w" },
		{ "socks5://p", PROXY_SOCKS5, "p", 1080, NULL },
		{ "socks5://p:80", PROXY_SOCKS5, "p", 80, NULL },
		{ "socks5h://a%40b:c@[::1]:9050", PROXY_SOCKS5H, "::1", 9050, "a%40b:c" },
		{ "socks5h://[::1]", PROXY_SOCKS5H, "::1", 1080, NULL },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		char why[URL_WHY];
		struct proxy *proxy;

		if (proxy_parse(&proxy, cases[i].text, why) < 0)
			FAIL("%s: %s", cases[i].text, why);
		CHECK_INT(proxy->kind, cases[i].kind);
		CHECK_STR(proxy->url->host, cases[i].host);
		CHECK_INT(proxy->url->port, cases[i].port);
		CHECK_STR(proxy->url->userinfo, cases[i].userinfo);
		proxy_free(proxy);
	}
}

TEST(what_is_no_proxy_is_refused_with_a_reason)
{
	static const char *const texts[] = { "ftp://p", "https://p:443", "socks4://p",
					     "http://", "p:99999",	 "http://a b/" };
	char why[URL_WHY];
	struct proxy *proxy;

	for (size_t i = 0; i < array_size(texts); i++) {
		why[0] = '\0';
		CHECK_INT(proxy_parse(&proxy, texts[i], why), HTTP_EURL);
		CHECK(why[0]);
	}
}

TEST(no_proxy_is_names_addresses_blocks_and_ports)
{
	static const struct {
		const char *list, *url;
		bool excepted;
	} cases[] = {
		{ "", "http://h/", false },
		{ "*", "http://h/", true },
		{ "example.com", "http://example.com/", true },
		{ "example.com", "http://a.EXAMPLE.com/", true },
		{ ".example.com", "http://example.com/", true },
		{ ".example.com", "http://a.example.com/", true },
		{ "example.com", "http://notexample.com/", false },
		{ "example.com", "http://example.com.evil/", false },
		{ "a, b\tc", "http://c/", true },
		{ ",,a,", "http://a/", true },
		{ "example.com:8080", "http://example.com:8080/", true },
		{ "example.com:8080", "http://example.com/", false },
		{ "example.com:443", "https://x.example.com/", true },
		{ "example.com:x", "https://example.com/", false },
		{ "10.1.2.3", "http://10.1.2.3/", true },
		{ "10.1.2.3:80", "http://10.1.2.3/", true },
		{ "10.1.2.3", "http://10.1.2.33/", false },
		{ "10.0.0.0/8", "http://10.200.0.1/", true },
		{ "10.0.0.0/8", "http://11.0.0.1/", false },
		{ "10.0.0.0/8", "http://10.example/", false },
		{ "192.168.4.0/22", "http://192.168.7.255/", true },
		{ "192.168.4.0/22", "http://192.168.8.0/", false },
		{ "10.0.0.0/33", "http://10.0.0.0/", false },
		{ "10.0.0.0/x", "http://10.0.0.0/", false },
		{ "0.0.0.0/0", "http://1.2.3.4/", true },
		{ "0.0.0.0/0", "http://[::1]/", false },
		{ "::1", "http://[::1]/", true },
		{ "[::1]", "http://[::1]:9/", true },
		{ "[::1]:9", "http://[::1]:9/", true },
		{ "[::1]:9", "http://[::1]:8/", false },
		{ "fc00::/7", "http://[fd12::1]/", true },
		{ "fc00::/7", "http://[fe80::1]/", false },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct url *url = url_of(cases[i].url);

		if (proxy_is_excepted(cases[i].list, url) != cases[i].excepted)
			FAIL("%s in \"%s\"", cases[i].url, cases[i].list);
		url_free(url);
	}
}

/* The port of the proxy for a URL; 0: none. */
static int chosen(const struct proxy_rules *rules, const char *text)
{
	struct url *url = url_of(text);
	const struct proxy *proxy = proxy_choose(rules, url);

	url_free(url);
	return proxy ? proxy->url->port : 0;
}

static struct proxy_rules rules_of(const char *proxy, const char *except, bool from_env)
{
	struct proxy_rules rules;
	char why[URL_WHY];

	CHECK_INT(proxy_rules_make(&rules, proxy, except, from_env, why), 0);
	return rules;
}

static void forget_environment(void)
{
	static const char *const names[] = { "http_proxy",  "HTTP_PROXY", "https_proxy",
					     "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
					     "no_proxy",    "NO_PROXY" };

	for (size_t i = 0; i < array_size(names); i++)
		unsetenv(names[i]);
}

TEST(the_environment_has_a_proxy_for_each_scheme_and_capitals_but_for_http)
{
	struct proxy_rules rules;

	forget_environment();
	setenv("HTTP_PROXY", "p:1", 1);
	setenv("HTTPS_PROXY", "p:2", 1);
	setenv("NO_PROXY", "away", 1);
	rules = rules_of(NULL, NULL, true);
	CHECK_INT(chosen(&rules, "http://h/"), 0);
	CHECK_INT(chosen(&rules, "https://h/"), 2);
	CHECK_INT(chosen(&rules, "https://away/"), 0);
	proxy_rules_free(&rules);

	setenv("http_proxy", "p:3", 1);
	setenv("https_proxy", "", 1);
	setenv("all_proxy", "p:4", 1);
	setenv("no_proxy", "h", 1);
	rules = rules_of(NULL, "elsewhere", true);
	CHECK_INT(chosen(&rules, "http://h/"), 3);
	CHECK_INT(chosen(&rules, "https://h/"), 2);
	proxy_rules_free(&rules);

	unsetenv("HTTPS_PROXY");
	unsetenv("http_proxy");
	rules = rules_of(NULL, NULL, true);
	CHECK_INT(chosen(&rules, "http://away/"), 4);
	CHECK_INT(chosen(&rules, "https://away/"), 4);
	CHECK_INT(chosen(&rules, "https://h/"), 0);
	proxy_rules_free(&rules);
}

TEST(what_the_program_says_comes_before_the_environment)
{
	struct proxy_rules rules;

	forget_environment();
	setenv("all_proxy", "p:1", 1);
	rules = rules_of("socks5://p", "", true);
	CHECK_INT(chosen(&rules, "http://h/"), 1080);
	CHECK_INT(chosen(&rules, "https://h/"), 1080);
	proxy_rules_free(&rules);
	rules = rules_of("", NULL, true);
	CHECK_INT(chosen(&rules, "http://h/"), 0);
	proxy_rules_free(&rules);
	rules = rules_of(NULL, NULL, false);
	CHECK_INT(chosen(&rules, "http://h/"), 0);
	proxy_rules_free(&rules);
}

static void make_rules(void)
{
	struct proxy_rules rules;
	char why[URL_WHY];

	if (proxy_rules_make(&rules, NULL, NULL, true, why) == 0)
		proxy_rules_free(&rules);
}

TEST(a_failing_allocation_leaves_nothing_behind)
{
	forget_environment();
	setenv("http_proxy", "p:1", 1);
	setenv("https_proxy", "p:1", 1);
	setenv("no_proxy", "h", 1);
	for_each_failing_allocation(make_rules);
}
