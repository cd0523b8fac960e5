/* SPDX-License-Identifier: MIT */
/* test_redirect.c - what a 3xx makes of a request, decided without any I/O. */
#include "http/redirect.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base.h"
#include "tests/harness.h"

TEST(only_the_five_that_mean_it_are_followed)
{
	static const int followed[] = { 301, 302, 303, 307, 308 };

	for (int status = 100; status < 600; status++) {
		bool expected = false;

		for (size_t i = 0; i < array_size(followed); i++)
			expected |= followed[i] == status;
		CHECK_INT(redirect_is(status), expected);
	}
}

TEST(methods_and_bodies_change_as_the_status_says)
{
	static const struct {
		int status;
		const char *method, *next;
		bool keep_body;
	} table[] = {
		{ 301, "GET", "GET", true },	   { 301, "POST", "GET", false },
		{ 301, "PUT", "PUT", true },	   { 301, "HEAD", "HEAD", true },
		{ 301, "DELETE", "DELETE", true }, { 301, "PATCH", "PATCH", true },
		{ 302, "GET", "GET", true },	   { 302, "POST", "GET", false },
		{ 302, "PUT", "PUT", true },	   { 302, "HEAD", "HEAD", true },
		{ 303, "GET", "GET", false },	   { 303, "POST", "GET", false },
		{ 303, "PUT", "GET", false },	   { 303, "DELETE", "GET", false },
		{ 303, "HEAD", "HEAD", false },	   { 307, "POST", "POST", true },
		{ 307, "PUT", "PUT", true },	   { 307, "HEAD", "HEAD", true },
		{ 308, "POST", "POST", true },	   { 308, "GET", "GET", true },
	};

	for (size_t i = 0; i < array_size(table); i++) {
		bool keep_body;

		CHECK_STR(redirect_method(table[i].status, table[i].method, &keep_body),
			  table[i].next);
		CHECK_INT(keep_body, table[i].keep_body);
	}
}

static const char *filtered(bool crossed, bool keep_body)
{
	struct http_header headers[] = {
		{ "X-Api-Key", "k" },	     { "accept", "a" },	    { "Content-Type", "t" },
		{ "Authorization", "b" },    { "USER-AGENT", "u" }, { "Cookie", "c" },
		{ "content-language", "l" }, { "Acceptable", "x" }, { "Range", "r" },
	};
	size_t count = redirect_filter(headers, array_size(headers), crossed, keep_body);
	static char text[32];

	for (size_t i = 0; i < count; i++)
		text[i] = headers[i].value[0];
	text[count] = '\0';
	return text;
}

TEST(item_51_another_origin_gets_no_header_but_accept_and_user_agent)
{
	CHECK_STR(filtered(false, true), "katbuclxr");
	CHECK_STR(filtered(false, false), "kabucxr");
	CHECK_STR(filtered(true, true), "atul");
	CHECK_STR(filtered(true, false), "au");
}

static const struct {
	const char *from, *location;
	bool allow_downgrade;
	int rc;
	const char *to;
} locations[] = {
	{ "http://a/b/c", "d", false, 0, "http://a/b/d" },
	{ "http://a/b/c", "/d", false, 0, "http://a/d" },
	{ "http://a/b/c?x=1", "?y=2", false, 0, "http://a/b/c?y=2" },
	{ "http://a/b/c", "//other:81/d", false, 0, "http://other:81/d" },
	{ "https://a/b", "//other/d", false, 0, "https://other/d" },
	{ "http://a/b", "https://a/b", false, 0, "https://a/b" },
	{ "http://a/b/c/", "../../../d", false, 0, "http://a/d" },
	{ "http://a/b", "/d#part", false, 0, "http://a/d" },
	{ "http://a/b", "http://user:password@c/d", false, 0, "http://c/d" },
	{ "http://a/b", "/with space", false, 0, "http://a/with%20space" },
	{ "http://a/b", "HTTP://C:80/d", false, 0, "http://c/d" },
	{ "https://a/b", "http://a/b", false, HTTP_EREDIRECT_DOWNGRADE, NULL },
	{ "https://a/b", "http://a/b", true, 0, "http://a/b" },
	{ "http://a/b", "ftp://a/b", false, HTTP_EREDIRECT_BLOCKED, NULL },
	{ "http://a/b", "file:///etc/passwd", false, HTTP_EREDIRECT_BLOCKED, NULL },
	{ "http://a/b", "javascript:alert(1)", false, HTTP_EREDIRECT_BLOCKED, NULL },
	{ "http://a/b", "data:text/plain,x", false, HTTP_EREDIRECT_BLOCKED, NULL },
	{ "http://a/b", "gopher://a/b", false, HTTP_EREDIRECT_BLOCKED, NULL },
	{ "http://a/b", "http://c:65536/", false, HTTP_EURL, NULL },
	{ "http://a/b", "http:///d", false, HTTP_EURL, NULL },
};

TEST(items_50_52_55_locations_are_resolved_or_refused)
{
	char why[URL_WHY];

	for (size_t i = 0; i < array_size(locations); i++) {
		const char *location = locations[i].location;
		struct url *from, *to = NULL;

		CHECK_INT(url_parse(&from, locations[i].from, strlen(locations[i].from), why), 0);
		int rc = redirect_resolve(&to, from, location, locations[i].allow_downgrade, why);
		if (rc != locations[i].rc)
			FAIL("%s from %s gives %d", location, locations[i].from, rc);
		if (rc == 0) {
			CHECK_STR(to->text, locations[i].to);
			CHECK_STR(to->userinfo, NULL);
		}
		url_free(to);
		url_free(from);
	}
}

TEST(item_53_a_public_origin_may_not_send_us_into_our_own_network)
{
	unsigned inside = NET_KIND_LOOPBACK | NET_KIND_PRIVATE | NET_KIND_LINK_LOCAL;

	CHECK_INT(redirect_deny_kinds(NET_KIND_PUBLIC, true, false), inside);
	CHECK_INT(redirect_deny_kinds(NET_KIND_PUBLIC, true, true), 0);
	CHECK_INT(redirect_deny_kinds(NET_KIND_PUBLIC, false, false), 0);
	CHECK_INT(redirect_deny_kinds(NET_KIND_LOOPBACK, true, false), 0);
	CHECK_INT(redirect_deny_kinds(NET_KIND_PRIVATE, true, false), 0);
}

static int visit(struct redirect_visit **visits, const char *method, const char *text)
{
	char why[URL_WHY];
	struct url *url;

	if (url_parse(&url, text, strlen(text), why) < 0)
		FAIL("%s", why);
	int rc = redirect_visit(visits, method, url);
	url_free(url);
	return rc;
}

TEST(item_49_the_same_request_twice_is_a_loop_however_long)
{
	struct redirect_visit *visits = NULL;

	CHECK_INT(visit(&visits, "POST", "http://a/form"), 0);
	CHECK_INT(visit(&visits, "GET", "http://a/form"), 0);
	for (int i = 0; i < 50; i++)
		CHECK_INT(visit(&visits, "GET", format("http://a/%d", i)), 0);
	CHECK_INT(visit(&visits, "GET", "http://A:80/x/../form#f"), HTTP_EREDIRECT_LOOP);
	redirect_forget(&visits);
	CHECK(visits == NULL);
	CHECK_INT(visit(&visits, "GET", "http://a/form"), 0);
	redirect_forget(&visits);
}
