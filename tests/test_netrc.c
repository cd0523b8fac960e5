/* SPDX-License-Identifier: MIT */
/* test_netrc.c - which user a .netrc has for a host. */
#include "http/netrc.h"

#include <stdlib.h>

#include "http/http.h"
#include "runtime/base.h"
#include "tests/harness.h"

/* "login password", "-" for one that is missing, or an error as "error in line N". */
static const char *found(const char *text, const char *host)
{
	char *login, *password;
	const char *told;
	int line, rc = netrc_find(text, strlen(text), host, &login, &password, &line);

	if (rc < 0)
		return format("error in line %d", line);
	told = rc ? format("%s %s", login ? login : "-", password ? password : "-") : "nothing";
	free(login);
	free(password);
	return told;
}

TEST(the_entry_of_the_host_counts_and_then_the_default)
{
	static const struct {
		const char *text, *host, *want;
	} cases[] = {
		{ "", "h", "nothing" },
		{ "machine h login me password secret", "h", "me secret" },
		{ "machine H\n\tlogin me\r\n\tpassword secret\n", "h", "me secret" },
		{ "machine other login x password y\nmachine h password z login w", "h", "w z" },
		{ "machine h login first\nmachine h login second", "h", "first -" },
		{ "machine h account a password p", "h", "- p" },
		{ "machine h login a login b", "h", "a -" },
		{ "default login anyone password any", "h", "anyone any" },
		{ "machine h login me\ndefault login anyone", "h", "me -" },
		{ "machine other login x", "h", "nothing" },
		{ "# a comment\nmachine h # another\n login me", "h", "me -" },
		{ "machine h login \"a b\" password \"q\\\"\\\\\\n\"", "h", "a b q\"\\\n" },
		{ "machine h login me#1 password #", "h", "error in line 1" },
		{ "macdef init\ncd /x\nmachine h login no\n\nmachine h login me", "h", "me -" },
		{ "machine h login me\nmacdef init\ncd /x", "h", "me -" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		CHECK_STR(found(cases[i].text, cases[i].host), cases[i].want);
}

TEST(what_is_no_netrc_is_an_error_with_its_line)
{
	CHECK_STR(found("machine h\nlogin", "h"), "error in line 2");
	CHECK_STR(found("machine h\n\nlogon me", "h"), "error in line 3");
	CHECK_STR(found("machine h login \"me", "h"), "error in line 1");
	CHECK_STR(found("<html>", "h"), "error in line 1");
	CHECK_STR(found(format("machine h login %05000d", 1), "h"), "error in line 1");
}

static void find(void)
{
	char *login, *password;
	int line;

	if (netrc_find("machine h login a password b", 28, "h", &login, &password, &line) > 0) {
		free(login);
		free(password);
	}
}

TEST(a_failing_allocation_leaves_nothing_behind)
{
	for_each_failing_allocation(find);
}
