/* SPDX-License-Identifier: MIT */
/* test_url.c - what becomes of a URL, which ones are refused and with which words. */
#include <stdlib.h>

#include "http/http.h"
#include "http/url.h"
#include "tests/harness.h"

/* From a block of its own size, so that a sanitizer sees a read beyond the end. */
static int parse(struct url **url, const char *text, size_t size, char *why)
{
	char *copy = malloc(size ? size : 1);
	int rc;

	CHECK(copy);
	memcpy(copy, text, size);
	rc = url_parse(url, copy, size, why);
	free(copy);
	return rc;
}

static struct url *accepted(const char *text)
{
	char why[URL_WHY];
	struct url *url;

	if (parse(&url, text, strlen(text), why) < 0)
		FAIL("%s: %s", text, why);
	CHECK_STR(why, "");
	return url;
}

static void check_text(const char *text, const char *want)
{
	struct url *url = accepted(text), *again;

	CHECK_STR(url->text, want);
	again = accepted(url->text);
	CHECK_STR(again->text, want);
	url_free(again);
	url_free(url);
}

TEST(each_part_is_where_it_belongs)
{
	struct url *url = accepted("HTTPS://User:p%40ss@Example.COM:8443/a/b?c=d&e#frag?x");

	CHECK(url->secure && !url->ipv6);
	CHECK_INT(url->port, 8443);
	CHECK_STR(url->host, "example.com");
	CHECK_STR(url->authority, "example.com:8443");
	CHECK_STR(url->origin, "https://example.com:8443");
	CHECK_STR(url->target, "/a/b?c=d&e");
	CHECK_STR(url->userinfo, "User:p%40ss");
	CHECK_STR(url->text, "https://example.com:8443/a/b?c=d&e");
	url_free(url);
}

TEST(default_ports_are_known_and_not_written)
{
	static const char *const texts[] = { "http://h", "http://h:80/", "http://h:/",
					     "http://h:0080/" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct url *url = accepted(texts[i]);

		CHECK_INT(url->port, 80);
		CHECK_STR(url->authority, "h");
		CHECK_STR(url->origin, "http://h:80");
		CHECK_STR(url->target, "/");
		CHECK(url->userinfo == NULL);
		url_free(url);
	}
	check_text("https://h:443/", "https://h/");
	check_text("https://h:80/", "https://h:80/");
	check_text("http://h:65535/", "http://h:65535/");
	check_text("http://h:1/", "http://h:1/");
}

TEST(addresses_keep_one_spelling)
{
	struct url *url = accepted("http://[2001:DB8:0:0::1]:81/");

	CHECK(url->ipv6);
	CHECK_STR(url->host, "2001:db8::1");
	CHECK_STR(url->authority, "[2001:db8::1]:81");
	CHECK_STR(url->origin, "http://[2001:db8::1]:81");
	url_free(url);
	check_text("https://[::ffff:127.0.0.1]/x", "https://[::ffff:127.0.0.1]/x");
	check_text("http://127.0.0.1", "http://127.0.0.1/");
	check_text("http://255.10.0.1", "http://255.10.0.1/");
	check_text("http://example.com./", "http://example.com/");
	check_text("http://a_b-c.0x.example1/", "http://a_b-c.0x.example1/");
}

TEST(bytes_that_have_no_place_on_the_wire_are_encoded)
{
	check_text("http://h/a b", "http://h/a%20b");
	check_text("http://h/\xc3\xa4?\xff", "http://h/%C3%A4?%FF");
	check_text("http://h/%41%zz%4", "http://h/%41%25zz%254");
	check_text("http://h/%0d%0a", "http://h/%0d%0a");
	check_text("http://h/a[0]\"<>\\^`{|}", "http://h/a%5B0%5D%22%3C%3E%5C%5E%60%7B%7C%7D");
	check_text("http://h/-._~!$&'()*+,;=:@", "http://h/-._~!$&'()*+,;=:@");
	check_text("http://h?a=/?b", "http://h/?a=/?b");
	check_text("http://h/?", "http://h/?");
	check_text("http://h/a#\xc3\xa4 [", "http://h/a");
	check_text("http://h#x", "http://h/");
}

TEST(dot_segments_are_removed)
{
	check_text("http://h/a/./b/../c", "http://h/a/c");
	check_text("http://h/..", "http://h/");
	check_text("http://h/../../a", "http://h/a");
	check_text("http://h/a/b/..", "http://h/a/");
	check_text("http://h/a/b/.", "http://h/a/b/");
	check_text("http://h/.", "http://h/");
	check_text("http://h/a//../b", "http://h/a/b");
	check_text("http://h/.a/..b/...", "http://h/.a/..b/...");
	check_text("http://h/a?x=/../y", "http://h/a?x=/../y");
}

struct refusal {
	const char *text;
	size_t size;
	const char *part;
};
#define TEXT(text) (text), sizeof(text) - 1

TEST(every_refusal_says_why)
{
	static const struct refusal refusals[] = {
		{ TEXT(""), "empty" },
		{ TEXT("example.com"), "did you mean https://example.com?" },
		{ TEXT("example.com/a"), "did you mean https://example.com/a?" },
		{ TEXT("example.com:8080/x"), "did you mean https://example.com:8080/x?" },
		{ TEXT("127.0.0.1:80"), "did you mean https://127.0.0.1:80?" },
		{ TEXT("//h/x"), "no scheme" },
		{ TEXT("://h/x"), "no scheme" },
		{ TEXT("ftp://h/x"), "scheme ftp is not http or https" },
		{ TEXT("file:///etc/passwd"), "scheme file" },
		{ TEXT("javascript:alert(1)"), "scheme javascript" },
		{ TEXT("data:,x"), "scheme data" },
		{ TEXT("httpx://h/"), "scheme httpx" },
		{ TEXT("http:h"), "no host" },
		{ TEXT("http:/h"), "no host" },
		{ TEXT("http://"), "no host" },
		{ TEXT("http:///x"), "no host" },
		{ TEXT("http://?x"), "no host" },
		{ TEXT("http://:80/"), "no host" },
		{ TEXT("http://a@/"), "no host" },
		{ TEXT("http://a@b@c/"), "more than one '@'" },
		{ TEXT("http://a b@c/"), "percent-encoded" },
		{ TEXT("http://a%zz@c/"), "percent-encoded" },
		{ TEXT("http://h:0/"), "port 0" },
		{ TEXT("http://h:65536/"), "port 65536 is above 65535" },
		{ TEXT("http://h:99999999999999999999/"), "above 65535" },
		{ TEXT("http://h:8a/"), "port \"8a\" is not a number" },
		{ TEXT("http://h:-1/"), "not a number" },
		{ TEXT("http://h:+1/"), "not a number" },
		{ TEXT("http://::1/"), "needs brackets" },
		{ TEXT("http://[::1"), "no ']'" },
		{ TEXT("http://[]/"), "not an IPv6 address" },
		{ TEXT("http://[1.2.3.4]/"), "not an IPv6 address" },
		{ TEXT("http://[::1%25eth0]/"), "zone" },
		{ TEXT("http://[v1.x]/"), "not an IPv6 address" },
		{ TEXT("http://[::1]x/"), "follows the ']'" },
		{ TEXT("http://[::1]:x/"), "not a number" },
		{ TEXT("http://2130706433/"), "plain IPv4" },
		{ TEXT("http://0x7f.1/"), "plain IPv4" },
		{ TEXT("http://0177.0.0.1/"), "plain IPv4" },
		{ TEXT("http://1.2.3.04/"), "plain IPv4" },
		{ TEXT("http://127.1/"), "plain IPv4" },
		{ TEXT("http://0X7F000001/"), "plain IPv4" },
		{ TEXT("http://0x/"), "plain IPv4" },
		{ TEXT("http://1.2.3.256/"), "plain IPv4" },
		{ TEXT("http://1.2.3.04/"), "plain IPv4" },
		{ TEXT("http://1.2.3.4.5/"), "plain IPv4" },
		{ TEXT("http://1.2.3.00/"), "plain IPv4" },
		{ TEXT("http://1.2.3.1000/"), "plain IPv4" },
		{ TEXT("http://1.2.3.4294967297/"), "plain IPv4" },
		{ TEXT("http://a.1/"), "plain IPv4" },
		{ TEXT("http://127.1./"), "plain IPv4" },
		{ TEXT("http://a..b/"), "empty label" },
		{ TEXT("http://.a/"), "empty label" },
		{ TEXT("http://a../"), "empty label" },
		{ TEXT("http://./"), "empty label" },
		{ TEXT("http://b\xc3\xbc"
		       "cher.example/"),
		  "xn--" },
		{ TEXT("http://a b/"), "character ' '" },
		{ TEXT("http://a%41/"), "character '%'" },
		{ TEXT("http://a\\b/"), "character '\\'" },
		{ TEXT("http://a\"b/"), "character '\"'" },
		{ TEXT("http://h/a\r\nHost: x"), "control byte 0x0d at offset 10" },
		{ TEXT("http://h/a\n"), "control byte 0x0a" },
		{ TEXT("http://h/a\tb"), "control byte 0x09" },
		{ TEXT("http://h/a\0b"), "control byte 0x00" },
		{ TEXT("http://h\x7f/"), "control byte 0x7f" },
		{ TEXT(" http://h/"), "no scheme" },
		{ TEXT("\xff\xfe"), "no scheme" },
		{ TEXT("\"http://h/\""), "no scheme: a URL begins with" },
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char why[URL_WHY];
		struct url *url;
		int rc = parse(&url, refusals[i].text, refusals[i].size, why);

		if (rc != HTTP_EURL)
			FAIL("%s: %d", refusals[i].text, rc);
		CHECK(url == NULL);
		CHECK_CONTAINS(why, refusals[i].part);
		for (const char *c = why; *c; c++)
			CHECK(*c >= ' ' && *c <= '~');
	}
}

TEST(lengths_have_limits)
{
	char *text = malloc(URL_MAX + 2), why[URL_WHY];
	struct url *url;

	memset(text, ' ', URL_MAX + 2);
	memcpy(text, "http://h/", 9);
	CHECK_INT(url_parse(&url, text, URL_MAX, why), 0);
	CHECK_INT(strlen(url->target), 3 * (URL_MAX - 9) + 1);
	url_free(url);
	CHECK_INT(url_parse(&url, text, URL_MAX + 1, why), HTTP_EURL);
	CHECK_CONTAINS(why, "longer than 65536 bytes");
	memset(text + 7, 'a', 64);
	CHECK_INT(url_parse(&url, text, 7 + 63, why), 0);
	url_free(url);
	CHECK_INT(url_parse(&url, text, 7 + 64, why), HTTP_EURL);
	CHECK_CONTAINS(why, "label of 64");
	for (int i = 0; i < 300; i += 2)
		memcpy(text + 7 + i, "a.", 2);
	CHECK_INT(url_parse(&url, text, 7 + 253, why), 0);
	url_free(url);
	CHECK_INT(url_parse(&url, text, 7 + 255, why), HTTP_EURL);
	CHECK_CONTAINS(why, "longer than 253");
	free(text);
}

static void check_resolved(const char *base, const char *reference, const char *want)
{
	struct url *from = accepted(base), *url;
	char why[URL_WHY];
	int rc = url_resolve(&url, from, reference, strlen(reference), why);

	if (rc < 0)
		FAIL("%s: %s", reference, why);
	CHECK_STR(url->text, want);
	CHECK(url->userinfo == NULL);
	url_free(url);
	url_free(from);
}

/* RFC 3986 5.4.1 and 5.4.2, without fragments, which are never sent. */
TEST(references_are_resolved_as_the_rfc_has_it)
{
	static const char *const table[][2] = {
		{ "http:g", NULL },
		{ "g", "/b/c/g" },
		{ "./g", "/b/c/g" },
		{ "g/", "/b/c/g/" },
		{ "/g", "/g" },
		{ "?y", "/b/c/d;p?y" },
		{ "g?y", "/b/c/g?y" },
		{ "#s", "/b/c/d;p?q" },
		{ "g#s", "/b/c/g" },
		{ "g?y#s", "/b/c/g?y" },
		{ ";x", "/b/c/;x" },
		{ "g;x", "/b/c/g;x" },
		{ "", "/b/c/d;p?q" },
		{ ".", "/b/c/" },
		{ "./", "/b/c/" },
		{ "..", "/b/" },
		{ "../", "/b/" },
		{ "../g", "/b/g" },
		{ "../..", "/" },
		{ "../../", "/" },
		{ "../../g", "/g" },
		{ "../../../g", "/g" },
		{ "../../../../g", "/g" },
		{ "/./g", "/g" },
		{ "/../g", "/g" },
		{ "g.", "/b/c/g." },
		{ ".g", "/b/c/.g" },
		{ "g..", "/b/c/g.." },
		{ "..g", "/b/c/..g" },
		{ "./../g", "/b/g" },
		{ "./g/.", "/b/c/g/" },
		{ "g/./h", "/b/c/g/h" },
		{ "g/../h", "/b/c/h" },
		{ "g;x=1/./y", "/b/c/g;x=1/y" },
		{ "g;x=1/../y", "/b/c/y" },
		{ "g?y/./x", "/b/c/g?y/./x" },
		{ "g?y/../x", "/b/c/g?y/../x" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct url *base = accepted("http://u:p@a:81/b/c/d;p?q#f"), *url;
		const char *reference = table[i][0], *want = table[i][1];
		char why[URL_WHY];
		int rc = url_resolve(&url, base, reference, strlen(reference), why);

		if (rc != (want ? 0 : HTTP_EURL))
			FAIL("%s: %d %s", reference, rc, why);
		if (want) {
			CHECK_STR(url->target, want);
			CHECK_STR(url->origin, "http://a:81");
			CHECK(url->userinfo == NULL);
		}
		url_free(url);
		url_free(base);
	}
}

TEST(a_reference_may_lead_elsewhere_but_not_with_a_password)
{
	check_resolved("https://h/a", "//other/x", "https://other/x");
	check_resolved("http://h/a", "//u:p@other:81", "http://other:81/");
	check_resolved("https://h/a", "http://OTHER/x y", "http://other/x%20y");
}

TEST(a_reference_to_another_scheme_is_blocked)
{
	static const char *const references[] = {
		"file:///etc/passwd",  "ftp://h/", "data:,x", "gopher://h",
		"javascript:alert(1)", "a:b"
	};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		struct url *base = accepted("http://h/"), *url;
		char why[URL_WHY];

		CHECK_INT(url_resolve(&url, base, references[i], strlen(references[i]), why),
			  HTTP_EREDIRECT_BLOCKED);
		CHECK_CONTAINS(why, "is not http or https");
		CHECK(url == NULL);
		url_free(base);
	}
}

TEST(a_reference_is_checked_like_any_url)
{
	static const struct refusal refusals[] = {
		{ TEXT("/a\r\nSet-Cookie: x"), "control byte" },
		{ TEXT("//"), "no host" },
		{ TEXT("http:///x"), "no host" },
		{ TEXT("//h:65536/"), "port 65536" },
		{ TEXT("//0x7f.1/"), "plain IPv4" },
	};

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct url *base = accepted("http://h/"), *url;
		char why[URL_WHY];

		CHECK_INT(url_resolve(&url, base, refusals[i].text, refusals[i].size, why),
			  HTTP_EURL);
		CHECK_CONTAINS(why, refusals[i].part);
		url_free(base);
	}
}

TEST(an_origin_is_scheme_host_and_port)
{
	struct url *a = accepted("http://h/a"), *b = accepted("HTTP://H:80/b"),
		   *c = accepted("https://h/a"), *d = accepted("http://h:81/a");

	CHECK(url_same_origin(a, b));
	CHECK(!url_same_origin(a, c));
	CHECK(!url_same_origin(a, d));
	url_free(a);
	url_free(b);
	url_free(c);
	url_free(d);
}

static void resolve_with_failures(void)
{
	struct url *base, *url;
	char why[URL_WHY];

	if (url_parse(&base, "http://h/", 9, why) < 0)
		return;
	if (url_resolve(&url, base, "x", 1, why) == 0)
		url_free(url);
	url_free(base);
}

TEST(running_out_of_memory_is_an_error_code)
{
	for_each_failing_allocation(resolve_with_failures);
}
