/* SPDX-License-Identifier: MIT */
/* test_target.c - base URLs, query parameters, users. */
#include "http/target.h"

#include <stdlib.h>

#include "runtime/base.h"
#include "tests/harness.h"

static const struct http_param two[] = { { "q", "a b&c=d#e" }, { "\xc3\xa4", "1/2?~" } };
#define TWO "q=a%20b%26c%3Dd%23e&%C3%A4=1%2F2%3F~"

static void check(const char *base, const char *text, size_t params, const char *want)
{
	char why[URL_WHY] = "";
	struct url *from = NULL, *url;

	if (base)
		CHECK_INT(url_parse(&from, base, strlen(base), why), 0);
	if (target_url(&url, from, text, two, params, why) < 0)
		FAIL("%s: %s", text, why);
	CHECK_STR(url->text, want);
	url_free(url);
	url_free(from);
}

TEST(parameters_are_encoded_and_go_to_the_end_of_the_query)
{
	check(NULL, "http://h", 2, "http://h/?" TWO);
	check(NULL, "http://h/a", 1, "http://h/a?q=a%20b%26c%3Dd%23e");
	check(NULL, "http://h/a?", 2, "http://h/a?" TWO);
	check(NULL, "http://h/a?x=1#frag?", 2, "http://h/a?x=1&" TWO);
	check(NULL, "http://h/a#frag", 0, "http://h/a");
}

TEST(a_relative_url_is_resolved_against_the_base)
{
	check("http://h/v1/", "users?x", 2, "http://h/v1/users?x&" TWO);
	check("http://h/v1/", "/users", 0, "http://h/users");
	check("http://h/v1/", "https://other/", 0, "https://other/");
	check("http://h/v1/", "", 0, "http://h/v1/");
}

TEST(a_user_is_encoded_as_in_a_url)
{
	char *text = target_userinfo("a:b@c", "p/w%");

	CHECK_STR(text, "a%3Ab%40c:p%2Fw%25");
	free(text);
	text = target_userinfo("me", NULL);
	CHECK_STR(text, "me:");
	free(text);
}
