/* SPDX-License-Identifier: MIT */
/* The whole program, against build/upstream: what it writes, how it ends, what it leaves behind. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"

/* ---- Upstream -------------------------------------------------------------------------------- */

static struct program upstream;
static char origins[12][64]; /* "http://127.0.0.1:PORT", without a slash at the end */

static void start_upstream(int apis, const char *option, const char *value)
{
	upstream = (struct program){ .argv = ARGV(built("upstream"), "--apis", format("%d", apis),
						  option, value),
				     .limit = 60,
				     .talks = true };
	program_start(&upstream);
	for (int i = 0; i < apis; i++) {
		char *slash;

		CHECK(program_read_line(&upstream, origins[i], sizeof origins[i]));
		slash = strrchr(origins[i], '/');
		CHECK(slash && slash > origins[i] + 7);
		*slash = '\0';
	}
}

static void stop_upstream(void)
{
	program_stop(&upstream, SIGTERM);
}

static const char *at(int api, const char *path)
{
	return format("%s%s", origins[api], path);
}

/* ---- What collect wrote ---------------------------------------------------------------------- */

static struct program collect;

#define COLLECT(...) run_collect(NULL, ARGV(built("collect"), __VA_ARGS__))
#define COLLECT_INPUT(text, ...) run_collect((text), ARGV(built("collect"), __VA_ARGS__))

static void run_collect(const char *input, const char *const *argv)
{
	collect = (struct program){ .argv = argv, .input = input, .limit = 20 };
	run_program(&collect);
	if (collect.timed_out)
		FAIL("collect hangs; stderr: %s", collect.err);
}

/* Each line has to be valid JSON by itself. The array is the caller's. */
static json_t *records(const char *text)
{
	json_t *all = json_array();

	while (*text) {
		const char *end = strchr(text, '\n');
		json_error_t error;
		json_t *one;

		if (!end)
			FAIL("a line without an end: %.200s", text);
		one = json_loadb(text, (size_t)(end - text), JSON_REJECT_DUPLICATES, &error);
		if (!one)
			FAIL("%s: %.*s", error.text, (int)(end - text), text);
		json_array_append_new(all, one);
		text = end + 1;
	}
	return all;
}

static size_t count_records(const char *path)
{
	json_t *all = records(read_file(path, NULL));
	size_t count = json_array_size(all);

	json_decref(all);
	return count;
}

static const char *string_in(json_t *record, const char *name)
{
	return json_string_value(json_object_get(record, name));
}

static const char *code_of(json_t *record)
{
	json_t *error = json_object_get(record, "error");

	return error ? string_in(error, "code") : "none";
}

static json_t *by_line(json_t *all, int line)
{
	size_t i;
	json_t *record;

	json_array_foreach(all, i, record) if (json_integer_value(json_object_get(record, "seq")) ==
					       line) return record;
	FAIL("no record of line %d in %s", line, collect.out);
}

static long long number_in(const char *json_text, const char *name)
{
	json_t *json = json_loads(json_text, 0, NULL);
	long long value;

	if (!json)
		FAIL("not JSON: %s", json_text);
	value = json_integer_value(json_object_get(json, name));
	json_decref(json);
	return value;
}

/* ---- Records --------------------------------------------------------------------------------- */

TEST(each_url_gives_one_response_and_the_exit_status_is_0)
{
	json_t *all, *record;

	start_upstream(2, NULL, NULL);
	COLLECT(at(0, "/weather"), at(1, "/users?id=7"), "--summary", "json");
	CHECK_INT(collect.status, 0);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), 2);
	record = by_line(all, 2);
	CHECK_STR(string_in(record, "type"), "response");
	CHECK_STR(string_in(record, "url"), at(1, "/users?id=7"));
	CHECK_INT(json_integer_value(json_object_get(record, "status")), 200);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(record, "body"), "id")), 7);
	CHECK_INT(number_in(collect.err, "ok"), 2);
	CHECK_INT(number_in(collect.err, "requests"), 2);
	json_decref(all);
	stop_upstream();
}

TEST(a_body_is_passed_on_digit_for_digit)
{
	start_upstream(12, NULL, NULL);
	COLLECT(at(3, "/stocks"));
	CHECK_CONTAINS(collect.out, "0.10000000000000001,");
	COLLECT(at(9, "/planets"));
	CHECK_CONTAINS(collect.out, "568340000000000000000000000000}");
	stop_upstream();
}

TEST(text_and_binary_bodies_are_responses_and_with_expect_json_errors)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/text"), at(0, "/binary"));
	CHECK_INT(collect.status, 0);
	all = records(collect.out);
	CHECK_CONTAINS(string_in(by_line(all, 1), "body_text"), "The quick brown fox.\n");
	CHECK(string_in(by_line(all, 2), "body_b64"));
	json_decref(all);
	COLLECT("--expect", "json", at(0, "/text"), at(0, "/binary"), at(0, "/weather"));
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "unexpected_content_type");
	CHECK_STR(code_of(by_line(all, 2)), "unexpected_content_type");
	CHECK_STR(code_of(by_line(all, 3)), "none");
	json_decref(all);
	stop_upstream();
}

TEST(every_way_to_misbehave_is_an_error_of_its_own_and_harms_nobody)
{
	static const struct {
		const char *path, *code;
	} cases[] = {
		{ "/truncate", "body_truncated" },
		{ "/stall", "body_idle_timeout" },
		{ "/halfhead", "header_timeout" },
		{ "/never", "header_timeout" },
		{ "/close", "conn_closed_early" },
		{ "/garbage", "http_parse" },
		{ "/conflict", "framing_conflict" },
		{ "/badchunk", "http_parse" },
		{ "/loop", "redirect_loop" },
		{ "/weather?status=404", "http_404" },
		{ "/surplus", "none" },
		{ "/redirect?n=3", "none" },
		{ "/weather", "none" },
	};
	const size_t count = sizeof cases / sizeof *cases;
	char *input = format("%s", "");
	json_t *all;

	start_upstream(1, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		input = format("%s%s\n", input, at(0, cases[i].path));
	COLLECT_INPUT(input, "-i", "-", "--retry", "0", "--first-byte-timeout", "300ms",
		      "--idle-timeout", "300ms", "--per-host", "20");
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(code_of(by_line(all, (int)i + 1)), cases[i].code))
			FAIL("%s gave %s, not %s", cases[i].path, code_of(by_line(all, (int)i + 1)),
			     cases[i].code);
	CHECK_STR(string_in(by_line(all, 12), "final_url"), at(0, "/weather"));
	json_decref(all);
	stop_upstream();
}

TEST(nothing_listens_there_and_there_is_no_such_name)
{
	json_t *all;

	/* A port that was free a moment ago: upstream had it. */
	start_upstream(1, NULL, NULL);
	stop_upstream();
	COLLECT_INPUT(format("%s/\nhttp://name.invalid/\n", origins[0]), "-i", "-", "--retry", "1",
		      "--retry-base", "1ms");
	CHECK_INT(collect.status, 4);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "connect_refused");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 1), "attempts")), 2);
	CHECK(!strncmp(code_of(by_line(all, 2)), "dns_", 4));
	json_decref(all);
}

/* ---- Input ----------------------------------------------------------------------------------- */

TEST(a_bad_line_is_an_error_record_and_the_others_are_fetched)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT_INPUT(
		format("# a comment\n\nnonsense\n%s\r\n{\"url\":\"%s\",\"ref\":[1,\"x\"],"
		       "\"headers\":{\"X-A\":\"b\"}}\n{\"ulr\":1}\nhttp://a:65536/\nhttp:///x\n%s",
		       at(0, "/weather"), at(0, "/weather"), at(0, "/weather?id=2")),
		"-i", "-");
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), 7);
	CHECK_STR(code_of(by_line(all, 3)), "url_invalid");
	CHECK_CONTAINS(string_in(json_object_get(by_line(all, 3), "error"), "message"),
		       "did you mean https://nonsense?");
	CHECK_STR(code_of(by_line(all, 4)), "none");
	CHECK_STR(json_string_value(json_array_get(json_object_get(by_line(all, 5), "ref"), 1)),
		  "x");
	CHECK_STR(code_of(by_line(all, 6)), "line_invalid");
	CHECK_STR(code_of(by_line(all, 7)), "url_invalid");
	CHECK_STR(code_of(by_line(all, 8)), "url_invalid");
	CHECK_STR(code_of(by_line(all, 9)), "none");
	json_decref(all);
	stop_upstream();
}

TEST(an_empty_input_is_a_warning_and_0)
{
	COLLECT_INPUT("\n# nothing\n", "-i", "-");
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.out, "");
	CHECK_CONTAINS(collect.err, "warning: the input holds no URL");
	COLLECT("-i", "/dev/null", "-q");
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.err, "");
}

#define REFUSED(text, ...)                         \
	do {                                       \
		COLLECT(__VA_ARGS__);              \
		CHECK_INT(collect.status, 2);      \
		CHECK_STR(collect.out, "");        \
		CHECK_CONTAINS(collect.err, text); \
	} while (0)

TEST(what_is_wrong_with_the_call_is_said_and_nothing_is_sent)
{
	const char *out = temp_file("out", "precious\n");

	REFUSED("did you mean https://example.com/?", "example.com/");
	REFUSED("65536", "http://a:65536/");
	REFUSED("did you mean --concurrency?", "--concurency", "5", "http://a/");
	REFUSED("cannot open input /nowhere: No such file", "-i", "/nowhere", "-o", out);
	REFUSED("Is a directory", "-i", temp_dir(), "-o", out);
	REFUSED("cannot open output", "-i", "/dev/null", "-o", temp_dir());
	REFUSED("is the input and the output", "-i", out, "-o", out);
	REFUSED("several hosts", "-H", "Authorization: x", "http://a/", "http://b/");
	REFUSED("--cacert", "--cacert", out, "http://127.0.0.1:1/");
	CHECK_STR(read_file(out, NULL), "precious\n");
	COLLECT("-q");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "usage: collect");
}

TEST(help_and_version_go_to_stdout)
{
	COLLECT("--help");
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, "--retry-max-wait");
	COLLECT("--version");
	CHECK_CONTAINS(collect.out, "collect 0.");
}

TEST(a_credential_stays_with_the_first_origin)
{
	json_t *all;
	char *input;

	start_upstream(2, NULL, NULL);
	input = format("%s\n%s\n%s\n", at(0, "/weather"), at(1, "/users"), at(0, "/weather?id=2"));
	COLLECT_INPUT(input, "-i", "-", "-H", "X-Api-Key: k");
	CHECK_INT(collect.status, 3);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "none");
	CHECK_STR(code_of(by_line(all, 2)), "credential_origin");
	CHECK_STR(code_of(by_line(all, 3)), "none");
	json_decref(all);
	COLLECT_INPUT(input, "-i", "-", "-H", "X-Api-Key: k", "--header-to-all");
	CHECK_INT(collect.status, 0);
	stop_upstream();
}

/* ---- Output ---------------------------------------------------------------------------------- */

TEST(a_file_is_replaced_or_added_to)
{
	const char *out = temp_file("out", "old\n");
	size_t first;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), "-o", out);
	CHECK_INT(collect.status, 0);
	CHECK_STR(collect.out, "");
	CHECK(!strncmp(read_file(out, &first), "{\"v\":1,", 7));
	COLLECT(at(0, "/weather"), "-o", out, "--append");
	CHECK_INT(count_records(out), 2);
	stop_upstream();
}

TEST(a_full_output_is_exit_5)
{
	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), "-o", "/dev/full");
	CHECK_INT(collect.status, 5);
	CHECK_CONTAINS(collect.err, "collect: output: No space left on device");
	stop_upstream();
}

TEST(a_file_that_cannot_grow_keeps_its_whole_records)
{
	const char *out = temp_path("out");
	char *input = format("%s", "");

	start_upstream(1, NULL, NULL);
	for (int i = 0; i < 40; i++)
		input = format("%s%s\n", input, at(0, format("/weather?id=%d", i)));
	collect = (struct program){
		.argv = ARGV("/bin/sh", "-c", "ulimit -f 8; exec \"$@\"", "sh", built("collect"),
			     "-i", "-", "-o", out, "-j", "4"),
		.input = input,
	};
	run_program(&collect);
	CHECK_INT(collect.status, 5);
	/* 8 blocks of 512 bytes hold some records, and the last one is whole. */
	CHECK(count_records(out) > 3);
	stop_upstream();
}

TEST(a_reader_that_goes_away_is_exit_5_without_a_signal)
{
	start_upstream(1, NULL, NULL);
	collect = (struct program){
		.argv = ARGV(
			"/bin/sh", "-c",
			"{ i=0; while [ $i -lt 300 ]; do echo \"$1?id=$i\"; i=$((i+1)); done; } | "
			"{ \"$0\" -i - -j 2 --summary none; echo $? >&2; } | head -n 1",
			built("collect"), at(0, "/weather?delay=2ms")),
	};
	run_program(&collect);
	CHECK_CONTAINS(collect.err, "\n5\n");
	stop_upstream();
}

TEST(the_summary_goes_where_it_is_told)
{
	const char *file = temp_path("summary");

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), at(0, "/nothing"), "--summary-file", file);
	CHECK_INT(collect.status, 3);
	CHECK_STR(collect.err, "");
	CHECK_INT(number_in(read_file(file, NULL), "failed"), 1);
	COLLECT(at(0, "/weather"), "--summary", "none");
	CHECK_STR(collect.err, "");
	COLLECT(at(0, "/weather"));
	CHECK_CONTAINS(collect.err, "1 items: 1 ok, 0 failed in ");
	stop_upstream();
}

/* ---- Limits, rates, retries ------------------------------------------------------------------ */

TEST(no_more_requests_are_in_flight_than_allowed)
{
	char *input = format("%s", "");

	start_upstream(1, NULL, NULL);
	for (int i = 0; i < 60; i++)
		input = format("%s%s\n", input, at(0, "/weather?delay=5ms"));
	COLLECT_INPUT(input, "-i", "-", "--per-host", "6", "-o", "/dev/null");
	CHECK_INT(collect.status, 0);
	COLLECT(at(0, "/stats"), "--summary", "none");
	CHECK_CONTAINS(collect.out, "\"peak_in_flight\":6,");
	CHECK_CONTAINS(collect.out, "\"peak_connections\":6}");
	stop_upstream();
}

TEST(a_rate_spreads_the_requests_of_a_host_and_is_told_as_rate_wait)
{
	char *input = format("%s", "");
	json_t *all;

	start_upstream(2, NULL, NULL);
	for (int i = 0; i < 6; i++)
		input = format("%s%s\n", input, at(0, "/weather"));
	input = format("%s%s\n", input, at(1, "/users"));
	COLLECT_INPUT(input, "-i", "-", "--rate", "10/s");
	CHECK_INT(collect.status, 0);
	CHECK(collect.seconds >= 0.5);
	all = records(collect.out);
	/* The other host did not wait its turn behind the first one. */
	CHECK(json_array_size(all) == 7);
	CHECK(json_integer_value(json_object_get(json_array_get(all, 0), "seq")) == 7 ||
	      json_integer_value(json_object_get(json_array_get(all, 1), "seq")) == 7);
	CHECK_NEAR(json_number_value(json_object_get(json_object_get(by_line(all, 6), "timing_ms"),
						     "rate_wait")),
		   100, 40);
	json_decref(all);
	stop_upstream();
}

TEST(a_429_pauses_its_host_for_as_long_as_the_server_says)
{
	size_t i, told = 0;
	json_t *all, *record;

	start_upstream(1, "--rate", "2/s,burst=2");
	COLLECT_INPUT(format("%s\n%s\n%s\n%s\n", at(0, "/weather"), at(0, "/weather"),
			     at(0, "/weather"), at(0, "/weather")),
		      "-i", "-", "--per-host", "3", "--retry-base", "10ms");
	CHECK_INT(collect.status, 0);
	CHECK(collect.seconds >= 1);
	all = records(collect.out);
	json_array_foreach(all, i, record)
	{
		CHECK_STR(string_in(record, "type"), "response");
		told += json_integer_value(json_object_get(record, "attempts")) > 1;
	}
	CHECK(told >= 1);
	json_decref(all);
	stop_upstream();
}

TEST(an_order_to_wait_too_long_gives_the_item_up)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather?rate=1/h"), at(0, "/weather?rate=1/h&id=2"), at(0, "/weather?id=3"),
		"--retry-max-wait", "2s", "-j", "1");
	CHECK_INT(collect.status, 3);
	CHECK(collect.seconds < 2);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "none");
	CHECK_STR(code_of(by_line(all, 2)), "http_429");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 2), "attempts")), 1);
	CHECK_STR(code_of(by_line(all, 3)), "none");
	json_decref(all);
	stop_upstream();
}

TEST(a_503_is_tried_again_and_the_history_tells)
{
	json_t *all, *history;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather?status=503"), "--retry", "2", "--retry-base", "1ms", "--summary",
		"json");
	CHECK_INT(collect.status, 4);
	CHECK_INT(number_in(collect.err, "requests"), 3);
	CHECK_INT(number_in(collect.err, "retries"), 2);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "http_503");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 1), "attempts")), 3);
	history = json_object_get(by_line(all, 1), "history");
	CHECK_INT(json_array_size(history), 2);
	CHECK_STR(string_in(json_array_get(history, 0), "code"), "http_503");
	json_decref(all);
	COLLECT(at(0, "/weather?status=503"), "--fail-on-status", "none");
	CHECK_INT(collect.status, 0);
	stop_upstream();
}

TEST(one_host_that_never_answers_does_not_hold_up_the_others)
{
	char *input = format("%s", "");

	start_upstream(4, NULL, NULL);
	for (int api = 0; api < 4; api++)
		for (int i = 0; i < 40; i++)
			input = format("%s%s\n", input,
				       at(api, api == 1 ? "/never" : "/text?delay=20ms"));
	COLLECT_INPUT(input, "-i", "-", "-j", "20", "-o", temp_path("out"), "--deadline", "2s",
		      "--summary", "json");
	CHECK_INT(collect.status, 7);
	CHECK_INT(number_in(collect.err, "failed"), 40);
	CHECK_INT(number_in(collect.err, "items"), 160);
	stop_upstream();
}

TEST(bodies_in_flight_share_the_memory_they_are_given)
{
	char *input = format("%s", "");

	start_upstream(1, NULL, NULL);
	for (int i = 0; i < 12; i++)
		input = format("%s%s\n", input, at(0, "/weather?size=700k"));
	COLLECT_INPUT(input, "-i", "-", "-o", temp_path("out"), "--mem", "2M", "--summary", "json");
	CHECK_INT(number_in(collect.err, "items"), 12);
	CHECK_INT(number_in(collect.err, "ok"), 12);
	CHECK_INT(count_records(temp_path("out")), 12);
	COLLECT(at(0, "/weather?size=3M"), "--mem", "2M", "--retry", "0", "--summary", "none");
	CHECK_CONTAINS(collect.out, "\"code\":\"local_memory\"");
	COLLECT(at(0, "/weather?size=3M"), "--max-body", "1M", "--summary", "none");
	CHECK_CONTAINS(collect.out, "\"code\":\"body_too_large\"");
	stop_upstream();
}

TEST_WITH_LIMIT(a_long_stream_takes_little_memory, 60)
{
	start_upstream(1, NULL, NULL);
	collect = (struct program){
		.argv = ARGV(
			"/bin/sh", "-c",
			"yes \"$1\" | head -n 200000 | timeout 30 \"$0\" -i - -j 2 -o /dev/null "
			"--deadline 2s --summary none",
			built("collect"), at(0, "/weather?delay=1ms")),
		.limit = 40,
	};
	run_program(&collect);
	CHECK_INT(collect.status, 7);
	if (!UNDER_ASAN && !UNDER_TSAN && !under_valgrind())
		CHECK(collect.max_rss_kib < 30 * 1024);
	stop_upstream();
}

/* ---- Stopping -------------------------------------------------------------------------------- */

/* Starts collect with two requests in flight for as long as delay says and one that waits. */
static void start_stuck(const char *delay)
{
	const char *slow = at(0, format("/weather?delay=%s", delay));
	char line[4096];

	collect = (struct program){ .argv = ARGV(built("collect"), "-v", "--summary", "json", "-j",
						 "3", "--per-host", "2", "--grace", "5s", slow,
						 slow, slow, at(1, "/users")),
				    .limit = 20,
				    .talks = true };
	program_start(&collect);
	/* Its record shows that the others are in flight. */
	CHECK(program_read_line(&collect, line, sizeof line));
	CHECK_CONTAINS(line, "/users");
}

TEST(the_first_signal_lets_requests_in_flight_finish)
{
	char line[4096];
	int responses = 0, cancelled = 0;

	start_upstream(2, NULL, NULL);
	start_stuck("700ms");
	kill(collect.pid, SIGINT);
	while (program_read_line(&collect, line, sizeof line)) {
		responses += strstr(line, "\"type\":\"response\"") != NULL;
		cancelled += strstr(line, "\"code\":\"cancelled\"") != NULL;
	}
	program_wait(&collect);
	CHECK_INT(collect.status, 6);
	CHECK_INT(responses, 2);
	CHECK_INT(cancelled, 1);
	stop_upstream();
}

TEST(the_second_signal_cancels_them_at_once)
{
	char line[4096];
	int cancelled = 0;

	start_upstream(2, NULL, NULL);
	start_stuck("30s");
	kill(collect.pid, SIGTERM);
	/* Another kind, for two of one kind that are sent together may arrive as one. */
	kill(collect.pid, SIGINT);
	while (program_read_line(&collect, line, sizeof line))
		cancelled += strstr(line, "\"code\":\"cancelled\"") != NULL;
	program_wait(&collect);
	CHECK_INT(collect.status, 6);
	CHECK_INT(cancelled, 3);
	CHECK(collect.seconds < 5);
	stop_upstream();
}
