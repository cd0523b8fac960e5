/* SPDX-License-Identifier: MIT */
/* test_cookies.c - what a jar takes, and what it gives to whom. */
#include "http/cookies.h"

#include <stdlib.h>

#include "http/http.h"
#include "runtime/base.h"
#include "tests/raw_client.h"

#define NOW 1000000000

static struct cookie_jar jar;

static struct url *url_of(const char *text)
{
	char why[URL_WHY];
	struct url *url;

	if (url_parse(&url, text, strlen(text), why) < 0)
		FAIL("%s: %s", text, why);
	return url;
}

static int set_at(int64_t now, const char *from, const char *text)
{
	struct url *url = url_of(from);
	int rc = cookies_set(&jar, url, text, now);

	url_free(url);
	return rc;
}

static int set(const char *from, const char *text)
{
	return set_at(NOW, from, text);
}

static const char *get_at(int64_t now, const char *text)
{
	struct url *url = url_of(text);
	char *value;
	const char *copy;

	CHECK_INT(cookies_get(&jar, url, now, &value), 0);
	copy = value ? format("%s", value) : "";
	free(value);
	url_free(url);
	return copy;
}

static const char *get(const char *text)
{
	return get_at(NOW, text);
}

/* What one cookie becomes for a request. */
static void check(const char *from, const char *text, const char *to, const char *want)
{
	cookies_clear(&jar);
	set(from, text);
	if (strcmp(get(to), want) != 0)
		FAIL("%s sets %s, and to %s goes \"%s\", not \"%s\"", from, text, to, get(to),
		     want);
	cookies_clear(&jar);
}

TEST(a_cookie_goes_back_to_the_host_that_set_it)
{
	check("http://h.test/", "a=b", "http://h.test/", "a=b");
	check("http://h.test/", "a=b", "http://h.test:81/x", "a=b");
	check("http://h.test/", "a=b", "http://www.h.test/", "");
	check("http://h.test/", " a = b c ; x", "http://h.test/", "a=b c");
	check("http://h.test/", "a=b=c", "http://h.test/", "a=b=c");
	check("http://h.test/", "a=", "http://h.test/", "a=");
	check("http://h.test/", "alone", "http://h.test/", "alone");
	check("http://h.test/", "=x", "http://h.test/", "x");
	check("http://h.test/", "", "http://h.test/", "");
	check("http://h.test/", "=", "http://h.test/", "");
	check("http://h.test/", "a=b\x01", "http://h.test/", "");
	check("http://h.test/", "a=\"q\"", "http://h.test/", "a=\"q\"");
}

TEST(a_domain_widens_it_to_names_below_and_to_no_others)
{
	static const char *const www = "http://www.h.test/";

	check(www, "a=b; Domain=h.test", "http://h.test/", "a=b");
	check(www, "a=b; Domain=.H.test", "http://x.y.h.test/", "a=b");
	check(www, "a=b; domain=h.test", "http://nth.test/", "");
	check(www, "a=b; Domain=other.test", "http://other.test/", "");
	check(www, "a=b; Domain=other.test", www, "");
	check(www, "a=b; Domain=www.h.test", "http://h.test/", "");
	check(www, "a=b; Domain=x.www.h.test", www, "");
	check(www, "a=b; Domain=", "http://x.www.h.test/", "");
	check("http://127.0.0.1/", "a=b; Domain=0.0.1", "http://127.0.0.1/", "");
	check("http://127.0.0.1/", "a=b; Domain=127.0.0.1", "http://127.0.0.1/", "a=b");
}

TEST(a_public_suffix_is_nobodys)
{
	check("http://h.com/", "a=b; Domain=com", "http://other.com/", "");
	check("http://h.com/", "a=b; Domain=com", "http://h.com/", "");
	check("http://localhost/", "a=b; Domain=localhost", "http://localhost/", "a=b");
	check("http://localhost/", "a=b; Domain=localhost", "http://x.localhost/", "");
	if (cookies_is_public_suffix("co.uk"))
		check("http://h.co.uk/", "a=b; Domain=co.uk", "http://other.co.uk/", "");
}

TEST(a_path_narrows_it)
{
	check("http://h/a/b/c?d/e", "x=y", "http://h/a/b", "x=y");
	check("http://h/a/b/c", "x=y", "http://h/a/b/", "x=y");
	check("http://h/a/b/c", "x=y", "http://h/a/bc", "");
	check("http://h/a/b/c", "x=y", "http://h/a", "");
	check("http://h/a", "x=y", "http://h/", "x=y");
	check("http://h/a", "x=y; Path=/b", "http://h/b?q", "x=y");
	check("http://h/a", "x=y; Path=/b/", "http://h/b/c", "x=y");
	check("http://h/a", "x=y; Path=/b/", "http://h/b", "");
	check("http://h/a/b", "x=y; Path=relative", "http://h/a/c", "x=y");
}

TEST(secure_cookies_and_prefixes_keep_their_promises)
{
	check("https://h/", "a=b; Secure", "https://h/", "a=b");
	check("https://h/", "a=b; secure=x", "http://h/", "");
	check("http://h/", "a=b; Secure", "https://h/", "");
	check("https://h/", "__Secure-a=b", "https://h/", "");
	check("https://h/", "__secure-a=b; Secure", "https://h/", "__secure-a=b");
	check("https://h/", "__Host-a=b; Secure; Path=/", "https://h/", "__Host-a=b");
	check("https://h/", "__Host-a=b; Secure", "https://h/", "");
	check("https://h.test/", "__Host-a=b; Secure; Path=/; Domain=h.test", "https://h.test/",
	      "");
	check("https://h/", "=__Host-a=b", "https://h/", "");
	/* Plain http cannot replace, nor shadow, what https has set. */
	set("https://h/a/", "a=safe; Secure; Path=/a");
	CHECK_INT(set("http://h/", "a=evil; Path=/a"), 0);
	CHECK_INT(set("http://h/", "a=evil; Path=/a/b"), 0);
	CHECK_INT(set("http://h/", "a=fine; Path=/"), 1);
	CHECK_STR(get("https://h/a/"), "a=safe; a=fine");
	cookies_clear(&jar);
}

TEST(it_ends_when_it_says_so)
{
	set("http://h/", "a=b; Max-Age=10");
	CHECK_STR(get_at(NOW + 9, "http://h/"), "a=b");
	CHECK_STR(get_at(NOW + 10, "http://h/"), "");
	CHECK_INT(jar.count, 0);
	set("http://h/", "a=b; Expires=Sun, 09 Sep 2001 01:46:50 GMT");
	CHECK_STR(get_at(NOW + 9, "http://h/"), "a=b");
	CHECK_STR(get_at(NOW + 10, "http://h/"), "");
	/* Max-Age counts, wherever it stands; nonsense does not. */
	check("http://h/", "a=b; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://h/",
	      "a=b");
	check("http://h/", "a=b; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Max-Age=0", "http://h/",
	      "");
	check("http://h/", "a=b; Max-Age=-5", "http://h/", "");
	check("http://h/", "a=b; Max-Age=x1", "http://h/", "a=b");
	check("http://h/", "a=b; Max-Age=99999999999999999999999", "http://h/", "a=b");
	check("http://h/", "a=b; Expires=some day", "http://h/", "a=b");
	/* The way to remove one. */
	set("http://h/", "a=b");
	CHECK_INT(set("http://h/", "a=; Max-Age=0"), 0);
	CHECK_INT(jar.count, 0);
}

TEST(dates_may_be_written_in_any_way)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "08:49:37 november-6-1994 whatever", 784111777 },
		{ "6 Nov 94 8:49:37", 784111777 },
		{ "1 Jan 70 00:00:00", 0 },
		{ "29 Feb 2000 00:00:00", 951782400 },
		{ "1 Jan 69 0:0:0", 3124224000 },
		{ "29 Feb 2001 00:00:00", -1 },
		{ "Nov 1994 08:49:37", -1 },
		{ "06 Nov 1994 24:00:00", -1 },
		{ "06 Nov 1600 00:00:00", -1 },
		{ "06 Nov 1994", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		int64_t seconds = -1;
		bool known = cookies_date(cases[i].text, strlen(cases[i].text), &seconds);

		CHECK_INT(known, cases[i].seconds >= 0);
		if (known)
			CHECK_INT(seconds, cases[i].seconds);
	}
}

TEST(longer_paths_go_first_and_then_older_cookies)
{
	set("http://h/a/b", "one=1; Path=/");
	set("http://h/a/b", "two=2; Path=/a");
	set("http://h/a/b", "three=3; Path=/");
	CHECK_STR(get("http://h/a/b"), "two=2; one=1; three=3");
	/* A new value does not make it younger. */
	set("http://h/a/b", "one=4; Path=/");
	CHECK_STR(get("http://h/a/b"), "two=2; one=4; three=3");
	cookies_clear(&jar);
}

TEST(a_jar_has_limits_and_what_was_not_used_goes_first)
{
	for (int i = 0; i < COOKIES_MAX_OF_DOMAIN; i++)
		set("http://h/", format("n%d=x; Path=/%d", i, i));
	CHECK_STR(get("http://h/0"), "n0=x");
	set("http://h/", "one=more");
	CHECK_INT(jar.count, COOKIES_MAX_OF_DOMAIN);
	CHECK_STR(get("http://h/0"), "n0=x; one=more");
	CHECK_STR(get("http://h/1"), "one=more");
	for (int i = 0; i < COOKIES_MAX; i++)
		set(format("http://h%d/", i), "a=b");
	CHECK_INT(jar.count, COOKIES_MAX);
	CHECK_INT(set("http://big/", format("a=%0*d", COOKIES_MAX_SIZE - 1, 1)), 1);
	CHECK_INT(set("http://big/", format("a=%0*d", COOKIES_MAX_SIZE, 1)), 0);
	cookies_clear(&jar);
}

/* ---- In a session ---------------------------------------------------------------------------- */

static const struct raw_step sets[] = {
	RAW_REQUEST,
	RAW_SEND(
		"HTTP/1.1 302 F\r\nLocation: /there\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/x\r\n"
		"Content-Length: 0\r\n\r\n"),
	RAW_REQUEST, RAW_SEND("HTTP/1.1 200 K\r\nSet-Cookie: c=3\r\nContent-Length: 0\r\n\r\n"),
	RAW_AGAIN
};

CLIENT_TEST(a_session_with_a_jar_gives_back_what_it_got_redirects_included)
{
	char *value;

	serve(sets);
	session = http_session_new(&(struct http_session_options){ .cookies = true });
	CHECK_INT(ask("/", NULL), 0);
	CHECK(!strstr(server.requests[0].text, "Cookie"));
	CHECK_CONTAINS(server.requests[1].text, "\r\nCookie: a=1\r\n");
	CHECK_INT(http_session_cookies(session, server.url, &value), 0);
	CHECK_STR(value, "a=1; c=3");
	free(value);
	CHECK_INT(http_session_add_cookie(session, server.url, "d=4; Path=/x/y"), 0);
	CHECK_INT(ask("/x/y", NULL), 0);
	CHECK_CONTAINS(server.requests[2].text, "\r\nCookie: d=4; b=2; a=1; c=3\r\n");
	/* The request's own takes its place. */
	CHECK_INT(ask("/",
		      &(struct http_options){ .headers = &(struct http_header){ "cookie", "own=1" },
					      .header_count = 1 }),
		  0);
	CHECK_CONTAINS(server.requests[4].text, "\r\ncookie: own=1\r\n");
	CHECK(!strstr(server.requests[4].text, "a=1"));
	CHECK_INT(http_session_add_cookie(session, server.url, "a=1; Domain=other"), HTTP_EREQUEST);
	CHECK_INT(http_session_add_cookie(session, "nowhere", "a=1"), HTTP_EURL);
	http_session_clear_cookies(session);
	CHECK_INT(http_session_cookies(session, server.url, &value), 0);
	CHECK_STR(value, NULL);
}

CLIENT_TEST(without_a_jar_nothing_is_kept)
{
	serve(sets);
	CHECK_INT(ask("/", NULL), 0);
	CHECK(!strstr(server.requests[1].text, "Cookie"));
}

static void use_a_jar(void)
{
	struct cookie_jar own = { .count = 0 };
	char why[URL_WHY], *value = NULL;
	struct url *url;

	if (url_parse(&url, "http://h/", 9, why) < 0)
		return;
	(void)cookies_set(&own, url, "a=b", NOW);
	(void)cookies_set(&own, url, "c=d", NOW);
	(void)cookies_get(&own, url, NOW, &value);
	free(value);
	cookies_clear(&own);
	url_free(url);
}

TEST(a_failing_allocation_leaves_nothing_behind)
{
	for_each_failing_allocation(use_a_jar);
}
