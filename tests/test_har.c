/* SPDX-License-Identifier: MIT */
/* test_har.c - the HAR file of a run, read with jansson against the fields that HAR 1.2 requires. */
#include "app/har.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "tests/raw_client.h"

static struct har *har;
static const char *path;
static int fd, writes;
static size_t body_limit;

static void count_write(void *arg)
{
	(void)arg;
	writes++;
}

static void open_all(void)
{
	path = temp_path("x.har");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_INT(har_open(&har, fd, body_limit, count_write, NULL), 0);
	session = http_session_new(&(struct http_session_options){
		.on_trace = har_trace, .on_trace_arg = har_desk(har), .cookies = true });
}

/* The file as it is now: valid, whatever is going on. */
static json_t *read_entries(void)
{
	json_error_t error;
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *entries;

	if (!file)
		FAIL("%s: line %d: %s", path, error.line, error.text);
	entries = json_incref(json_object_get(json_object_get(file, "log"), "entries"));
	CHECK(json_is_array(entries));
	CHECK_STR(json_string_value(json_object_get(json_object_get(file, "log"), "version")),
		  "1.2");
	json_decref(file);
	return entries;
}

static json_t *at(json_t *json, const char *place)
{
	char copy[100], *name, *rest = copy;

	snprintf(copy, sizeof copy, "%s", place);
	while ((name = strsep(&rest, ".")))
		json = json_object_get(json, name);
	return json;
}

static const char *text_at(json_t *entry, const char *place)
{
	const char *text = json_string_value(at(entry, place));

	return text ? text : "(none)";
}

/* What the spec does not call optional, each of its type. */
static void check_required(json_t *entry)
{
	static const char *const strings[] = {
		"startedDateTime",	"request.method",
		"request.url",		"request.httpVersion",
		"response.statusText",	"response.httpVersion",
		"response.redirectURL", "response.content.mimeType",
	};
	static const char *const numbers[] = {
		"time",
		"request.headersSize",
		"request.bodySize",
		"response.status",
		"response.content.size",
		"response.headersSize",
		"timings.send",
		"response.bodySize",
		"timings.wait",
		"timings.receive",
	};
	static const char *const arrays[] = { "request.cookies", "request.headers",
					      "request.queryString", "response.cookies",
					      "response.headers" };

	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		if (!json_is_string(at(entry, strings[i])))
			FAIL("no string %s", strings[i]);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (!json_is_number(at(entry, numbers[i])))
			FAIL("no number %s", numbers[i]);
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
		if (!json_is_array(at(entry, arrays[i])))
			FAIL("no array %s", arrays[i]);
	CHECK(json_is_object(at(entry, "cache")));
}

/* time is what the parts add up to; ssl is in connect already. */
static void check_times(json_t *entry)
{
	static const char *const parts[] = { "timings.blocked", "timings.dns",	"timings.connect",
					     "timings.send",	"timings.wait", "timings.receive" };
	double sum = 0, whole = json_number_value(at(entry, "time"));

	for (size_t i = 0; i < 6; i++) {
		double part = json_number_value(at(entry, parts[i]));

		sum += part > 0 ? part : 0;
	}
	if (sum < whole - 0.01 || sum > whole + 0.01)
		FAIL("the parts are %f ms, the whole %f", sum, whole);
}

static void close_all(void)
{
	client_test_end();
	CHECK_INT(har_close(har), 0);
	close(fd);
}

CLIENT_TEST(each_request_is_an_entry_with_all_that_the_spec_requires)
{
	static const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b?x=1&y\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nSet-Cookie: c=secret\r\n"
			 "X-Subject-Token: secret\r\nWWW-Authenticate: Basic realm=\"open\"\r\n"
			 "X: \"\\\xff\r\nContent-Length: 2\r\n\r\nhi"),
		RAW_REQUEST,
		RAW_END,
	};
	const struct http_header headers[] = { { "Authorization", "Bearer secret" },
					       { "X-Api-Key", "secret" } };
	json_t *entries, *entry;

	open_all();
	serve(script);
	CHECK_INT(ask("/a", &(struct http_options){ .headers = headers, .header_count = 2 }), 0);
	CHECK_INT(ask("/c",
		      &(struct http_options){ .method = "POST", .body = "12345", .body_size = 5 }),
		  HTTP_ECLOSED_EARLY);
	CHECK_INT(ask("ftp://never.sent/", NULL), HTTP_EURL);
	CHECK_INT(ask("http://127.0.0.1:1/", NULL), -ECONNREFUSED);
	close_all();
	entries = read_entries();
	CHECK_INT(json_array_size(entries), 4);
	CHECK_STR(text_at(json_array_get(entries, 1), "response.content.text"), "(none)");
	for (size_t i = 0; i < 4; i++) {
		check_required(json_array_get(entries, i));
		check_times(json_array_get(entries, i));
	}
	entry = json_array_get(entries, 0);
	CHECK_INT(json_integer_value(at(entry, "response.status")), 302);
	CHECK_CONTAINS(text_at(entry, "response.redirectURL"), "/b?x=1&y");
	entry = json_array_get(entries, 1);
	CHECK_STR(text_at(entry, "response.content.mimeType"), "a/b");
	CHECK_INT(json_array_size(at(entry, "request.queryString")), 2);
	CHECK_STR(text_at(json_array_get(at(entry, "request.queryString"), 0), "value"), "1");
	CHECK_STR(text_at(entry, "serverIPAddress"), "127.0.0.1");
	CHECK_STR(text_at(entry, "connection"), "1");
	entry = json_array_get(entries, 2);
	CHECK_STR(text_at(entry, "request.method"), "POST");
	CHECK_INT(json_integer_value(at(entry, "request.bodySize")), 5);
	CHECK_STR(text_at(entry, "response._error"), "conn_closed_early");
	entry = json_array_get(entries, 3);
	CHECK_STR(text_at(entry, "response._error"), "connect_refused");
	CHECK(!strstr(read_file(path, NULL), "secret"));
	CHECK_CONTAINS(read_file(path, NULL), "(withheld)");
	CHECK_CONTAINS(read_file(path, NULL), "Basic realm");
	json_decref(entries);
}

CLIENT_TEST(the_file_is_valid_at_any_time)
{
	static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	json_t *entries;

	open_all();
	entries = read_entries();
	CHECK_INT(json_array_size(entries), 0);
	json_decref(entries);
	serve(hello);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(ask("/", NULL), 0);
		while (writes <= i)
			async_sleep(0);
		entries = read_entries();
		CHECK_INT(json_array_size(entries), i + 1);
		json_decref(entries);
		CHECK_INT(har_pending(har), 0);
	}
	close_all();
}

#define BODY(length, text) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" text
#define GZIP_HELLO                               \
	"\x1f\x8b\x08\0\0\0\0\0\0\x03"           \
	"\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10" \
	"\x36\5\0\0\0"

CLIENT_TEST(bodies_are_in_it_as_far_as_they_are_asked_for)
{
	static const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND(BODY("7", "\"quoted")),
		RAW_REQUEST,
		RAW_SEND(BODY("10", "1234567\xe2\x82\xac")),
		RAW_REQUEST,
		RAW_SEND(BODY("3", "\xff\0\1")),
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
			 "Content-Length: 25\r\n\r\n" GZIP_HELLO),
		RAW_REQUEST,
		RAW_SEND(BODY("12", "\xff"
				    "23456789012")),
		RAW_REQUEST,
		RAW_SEND(BODY("0", "")),
		RAW_AGAIN
	};
	static const struct {
		const char *text, *encoding, *comment;
		int size, wire;
	} want[] = {
		{ "\"quoted", "(none)", "(none)", 7, 7 },
		{ "1234567", "(none)", "the first 7 bytes", 10, 10 },
		{ "/wAB", "base64", "(none)", 3, 3 },
		{ "hello", "(none)", "(none)", 5, 25 },
		{ "/zIzNDU2Nzg5", "base64", "the first 9 bytes", 12, 12 },
		{ "(none)", "(none)", "(none)", 0, 0 },
	};
	json_t *entries;

	body_limit = 9;
	open_all();
	serve(script);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		CHECK_INT(ask("/", NULL), 0);
	close_all();
	entries = read_entries();
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		json_t *entry = json_array_get(entries, i);

		CHECK_STR(text_at(entry, "response.content.text"), want[i].text);
		CHECK_STR(text_at(entry, "response.content.encoding"), want[i].encoding);
		CHECK_STR(text_at(entry, "response.content.comment"), want[i].comment);
		CHECK_INT(json_integer_value(at(entry, "response.content.size")), want[i].size);
		CHECK_INT(json_integer_value(at(entry, "response.bodySize")), want[i].wire);
	}
	json_decref(entries);
}

CLIENT_TEST(a_cancelled_request_is_an_entry_too)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
	struct asking asking = { 0 };
	json_t *entries;

	open_all();
	serve(silent);
	ask_later(&asking, "/");
	while (server.request_count < 1)
		async_sleep(0);
	async_cancel(asking.task);
	CHECK_INT(ask_join(&asking), ASYNC_ECANCELED);
	asking_free(&asking);
	close_all();
	entries = read_entries();
	CHECK_INT(json_array_size(entries), 1);
	CHECK_STR(text_at(json_array_get(entries, 0), "response._error"), "cancelled");
	json_decref(entries);
}

CLIENT_TEST(a_full_disk_leaves_what_was_there_and_is_told_at_the_end)
{
	static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	json_t *entries;

	open_all();
	serve(hello);
	CHECK_INT(ask("/", NULL), 0);
	while (writes < 1)
		async_sleep(0);
	fail_call("pwrite", 1, ENOSPC);
	CHECK_INT(ask("/", NULL), 0);
	while (writes < 2)
		async_sleep(0);
	fail_none();
	CHECK_INT(ask("/", NULL), 0);
	client_test_end();
	CHECK_INT(har_close(har), -ENOSPC);
	close(fd);
	entries = read_entries();
	CHECK_INT(json_array_size(entries), 1);
	json_decref(entries);
}
