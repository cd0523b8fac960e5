/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdlib.h>

#include "app/codes.h"
#include "app/record.h"
#include "app/retry.h"
#include "app/summary.h"
#include "tests/harness.h"

#define MS INT64_C(1000000)

static struct json_span span(const char *text)
{
	return (struct json_span){ text, strlen(text) };
}

static const struct http_header headers[] = {
	{ "etag", "W/\"abc\"" }, { "set-cookie", "a=1; Expires=Wed, 09 Jun" },
	{ "vary", "Accept" },	 { "set-cookie", "b=2" },
	{ "vary", "Origin" },	 { "x-name", "J\xFCrgen \xC3\xBC" }
};

static struct record sample(void)
{
	return (struct record){
		.run = "01JD7Q3V5W",
		.source = "quick",
		.line = 17,
		.page = 1,
		.url = span("http://a/b?c=\"d\""),
		.method = "GET",
		.wall_ms = 1795347602114,
		.attempts = 2,
		.elapsed = 412700000,
		.rate_wait = 180 * MS,
		.timing = { .queue = 200000, .first_byte = 120400000, .body = 11 * MS },
		.connection = 5,
		.reused = true,
		.peer = "140.82.121.6:443",
		.tls = "TLSv1.3",
		.status = 200,
		.headers = headers,
		.header_count = 6,
		.wire_bytes = 18211,
		.body_bytes = 162004,
		.form = VERDICT_JSON,
		.body = span("[{\"number\":1}]")
	};
}

/* Writes it, checks that it is one valid line, and gives the line (of the test's memory). */
static char *write_line(void (*write)(struct text *text, const struct record *record),
			const struct record *record)
{
	struct text text = { 0 };
	json_error_t error;
	json_t *json;
	char *line;

	write(&text, record);
	CHECK(!text.failed);
	line = format("%s", text_cstr(&text));
	CHECK(text.length && text.data[text.length - 1] == '\n');
	CHECK(memchr(text.data, '\n', text.length) == text.data + text.length - 1);
	json = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		FAIL("%s at %d: %s", error.text, error.position, line);
	json_decref(json);
	text_free(&text);
	return line;
}

TEST(a_response_has_all_fields_of_the_schema)
{
	struct record record = sample();

	CHECK_STR(write_line(record_response, &record),
		  "{\"v\":1,\"type\":\"response\",\"run\":\"01JD7Q3V5W\","
		  "\"id\":\"f56dea4c1c77098a631323fe7797d33c\",\"source\":\"quick\",\"seq\":17,"
		  "\"page\":1,\"ts\":\"2026-11-22T11:40:02.114Z\",\"method\":\"GET\","
		  "\"url\":\"http://a/b?c=\\\"d\\\"\",\"status\":200,\"attempts\":2,"
		  "\"elapsed_ms\":412.7,\"timing_ms\":{\"queue\":0.2,\"rate_wait\":180,\"dns\":0,"
		  "\"connect\":0,\"tls\":0,\"send\":0,\"first_byte\":120.4,\"body\":11},"
		  "\"conn\":{\"id\":5,\"reused\":true,\"peer\":\"140.82.121.6:443\","
		  "\"tls\":\"TLSv1.3\"},\"headers\":{\"etag\":\"W/\\\"abc\\\"\","
		  "\"set-cookie\":[\"a=1; Expires=Wed, 09 Jun\",\"b=2\"],"
		  "\"vary\":\"Accept, Origin\",\"x-name\":\"J\xC3\xBCrgen \xC3\x83\xC2\xBC\"},"
		  "\"bytes\":{\"wire\":18211,\"body\":162004},\"body\":[{\"number\":1}]}\n");
}

TEST(a_body_passes_byte_for_byte_but_on_one_line)
{
	struct record record = sample();

	record.body = span(" { \"a\" : 0.10000000000000001,\r\n\t\"b\":12345678901234567890123 ,\n"
			   "\"c\":\"\\u00e9\\n \",\"d\":1E400}\n");
	/* Not write_line(): jansson knows no 1E400 and no 23 digits. */
	struct text text = { 0 };

	record_response(&text, &record);
	CHECK_CONTAINS(text_cstr(&text),
		       "\"body\": { \"a\" : 0.10000000000000001,\t\"b\":12345678901234567890123 ,"
		       "\"c\":\"\\u00e9\\n \",\"d\":1E400}}\n");
	text_free(&text);
}

TEST(text_and_binary_bodies_have_names_of_their_own)
{
	struct record record = sample();

	record.form = VERDICT_TEXT;
	record.body = span("<p>\n\"\xC3\xA9\" \xE2\x80\xA8\x01</p>");
	CHECK_CONTAINS(write_line(record_response, &record),
		       "\"body_text\":\"<p>\\n\\\"\xC3\xA9\\\" \xE2\x80\xA8\\u0001</p>\"}");
	record.form = VERDICT_BASE64;
	record.body = (struct json_span){ "\xFF\0x", 3 };
	CHECK_CONTAINS(write_line(record_response, &record), "\"body_b64\":\"/wB4\"}");
	record.body = (struct json_span){ "\xFF\0", 2 };
	CHECK_CONTAINS(write_line(record_response, &record), "\"body_b64\":\"/wA=\"}");
	record.body = (struct json_span){ "\xFF", 1 };
	CHECK_CONTAINS(write_line(record_response, &record), "\"body_b64\":\"/w==\"}");
	record.form = VERDICT_NO_BODY;
	CHECK(!strstr(write_line(record_response, &record), "\"body_"));
}

TEST(what_may_be_there_is_there_only_then)
{
	struct record record = sample();
	const char *line = write_line(record_response, &record);

	CHECK(!strstr(line, "final_url") && !strstr(line, "\"ref\""));
	record.final_url = "http://a/other";
	record.ref = span("{\"n\": 5}");
	record.tls = NULL;
	line = write_line(record_response, &record);
	CHECK_CONTAINS(line, "\"final_url\":\"http://a/other\",\"ref\":{\"n\": 5},\"status\"");
	CHECK_CONTAINS(line, "\"tls\":null}");
}

TEST(an_error_names_code_phase_class_and_history)
{
	const struct job_past past[] = { { 503, RETRY_AFTER, 7000 * MS },
					 { HTTP_ECONNECT_TIMEOUT, RETRY_BACKOFF, 870 * MS } };
	struct record record = sample();
	const char *line;

	record.outcome = HTTP_EBODY_IDLE;
	record.phase = "body";
	record.message = "no byte for 15 s after 512 of 1000";
	record.past = past;
	record.past_count = 2;
	record.header_count = 0;
	record.form = VERDICT_NO_BODY;
	line = write_line(record_error, &record);
	CHECK_CONTAINS(line, "\"type\":\"error\"");
	CHECK_CONTAINS(line, "\"error\":{\"code\":\"body_idle_timeout\",\"phase\":\"body\","
			     "\"class\":\"transient\",\"message\":\"no byte for 15 s after 512 of "
			     "1000\",\"status\":200}");
	CHECK_CONTAINS(line, "\"history\":[{\"n\":1,\"code\":\"http_503\",\"wait_ms\":7000,"
			     "\"why\":\"retry_after\"},{\"n\":2,\"code\":\"connect_timeout\","
			     "\"wait_ms\":870,\"why\":\"backoff\"}]");
	CHECK_CONTAINS(line, "\"attempts\":2");
}

TEST(an_error_before_any_connection_says_so_with_null)
{
	struct record record = { .run = "r",
				 .source = "quick",
				 .line = 3,
				 .page = 1,
				 .url = span("\xFF not a url"),
				 .method = "GET",
				 .outcome = HTTP_EURL,
				 .message = "no scheme" };
	const char *line = write_line(record_error, &record);

	CHECK_CONTAINS(line, "\"conn\":null");
	CHECK_CONTAINS(line, "\"status\":null}");
	CHECK_CONTAINS(line, "\"history\":[]");
	CHECK_CONTAINS(line, "\"seq\":3");
	CHECK_CONTAINS(line, "\"code\":\"url_invalid\",\"phase\":\"url\",\"class\":\"config\"");
}

TEST(a_status_that_failed_keeps_headers_and_body)
{
	struct record record = sample();
	const char *line;

	record.status = record.outcome = 404;
	record.message = "status 404";
	line = write_line(record_error, &record);
	CHECK_CONTAINS(line, "\"code\":\"http_404\",\"phase\":\"head\",\"class\":\"config\"");
	CHECK_CONTAINS(line, "\"vary\":\"Accept, Origin\"");
	CHECK_CONTAINS(line, "\"body\":[{\"number\":1}]");
}

TEST(an_id_follows_its_formula_and_depends_on_every_part)
{
	char id[RECORD_ID], other[RECORD_ID];

	/* FNV-1a of 128 bits over "quick\0" "http://a/\0" "\0" "1\0" "0\0". */
	record_id("quick", span("http://a/"), "", 1, 0, id);
	CHECK_STR(id, "cf6300c1f44fa2ecd37773a9e286c62d");
	record_id("quick", span("http://a/"), "", 1, 1, other);
	CHECK(strcmp(id, other) != 0);
	record_id("quick", span("http://a/"), "1", 1, 0, other);
	CHECK(strcmp(id, other) != 0);
	record_id("quic", span("khttp://a/"), "", 1, 0, other);
	CHECK(strcmp(id, other) != 0);
}

TEST(a_long_text_is_the_same_as_its_slices)
{
	struct text text = { 0 };
	size_t size = 100000;
	char *data = malloc(size);

	/* Two-byte characters at odd places, so that every slice would end inside one. */
	data[0] = 'x';
	for (size_t i = 1; i + 1 < size; i += 2)
		memcpy(data + i, "\xC3\xA9", 2);
	data[size - 1] = '"';
	text_json(&text, data, size);
	CHECK_INT(text.length, size + 3);
	CHECK_MEM(text.data + 1, size - 1, data, size - 1);
	CHECK_MEM(text.data + size, 3, "\\\"\"", 3);
	text_free(&text);
	free(data);
}

TEST(milliseconds_have_one_decimal_and_no_exponent)
{
	struct text text = { 0 };

	text_ms(&text, 0);
	text_char(&text, ' ');
	text_ms(&text, -5);
	text_char(&text, ' ');
	text_ms(&text, 49999);
	text_char(&text, ' ');
	text_ms(&text, 50000);
	text_char(&text, ' ');
	text_ms(&text, INT64_C(123456789012345678));
	CHECK_STR(text_cstr(&text), "0 0 0 0.1 123456789012.3");
	text_free(&text);
}

static struct summary summary;

TEST(the_summary_counts_and_is_valid_json)
{
	struct text text = { 0 };
	json_t *json;

	for (int i = 1; i <= 1000; i++)
		histogram_add(&summary.latency, i * MS);
	for (int i = 0; i < 10; i++)
		summary_item(&summary, 0, i == 0);
	summary_item(&summary, 503, false);
	summary_item(&summary, 503, false);
	summary_item(&summary, NET_EDNS_NXDOMAIN, false);
	summary.requests = 15;
	summary.retries = 2;
	summary.wall = 5020 * MS;
	summary_json(&text, &summary, "r");
	json = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json);
	CHECK_INT(json_integer_value(json_object_get(json, "items")), 13);
	CHECK_INT(json_integer_value(json_object_get(json, "ok")), 9);
	CHECK_INT(json_integer_value(json_object_get(json, "unchanged")), 1);
	CHECK_INT(json_integer_value(json_object_get(json, "failed")), 3);
	json_decref(json);
	CHECK_CONTAINS(text_cstr(&text), "\"wall_s\":5.02,");
	CHECK_CONTAINS(text_cstr(&text), "\"by_error\":{\"http_503\":2,\"dns_nxdomain\":1}}\n");
	CHECK_CONTAINS(text_cstr(&text), "\"max\":1000}");
	text.length = 0;
	summary_text(&text, &summary, "stopped");
	CHECK_CONTAINS(text_cstr(&text), "13 items: 9 ok, 1 unchanged, 3 failed in 5.02 s (3/s)\n");
	CHECK_CONTAINS(text_cstr(&text), "errors: http_503 2, dns_nxdomain 1\nstopped\n");
	text_free(&text);
}

TEST(percentiles_are_within_two_percent)
{
	struct histogram *h = calloc(1, sizeof *h);

	CHECK_INT(histogram_percentile(h, 50), 0);
	for (int64_t i = 1; i <= 100000; i++)
		histogram_add(h, i * 17000);
	CHECK_NEAR((double)histogram_percentile(h, 50), 50000 * 17e3, 50000 * 17e3 * 0.02);
	CHECK_NEAR((double)histogram_percentile(h, 95), 95000 * 17e3, 95000 * 17e3 * 0.02);
	CHECK_NEAR((double)histogram_percentile(h, 99), 99000 * 17e3, 99000 * 17e3 * 0.02);
	CHECK_NEAR((double)histogram_percentile(h, 100), 1.7e9, 1.7e9 * 0.02);
	histogram_add(h, INT64_MAX);
	histogram_add(h, -1);
	CHECK_INT(h->largest, INT64_MAX);
	free(h);
}

static void write_sample(void)
{
	struct record record = sample();
	struct text text = { 0 };

	record_response(&text, &record);
	record.final_url = "x";
	record_error(&text, &record);
	text_free(&text);
}

TEST(memory_may_run_out_anywhere)
{
	for_each_failing_allocation(write_sample);
}
