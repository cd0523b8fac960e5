/* SPDX-License-Identifier: MIT */
/* test_trace_program.c - whole programs that are recorded: collect, demo, and any other. */
#include <unistd.h>

#include "tests/chrome_trace.h"
#include "tests/harness.h"
#include "tests/peer_upstream.h"

TEST_WITH_LIMIT(collect_writes_its_trace, 20)
{
	const char *path = temp_path("collect.json");
	struct chrome_trace trace;

	start_upstream(2, NULL, NULL);
	COLLECT("--trace", path, at(0, "/weather"), at(1, "/users?id=7"));
	stop_upstream();
	CHECK_INT(collect.status, 0);
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 1);
	CHECK(trace.arrows >= 4);
	CHECK(chrome_trace_find(&trace, "X", "waits: readable fd "));
	CHECK(chrome_trace_find(&trace, "X", "turn 1"));
	chrome_trace_free(&trace);
}

TEST_WITH_LIMIT(on_stderr_it_is_prose_and_the_records_stay_whole, 20)
{
	json_t *all;

	start_upstream(2, NULL, NULL);
	COLLECT("--trace", "-", "--summary", "none", at(0, "/weather"));
	stop_upstream();
	CHECK_INT(collect.status, 0);
	all = records(collect.out);
	CHECK_INT(json_array_size(all), 1);
	json_decref(all);
	CHECK_CONTAINS(collect.err, "loop 1: from its beginning.\n\nturn 1 at ");
	CHECK_CONTAINS(collect.err, "\n\nThe loop was closed at ");
}

TEST(a_trace_that_cannot_be_written_is_a_usage_error)
{
	COLLECT("--trace", "/nonexistent/x.json", "http://127.0.0.1:1/");
	CHECK_INT(collect.status, 2);
	CHECK_STR(collect.err, "collect: --trace /nonexistent/x.json: No such file or directory\n");
	CHECK_STR(collect.out, "");
}

TEST_WITH_LIMIT(the_demo_writes_its_trace, 30)
{
	const char *path = temp_path("demo.json");
	struct program demo = { .argv = ARGV(built("demo"), "--lesson", "1", "--politeness", "20ms",
					     "--trace", path),
				/* It blocks on purpose. */
				.env = ARGV("LOOPHOUND_WATCHDOG=limit=100ms"),
				.limit = 25 };
	struct chrome_trace trace;

	run_program(&demo);
	CHECK_INT(demo.status, 0);
	chrome_trace_check_file(&trace, path);
	/* The ways of lesson 1 that have a loop, and none of the upstream. */
	CHECK(trace.processes >= 3);
	CHECK(trace.arrows >= 20);
	CHECK(strstr(read_file(path, NULL), "\"name\":\"fetch-9"));
	CHECK(trace.jobs >= 10);
	chrome_trace_free(&trace);
}

TEST_WITH_LIMIT(the_environment_does_it_for_any_program, 20)
{
	struct program upstream = { .argv = ARGV(built("upstream")),
				    .env = ARGV("LOOPHOUND_TRACE=text"),
				    .talks = true };
	char line[256];

	program_start(&upstream);
	CHECK(program_read_line(&upstream, line, sizeof line));
	program_stop(&upstream, 15);
	CHECK_CONTAINS(upstream.err, "loop 1: from its beginning.\n\nturn 1 at ");
}
