/* SPDX-License-Identifier: MIT */
/* The whole program, against build/upstream: limits, rates, retries, memory, and how it stops. */
#include <signal.h>
#include <unistd.h>

#include "tests/peer_upstream.h"

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
	double wait;

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
	wait = json_number_value(
		json_object_get(json_object_get(by_line(all, 6), "timing_ms"), "rate_wait"));
	CHECK(wait > 60 && wait < 500);
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
		      "-i", "-", "--per-host", "3", "--retry-base", "10ms", "-v");
	CHECK_INT(collect.status, 0);
	CHECK(collect.seconds >= 1);
	CHECK_CONTAINS(collect.err, "/weather: no request to its host for 1.0 s");
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

TEST(an_order_to_wait_too_long_gives_the_host_up)
{
	json_t *all, *error;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather?rate=1/h"), at(0, "/weather?rate=1/h&id=2"), at(0, "/weather?id=3"),
		"--retry-max-wait", "2s", "-j", "1", "--summary", "json");
	CHECK_INT(collect.status, 3);
	CHECK_INT(number_in(collect.err, "requests"), 2);
	CHECK_INT(number_in(collect.err, "items"), 3);
	CHECK(collect.seconds < 2);
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "none");
	CHECK_STR(code_of(by_line(all, 2)), "http_429");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 2), "attempts")), 1);
	error = json_object_get(by_line(all, 2), "error");
	CHECK_CONTAINS(string_in(error, "message"), "Retry-After asks for 3");
	/* The one behind it would have to wait as long: it was not even asked. */
	CHECK_STR(code_of(by_line(all, 3)), "http_429");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 3), "attempts")), 0);
	error = json_object_get(by_line(all, 3), "error");
	CHECK_STR(string_in(error, "class"), "transient");
	CHECK_STR(string_in(error, "phase"), "queue");
	CHECK_CONTAINS(string_in(error, "message"), at(0, ""));
	CHECK_CONTAINS(string_in(error, "message"), "above --retry-max-wait");
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
	for (int i = 0; i < 40; i++)
		input = format("%s%s\n", input, at(0, "/weather?size=700k"));
	/* One or two fit at any time: the others wait, and none has to be asked for again. */
	COLLECT_INPUT(input, "-i", "-", "-o", temp_path("out"), "--mem", "1500k", "--retry", "0",
		      "--summary", "json");
	CHECK_INT(number_in(collect.err, "items"), 40);
	CHECK_INT(number_in(collect.err, "ok"), 40);
	CHECK_INT(number_in(collect.err, "requests"), 40);
	CHECK_INT(count_records(temp_path("out")), 40);
	COLLECT(at(0, "/weather?size=3M"), "--mem", "2M", "--retry", "0", "--summary", "none");
	CHECK_CONTAINS(collect.out, "\"code\":\"local_memory\"");
	COLLECT(at(0, "/weather?size=3M"), "--max-body", "1M", "--summary", "none");
	CHECK_CONTAINS(collect.out, "\"code\":\"body_too_large\"");
	stop_upstream();
}

/* More records wait than may, and more URLs than have been asked for. */
TEST(a_reader_that_is_stuck_costs_no_time_of_the_processor)
{
	char *input = format("%s", "");
	int ends[2];

	start_upstream(1, NULL, NULL);
	CHECK_INT(pipe(ends), 0);
	for (int i = 0; i < 20; i++)
		input = format("%s%s\n", input, at(0, "/weather?size=200k"));
	collect = (struct program){
		.argv = ARGV(built("collect"), "-i", "-", "--deadline", "2s", "--grace", "1ms",
			     "--per-host", "1", "--summary", "none"),
		.input = input,
		.out_fd = ends[1],
	};
	run_program(&collect);
	CHECK_INT(collect.status, 5);
	CHECK_CONTAINS(collect.err, "output: its reader was too slow; records are lost");
	CHECK(collect.cpu < 1 * time_scale());
	close(ends[0]);
	close(ends[1]);
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

static void check_first_signal(int signo)
{
	char line[4096];
	int responses = 0, cancelled = 0;

	start_upstream(2, NULL, NULL);
	start_stuck("700ms");
	kill(collect.pid, signo);
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

TEST(the_first_signal_lets_requests_in_flight_finish)
{
	check_first_signal(SIGINT);
}

TEST(a_terminal_that_closes_is_a_signal_like_others)
{
	signal(SIGHUP, SIG_DFL); /* the suite itself may run under nohup */
	check_first_signal(SIGHUP);
}

TEST(under_nohup_it_is_not)
{
	char line[4096];
	int responses = 0;

	start_upstream(2, NULL, NULL);
	signal(SIGHUP, SIG_IGN);
	start_stuck("200ms");
	kill(collect.pid, SIGHUP);
	while (program_read_line(&collect, line, sizeof line))
		responses += strstr(line, "\"type\":\"response\"") != NULL;
	program_wait(&collect);
	CHECK_INT(collect.status, 0);
	CHECK_INT(responses, 3);
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
