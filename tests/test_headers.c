/* SPDX-License-Identifier: MIT */
/* test_headers.c - fields from pieces, and questions about them. */
#include <stdlib.h>

#include "http/errors.h"
#include "http/headers.h"
#include "tests/harness.h"

TEST(fields_grow_from_pieces_of_any_size)
{
	struct headers headers = { 0 };
	struct http_header *block;
	const char *lead;

	for (int round = 0; round < 2; round++) {
		CHECK_INT(headers_lead(&headers, "/a", 2), 0);
		CHECK_INT(headers_lead(&headers, "b", 1), 0);
		CHECK_INT(headers_name(&headers, "Con", 3), 0);
		CHECK_INT(headers_name(&headers, "TENT", 4), 0);
		CHECK_INT(headers_value(&headers, "x", 1), 0);
		CHECK_INT(headers_value(&headers, " y \t", 4), 0);
		CHECK_INT(headers_name(&headers, "b", 1), 0);
		CHECK_INT(headers_value(&headers, "", 0), 0);
		CHECK_INT(headers_name(&headers, "c", 1), 0);
		CHECK_INT(headers_value(&headers, " ", 1), 0);
		CHECK_INT(headers_finish(&headers, &block, &lead), 0);
		CHECK_INT(headers.count, 3);
		headers_reset(&headers);
		CHECK_STR(lead, "/ab");
		CHECK_STR(block[0].name, "content");
		CHECK_STR(block[0].value, "x y");
		CHECK_STR(block[1].value, "");
		CHECK_STR(block[2].name, "c");
		CHECK_STR(block[2].value, "");
		free(block);
	}
	headers_free(&headers);
}

TEST(an_empty_set_can_be_finished)
{
	struct headers headers = { 0 };
	struct http_header *block;
	const char *lead;

	CHECK_INT(headers_finish(&headers, &block, &lead), 0);
	CHECK_STR(lead, "");
	CHECK(headers_find(block, 0, "a") == NULL);
	free(block);
	headers_free(&headers);
}

TEST(a_name_must_be_a_token)
{
	static const char *const bad[] = { " ", "a b", "a:", "\xe4", "a\"", "(", "a\x7f", "{" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct headers headers = { 0 };

		CHECK_INT(headers_name(&headers, bad[i], strlen(bad[i])), HTTP_EPARSE);
		CHECK(!headers_is_token(bad[i], strlen(bad[i])));
		headers_free(&headers);
	}
	CHECK(!headers_is_token("", 0));
	CHECK(headers_is_token("!#$%&'*+-.^_`|~09azAZ", 21));
}

TEST(the_whole_is_limited_too)
{
	static char value[16000];
	struct headers headers = { 0 };
	int rc = 0, fields = 0;

	memset(value, 'x', sizeof(value));
	for (; rc == 0; fields++) {
		rc = headers_name(&headers, "a", 1);
		if (rc == 0)
			rc = headers_value(&headers, value, sizeof(value));
	}
	CHECK_INT(rc, HTTP_EHEADER_OVERFLOW);
	CHECK_INT(fields, HEADERS_MAX_TOTAL / sizeof(value) + 1);
	headers_reset(&headers);
	CHECK_INT(headers.size, 0); /* a large arena is not kept */
}

TEST(fields_are_found_in_any_case)
{
	static const struct http_header items[] = { { "a", "1" }, { "B-c", "2" }, { "b-C", "3" } };

	CHECK_STR(headers_find(items, 3, "A"), "1");
	CHECK_STR(headers_find(items, 3, "b-c"), "2");
	CHECK(headers_find(items, 3, "b") == NULL);
	CHECK_INT(headers_count(items, 3, "B-C"), 2);
	CHECK_INT(headers_count(items, 3, "x"), 0);
}

TEST(values_that_can_be_sent_have_no_control_bytes)
{
	CHECK(headers_is_value(""));
	CHECK(headers_is_value("a \t\xe4~"));
	CHECK(!headers_is_value("a\r"));
	CHECK(!headers_is_value("a\nb"));
	CHECK(!headers_is_value("\x01"));
	CHECK(!headers_is_value("\x7f"));
}

TEST(words_are_found_in_lists)
{
	CHECK(headers_has_word("close", "close"));
	CHECK(headers_has_word("keep-alive, Close", "close"));
	CHECK(headers_has_word(" ,,\tCLOSE\t,x", "close"));
	CHECK(!headers_has_word("", "close"));
	CHECK(!headers_has_word("closed", "close"));
	CHECK(!headers_has_word("not close", "close"));
	CHECK(!headers_has_word("x;close", "close"));
}

TEST(every_code_has_a_name_and_a_text)
{
	errors_register();
	for (int code = HTTP_EURL; code >= HTTP_EDECODE; code--) {
		CHECK_CONTAINS(async_errname(code), "HTTP_E");
		CHECK(strlen(async_strerror(code)) > 8);
	}
	CHECK_STR(async_errname(HTTP_EFRAMING), "HTTP_EFRAMING");
	CHECK_STR(async_strerror(HTTP_ESESSION_CLOSED), "Session is closed.");
}
