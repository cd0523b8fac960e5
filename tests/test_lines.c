/* SPDX-License-Identifier: MIT */
/* test_lines.c - the line discipline by itself; beside the parser it is tested in test_parser.c. */
#include "http/lines.h"
#include "tests/harness.h"

/* NULL or the objection, the same whole and byte by byte. */
static const char *check(bool request, const char *text)
{
	struct lines whole = { .bare_lf = 0 }, bytes = { .bare_lf = 0 };
	const char *wrong, *again = NULL;

	lines_begin(&whole, request);
	lines_begin(&bytes, request);
	wrong = lines_check(&whole, text, strlen(text));
	for (const char *c = text; *c && !again; c++)
		again = lines_check(&bytes, c, 1);
	CHECK_STR(again, wrong);
	CHECK_INT(bytes.bare_lf, whole.bare_lf);
	return wrong;
}

TEST(a_status_line_has_one_form)
{
	CHECK_STR(check(false, "HTTP/1.1 200 OK\r\n"), NULL);
	CHECK_STR(check(false, "\r\n\nHTTP/1.0 404\r\n"), NULL);
	CHECK_STR(check(false, "HTTP/1.1 200\n"), NULL);
	CHECK_CONTAINS(check(false, "HTTP/1.1 20\r\n"), "status line");
	CHECK_CONTAINS(check(false, "HTTP/1.1 2000\r\n"), "status line");
	CHECK_CONTAINS(check(false, "HTTP/1.1  200\r\n"), "status line");
	CHECK_CONTAINS(check(false, "HTTP/11 200\r\n"), "status line");
	CHECK_CONTAINS(check(false, "http/1.1 200\r\n"), "status line");
	CHECK_CONTAINS(check(false, " HTTP/1.1 200\r\n"), "status line");
}

TEST(a_request_line_ends_in_its_version)
{
	CHECK_STR(check(true, "GET / HTTP/1.1\r\n"), NULL);
	CHECK_STR(check(true, "GET / HTTP/1.0\n"), NULL);
	CHECK_CONTAINS(check(true, "GET / HTTP/2.0\r\n"), "request line");
	CHECK_CONTAINS(check(true, "GET / HTTQ/1.1\r\n"), "request line");
	CHECK_CONTAINS(check(true, "GET /\r\n"), "request line");
}

TEST(line_ends_are_crlf_or_in_heads_lf)
{
	CHECK_STR(check(true, "G HTTP/1.1\nA: b\n\r\n"), NULL);
	CHECK_CONTAINS(check(true, "G HTTP/1.1\r\nA: b\rC: d\r\n"), "CR is not followed");
	CHECK_CONTAINS(check(true, "G HTTP/1.1\r\n\rX"), "CR is not followed");
	CHECK_CONTAINS(check(true, "G HTTP/1.1\r\nA: b\r\n c\r\n"), "white space");
	CHECK_CONTAINS(check(true, "G HTTP/1.1\r\n\tA: b\r\n"), "white space");
	CHECK_STR(check(true, "G HTTP/1.1\r\n\r\n5\r\n"), NULL);
	CHECK_CONTAINS(check(true, "G HTTP/1.1\r\n\r\n5\n"), "without CR");
}

TEST(chunk_data_is_followed_by_crlf_and_nothing_else)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = { { "\r\n0\r\n", NULL },
		      { "\n", "chunk data is not followed by CRLF" },
		      { "\rX", "chunk data is not followed by CRLF" },
		      { "XX", "chunk data is not followed by CRLF" },
		      { "\r\n 0", "a line begins with white space" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lines lines = { .bare_lf = 0 };

		lines_begin(&lines, true);
		CHECK_STR(lines_check(&lines, "G HTTP/1.1\r\n\r\n5\r\n", 17), NULL);
		lines_expect_crlf(&lines);
		CHECK_STR(lines_check(&lines, cases[i].text, strlen(cases[i].text)),
			  cases[i].wrong);
	}
}

TEST(bare_line_feeds_are_counted_over_messages)
{
	struct lines lines = { .bare_lf = 0 };

	for (int i = 0; i < 3; i++) {
		lines_begin(&lines, false);
		CHECK_STR(lines_check(&lines, "HTTP/1.1 100\n\r\n", 15), NULL);
	}
	CHECK_INT(lines.bare_lf, 3);
}
