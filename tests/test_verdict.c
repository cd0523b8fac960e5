/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "app/codes.h"
#include "app/verdict.h"
#include "tests/harness.h"

static struct http_header type = { "content-type", "application/json; charset=utf-8" };

static struct verdict judge_as(const char *method, int status, const char *body, size_t size,
			       bool json)
{
	struct verdict_rules rules = { .expect_json = json };
	struct http_response response = { .status = status,
					  .body = { body, size },
					  .headers = &type,
					  .header_count = type.value ? 1 : 0 };
	struct verdict verdict;

	verdict_default(&rules.fail_on);
	verdict_judge(&verdict, &rules, &response, method);
	CHECK(!verdict.outcome || *verdict.why);
	return verdict;
}

static struct verdict judge(int status, const char *body, bool json)
{
	return judge_as("GET", status, body, strlen(body), json);
}

TEST(validity_alone_decides_the_form_of_a_body)
{
	CHECK_INT(judge(200, "{\"a\":1}", false).form, VERDICT_JSON);
	CHECK_INT(judge(200, " 1.0e400 ", false).form, VERDICT_JSON);
	CHECK_INT(judge(200, "<html>\xC3\xA9", false).form, VERDICT_TEXT);
	CHECK_INT(judge(200, "", false).form, VERDICT_TEXT);
	CHECK_INT(judge(200, "{\"a\":\"\xFF\"}", false).form, VERDICT_BASE64);
	CHECK_INT(judge(200, "NaN", false).form, VERDICT_TEXT);
	CHECK_INT(judge(200, "{\"a\":1} x", false).outcome, 0);
}

TEST(a_byte_order_mark_is_left_out)
{
	struct verdict verdict = judge(200, "\xEF\xBB\xBF[1]", true);

	CHECK_INT(verdict.outcome, 0);
	CHECK_INT(verdict.form, VERDICT_JSON);
	CHECK_MEM(verdict.body.ptr, verdict.body.len, "[1]", 3);
}

TEST(everything_but_2xx_fails_unless_it_is_a_304)
{
	CHECK_INT(judge(200, "{}", false).outcome, 0);
	CHECK_INT(judge(299, "{}", false).outcome, 0);
	CHECK_INT(judge(404, "{}", false).outcome, 404);
	CHECK_INT(judge(302, "", false).outcome, 302);
	CHECK_INT(judge(503, "<p>", true).outcome, 503);
	CHECK_INT(judge(304, "", true).outcome, 0);
	CHECK(judge(304, "", true).unchanged);
}

TEST(expecting_json_makes_errors_of_all_else)
{
	struct verdict verdict = judge(200, "{\"a\":1,}", true);

	CHECK_INT(verdict.outcome, COLLECT_EJSON);
	CHECK_CONTAINS(verdict.why, "byte 7");
	CHECK_INT(judge(200, "", true).outcome, COLLECT_EJSON);
	CHECK_INT(judge(204, "", true).outcome, 0);
	CHECK_INT(judge_as("HEAD", 200, "", 0, true).outcome, 0);
	CHECK_INT(judge(200, "[NaN]", true).outcome, COLLECT_EJSON);
	CHECK_INT(judge(200, "{\"a\":\"\xFF\"}", true).outcome, COLLECT_EJSON);
	type.value = "text/html";
	CHECK_INT(judge(200, "<p>", true).outcome, COLLECT_ECONTENT_TYPE);
	CHECK_INT(judge(200, "{}", true).outcome, COLLECT_ECONTENT_TYPE);
	type.value = "application/problem+json";
	CHECK_INT(judge(200, "{}", true).outcome, 0);
	type.value = NULL;
	CHECK_INT(judge(200, "{}", true).outcome, 0);
}

TEST(json_that_is_too_deep_has_its_own_code)
{
	char deep[1400];

	memset(deep, '[', 700);
	memset(deep + 700, ']', 700);
	CHECK_INT(judge_as("GET", 200, deep, 1400, true).outcome, COLLECT_EJSON_DEPTH);
	CHECK_INT(judge_as("GET", 200, deep, 1400, false).form, VERDICT_TEXT);
}

TEST(of_a_wrong_body_the_first_256_bytes_are_kept)
{
	char text[1000];
	struct verdict verdict;

	memset(text, 'x', sizeof text);
	memcpy(text + 255, "\xC3\xA9", 2);
	verdict = judge_as("GET", 200, text, sizeof text, true);
	CHECK_INT(verdict.form, VERDICT_TEXT);
	CHECK_INT(verdict.body.len, 255); /* not half of the character */
	memset(text, 'x', sizeof text);
	text[500] = '\xFF';
	verdict = judge_as("GET", 200, text, sizeof text, true);
	CHECK_INT(verdict.form, VERDICT_BASE64);
	CHECK_INT(verdict.body.len, 256);
}
