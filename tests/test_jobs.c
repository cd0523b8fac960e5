/* SPDX-License-Identifier: MIT */
#include "app/codes.h"
#include "app/jobs.h"
#include "tests/harness.h"

static struct text scratch;
static char why[JOBS_WHY];
static struct url *url;

static int parse(struct job **job, const char *line, uint64_t number)
{
	*why = '\0';
	return job_parse(job, &url, (struct json_span){ line, strlen(line) }, number, &scratch,
			 why);
}

static struct job *good(const char *line)
{
	struct job *job = NULL;
	int rc = parse(&job, line, 7);

	if (rc != 1)
		FAIL("%s: %d %s", line, rc, why);
	url_free(url);
	return job;
}

static void done(struct job *job)
{
	job_free(job);
	text_free(&scratch);
}

TEST(a_line_is_a_url_as_it_was_given)
{
	struct job *job = good(" HTTP://Example.com:80/a?b#c\t");

	CHECK_STR(job->url, "HTTP://Example.com:80/a?b#c");
	CHECK_INT(job->url_size, strlen(job->url));
	CHECK_STR(job_method(job), "GET");
	CHECK_INT(job->line, 7);
	CHECK_INT(job->header_count, 0);
	CHECK(!job->body && !job->ref);
	done(job);
}

TEST(blank_lines_and_comments_are_no_jobs)
{
	static const char *const none[] = { "", "   ", "\t", "# http://a/", "  # x", "\r" };
	struct job *job;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		CHECK_INT(parse(&job, none[i], 2), 0);
	CHECK_INT(parse(&job, "\xEF\xBB\xBF# x", 1), 0);
}

TEST(a_byte_order_mark_belongs_to_the_first_line_only)
{
	struct job *job = NULL;

	CHECK_INT(parse(&job, "\xEF\xBB\xBFhttp://a/", 1), 1);
	CHECK_STR(job->url, "http://a/");
	url_free(url);
	done(job);
	CHECK(parse(&job, "\xEF\xBB\xBFhttp://a/", 2) < 0);
}

TEST(an_object_gives_method_headers_body_and_ref)
{
	struct job *job = good(
		"{\"url\":\"http://a/\\u00e9\",\"method\":\"PUT\",\"headers\":"
		"{\"X-One\":\"1\",\"X-Two\":\"a\\\"b\"},\"body\":\"l\\u00eF\\n\\ud83d\\ude00\","
		"\"ref\":{\"n\":[1, 2.50]}}");
	struct http_header headers[2];

	CHECK_STR(job->url, "http://a/\xC3\xA9");
	CHECK_STR(job_method(job), "PUT");
	CHECK_INT(job->header_count, 2);
	job_headers(job, headers);
	CHECK_STR(headers[0].name, "X-One");
	CHECK_STR(headers[0].value, "1");
	CHECK_STR(headers[1].name, "X-Two");
	CHECK_STR(headers[1].value, "a\"b");
	CHECK_MEM(job->url + job->body, job->body_size, "l\xC3\xAF\n\xF0\x9F\x98\x80", 8);
	CHECK_MEM(job->url + job->ref, job->ref_size, "{\"n\":[1, 2.50]}", 15);
	done(job);
}

TEST(a_body_that_is_no_string_is_sent_as_the_json_it_is)
{
	struct job *job = good("{ \"body\" : [1, {\"a\":\"}\"}] , \"url\" : \"http://a/\" }");

	CHECK_MEM(job->url + job->body, job->body_size, "[1, {\"a\":\"}\"}]", 14);
	CHECK_STR(job_method(job), "POST");
	done(job);
	job = good("{\"url\":\"http://a/\",\"body\":null}");
	CHECK(!job->body);
	CHECK_STR(job_method(job), "GET");
	done(job);
	job = good("{\"url\":\"http://a/\",\"body\":\"\"}");
	CHECK(job->body && !job->body_size);
	done(job);
}

TEST(a_bad_line_says_what_is_wrong)
{
	static const struct {
		const char *line;
		int code;
		const char *why;
	} cases[] = {
		{ "example.com/x", HTTP_EURL, "did you mean https://example.com/x?" },
		{ "http://", HTTP_EURL, "" },
		{ "mailto:me", HTTP_EURL, "scheme mailto is not http or https" },
		{ "\"http://a/\"", COLLECT_ELINE, "without quotes" },
		{ "[\"http://a/\"]", COLLECT_ELINE, "nor an object" },
		{ "http://a:65536/", HTTP_EURL, "65536" },
		{ "ftp://a/", HTTP_EURL, "" },
		{ "{\"url\":\"http://a/\"", COLLECT_ELINE, "byte" },
		{ "{}", COLLECT_ELINE, "\"url\" is missing" },
		{ "{\"url\":5}", COLLECT_ELINE, "\"url\" has to be a string" },
		{ "{\"url\":\"http://a/\",\"hedaers\":{}}", COLLECT_ELINE,
		  "unknown key \"hedaers\"" },
		{ "{\"url\":\"http://a/\",\"url\":\"http://b/\"}", COLLECT_ELINE, "twice" },
		{ "{\"url\":\"http://a/\",\"headers\":[]}", COLLECT_ELINE, "object" },
		{ "{\"url\":\"http://a/\",\"headers\":{\"A\":1}}", COLLECT_ELINE, "string" },
		{ "{\"url\":\"http://a/\",\"headers\":{\"A\":\"1\\r\\nB: 2\"}}", HTTP_EREQUEST,
		  "\"A\" cannot be sent" },
		{ "{\"url\":\"http://a/\",\"headers\":{\"A\":\"1\\u0000\"}}", HTTP_EREQUEST,
		  "\"A\"" },
		{ "{\"url\":\"http://a/\",\"headers\":{\"A\\u0000\":\"1\"}}", HTTP_EREQUEST,
		  "cannot" },
		{ "{\"url\":\"http://a/\",\"headers\":{\"A B\":\"1\"}}", HTTP_EREQUEST, "cannot" },
		{ "{\"url\":\"http://a/\",\"method\":\"GET / HTTP/1.1\"}", HTTP_EREQUEST,
		  "method" },
		{ "{\"url\":\"http://a/\\u0000\"}", HTTP_EURL, "" },
		{ "{\"url\":\"http://a/\\r\\nX: y\"}", HTTP_EURL, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct job *job = NULL;

		CHECK_INT(parse(&job, cases[i].line, 1), cases[i].code);
		CHECK_CONTAINS(why, cases[i].why);
		CHECK(*why);
	}
	text_free(&scratch);
}

TEST(an_argument_that_begins_with_a_hash_is_a_bad_url)
{
	struct job *job;

	CHECK_INT(job_from_url(&job, &url, (struct json_span){ "#", 1 }, 1, why), HTTP_EURL);
	CHECK_INT(job_from_url(&job, &url, (struct json_span){ "", 0 }, 1, why), HTTP_EURL);
}

static void parse_and_remember(void)
{
	struct job *job;

	if (parse(&job, "{\"url\":\"http://a/\",\"headers\":{\"A\":\"b\"},\"body\":[]}", 1) == 1) {
		for (int i = 0; i < 3; i++)
			(void)job_remember(job, 503, 0, 1);
		url_free(url);
		job_free(job);
	}
	text_free(&scratch);
}

TEST(memory_may_run_out_anywhere)
{
	for_each_failing_allocation(parse_and_remember);
}
