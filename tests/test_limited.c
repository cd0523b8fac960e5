/* SPDX-License-Identifier: MIT */
#include "app/limited.h"
#include "tests/harness.h"

#define SECOND INT64_C(1000000000)
#define NOW INT64_C(1700000000) /* Tue, 14 Nov 2023 22:13:20 GMT */

static struct http_response answer(int status, const struct http_header *headers, size_t count,
				   const char *body)
{
	return (struct http_response){ .status = status,
				       .headers = (struct http_header *)headers,
				       .header_count = count,
				       .body = { (char *)body, strlen(body) } };
}

TEST(item_70_a_rule_is_a_status_with_a_header_or_a_place_in_the_json)
{
	static const char *const good[] = { "403", "403:a=b", "200:$.error.code=x", "403:a==" };
	static const char *const bad[] = { "",	      "x",     "99",	    "600",    "1000",
					   "403:",    "403:a", "403:=b",    "403:a=", "403x",
					   "403 a=b", "-403",  "403:$.a[=b" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(limited_add(&(struct limited){ 0 }, good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (limited_add(&(struct limited){ 0 }, bad[i]))
			FAIL("\"%s\" is taken", bad[i]);
	CHECK(!limited_add(&(struct limited){ .count = LIMITED_RULES }, "403"));
}

TEST(item_70_an_answer_matches_by_all_that_its_rule_says)
{
	static const struct {
		const char *rule;
		int status;
		const char *body;
		bool is;
	} table[] = {
		{ "403:x-left=0", 403, "", true },
		{ "403:X-LEFT=0", 403, "", true },
		{ "403:x-left=0", 200, "", false },
		{ "403:x-left=1", 403, "", false },
		{ "403:x-other=0", 403, "", false },
		{ "403", 403, "", true },
		{ "403", 404, "", false },
		{ "200:$.e.code=slow down", 200, "{\"e\":{\"code\":\"slow down\"}}", true },
		{ "200:$.e.code=88", 200, "{\"e\":{\"code\":88}}", true },
		{ "200:$.e.code=88", 200, "{\"e\":{\"code\":888}}", false },
		{ "200:$.e.code=88", 200, "{\"e\":{\"code\":88}", false },
		{ "200:$.e.code=88", 200, "", false },
		{ "200:$[0]=88", 200, "\xEF\xBB\xBF[88]", true },
	};
	static const struct http_header headers[] = { { "x-left", "0" } };

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct http_response response = answer(table[i].status, headers, 1, table[i].body);
		struct limited limited = { 0 };

		CHECK(limited_add(&limited, table[i].rule));
		if (limited_is(&limited, &response) != table[i].is)
			FAIL("%s with %d %s", table[i].rule, table[i].status, table[i].body);
	}
}

TEST(item_71_a_quota_waits_until_its_reset_and_believes_no_nonsense)
{
	static const struct {
		const char *left, *reset, *date;
		int64_t seconds; /* -1: no wait is asked for; INT64_MAX: for ever */
	} table[] = {
		{ "0", "7", NULL, 7 },
		{ "-5", "7", NULL, 7 },
		{ "1", "7", NULL, -1 },
		{ "", "7", NULL, -1 },
		{ "none", "7", NULL, -1 },
		{ "0 left", "7", NULL, -1 },
		{ "99999999999999999999999", "7", NULL, -1 },
		{ "0", "0", NULL, 0 },
		{ "0", "-7", NULL, 0 },
		{ "0", "soon", NULL, -1 },
		{ "0", "", NULL, -1 },
		{ "0", "1700000007", NULL, 7 },
		{ "0", "1600000000", NULL, 0 },
		{ "0", "1600000007", "Sun, 13 Sep 2020 12:26:40 GMT", 7 },
		{ "0", "1700000007", "nonsense", 7 },
		{ "0", "1700000007000", NULL, INT64_MAX },
		{ "0", "99999999999999999999999", NULL, INT64_MAX },
		{ "0", "Tue, 14 Nov 2023 22:13:27 GMT", NULL, 7 },
		{ "0", "Tue, 14 Nov 2073 22:13:20 GMT", NULL, 1577923200 },
		{ "0", "Tue, 14 Nov 2003 22:13:27 GMT", NULL, 0 },
	};
	struct limited limited = { 0 };

	CHECK(!limited_set_quota(&limited, "left"));
	CHECK(!limited_set_quota(&limited, "left,"));
	CHECK(!limited_set_quota(&limited, "left,reset,more"));
	limited = (struct limited){ 0 };
	CHECK(limited_set_quota(&limited, "left,reset"));
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		const struct http_header headers[] = { { "left", table[i].left },
						       { "reset", table[i].reset },
						       { "date", table[i].date } };
		struct http_response response = answer(200, headers, table[i].date ? 3 : 2, "");
		int64_t want = table[i].seconds, wait = limited_wait(&limited, &response, NOW);

		if (wait != (want > 0 && want != INT64_MAX ? want * SECOND : want))
			FAIL("left %s, reset %s: %lld", table[i].left, table[i].reset,
			     (long long)wait);
	}
	/* Nothing is said, or nobody asked. */
	struct http_response nothing = answer(200, NULL, 0, "");
	CHECK_INT(limited_wait(&limited, &nothing, NOW), -1);
	CHECK_INT(limited_wait(&(struct limited){ 0 }, &nothing, NOW), -1);
}
