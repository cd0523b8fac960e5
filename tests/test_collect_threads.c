/* SPDX-License-Identifier: MIT */
/* collect --threads: the same records and the same limits as on one loop. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/peer_upstream.h"

/* What the i-th API serves, asked with that query. */
static const char *api(int i, const char *query)
{
	static const char *const paths[] = { "/weather", "/users", "/quotes", "/stocks", "/rates" };

	return format("%s%s", at(i, paths[i]), query);
}

/* So many lines, the APIs taking turns. */
static char *lines(int count, int apis, const char *query)
{
	char *input = format("%s", "");

	for (int i = 0; i < count; i++)
		input = format("%s%s\n", input, api(i % apis, query));
	return input;
}

/* ---- Records --------------------------------------------------------------------------------- */

/* What differs between any two runs goes; connections and timings do. */
static json_t *essence(json_t *record)
{
	static const char *const fleeting[] = { "run", "ts", "elapsed_ms", "timing_ms", "conn" };
	json_t *history, *past;
	size_t i;

	for (i = 0; i < sizeof fleeting / sizeof *fleeting; i++)
		json_object_del(record, fleeting[i]);
	json_object_del(json_object_get(record, "headers"), "date");
	history = json_object_get(record, "history");
	json_array_foreach(history, i, past) json_object_del(past, "wait_ms");
	return record;
}

static void check_same(json_t *one, json_t *other, size_t count)
{
	CHECK_INT(json_array_size(one), count);
	CHECK_INT(json_array_size(other), count);
	for (size_t i = 1; i <= count; i++) {
		json_t *a = essence(by_line(one, (int)i)), *b = essence(by_line(other, (int)i));

		if (json_equal(a, b))
			continue;
		FAIL("line %zu: %s\nand %s", i, json_dumps(a, JSON_SORT_KEYS),
		     json_dumps(b, JSON_SORT_KEYS));
	}
}

TEST_WITH_LIMIT(each_record_is_the_one_of_a_run_on_one_loop_whatever_servers_do, 20)
{
	static const char *const trouble[] = { "/truncate", "/close",  "/garbage",     "/conflict",
					       "/badchunk", "/loop",   "/text",	       "/binary",
					       "/surplus",  "/nobody", "/redirect?n=3" };
	static const char *const queries[] = { "?id=3", "?size=400k", "?status=503", "?status=404",
					       "?delay=5ms" };
	const size_t kinds = sizeof trouble / sizeof *trouble;
	const size_t others = sizeof queries / sizeof *queries;
	char *input = format("nonsense\n");
	size_t count = 1;
	json_t *one, *other;

	start_upstream(5, NULL, NULL);
	for (size_t i = 0; i < kinds + 3 * others; i++)
		for (int host = 0; host < 5; host++, count++)
			input = format("%s%s\n", input,
				       i < kinds ? at(host, trouble[i])
						 : api(host, queries[i % others]));
#define RUN(n)                                                                                 \
	COLLECT_INPUT(input, "-i", "-", "--retry", "1", "--retry-base", "1ms", "--threads", n, \
		      "-j", "60", "--per-host", "20")
	RUN("1");
	CHECK_INT(collect.status, 3);
	one = records(collect.out);
	RUN("3");
	CHECK_INT(collect.status, 3);
	other = records(collect.out);
	check_same(one, other, count);
	json_decref(other);
	json_decref(one);
	stop_upstream();
}

TEST(no_two_connections_of_a_run_have_the_same_number)
{
	json_t *all, *record, *hosts = json_object();
	size_t i;

	start_upstream(4, NULL, NULL);
	COLLECT_INPUT(lines(60, 4, "?delay=1ms"), "-i", "-", "--threads", "3");
	CHECK_INT(collect.status, 0);
	all = records(collect.out);
	json_array_foreach(all, i, record)
	{
		json_t *conn = json_object_get(record, "conn");
		const char *id = format("%lld", json_integer_value(json_object_get(conn, "id")));
		const char *before = json_string_value(json_object_get(hosts, id));

		if (before)
			CHECK_STR(string_in(conn, "peer"), before);
		json_object_set_new(hosts, id, json_string(string_in(conn, "peer")));
	}
	json_decref(hosts);
	json_decref(all);
	stop_upstream();
}

TEST(what_is_said_with_v_comes_in_whole_lines)
{
	char *line, *rest;
	int said = 0;

	start_upstream(4, NULL, NULL);
	COLLECT_INPUT(lines(80, 4, "?status=404"), "-i", "-", "--threads", "3", "-v", "--summary",
		      "json");
	CHECK_INT(collect.status, 4);
	CHECK_INT(number_in(strchr(collect.err, '{'), "requests"), 80);
	for (line = strtok_r(collect.err, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (*line == '{')
			continue;
		CHECK(!strncmp(line, "collect: http://", 16));
		CHECK_CONTAINS(line, "http_404");
		said++;
	}
	CHECK_INT(said, 80);
	stop_upstream();
}

/* ---- Limits ---------------------------------------------------------------------------------- */

/*
 * Eight names for one server, which sees all requests: --resolve for each, then arguments. The hosts
 * come one after the other, so that connections have to move from lane to lane.
 */
static void run_many_hosts(const char *n, const char *total, const char *per_host)
{
	const char *port = strrchr(at(0, ""), ':') + 1;
	const char *argv[40] = { built("collect"), "-i", "-",  "-o",  "/dev/null",
				 "--threads",	   n,	 "-j", total, "--per-host",
				 per_host };
	char *input = format("%s", "");
	int count = 11;

	for (int host = 0; host < 8; host++) {
		argv[count++] = "--resolve";
		argv[count++] = format("h%d:%s:127.0.0.1", host, port);
	}
	for (int block = 0; block < 2; block++)
		for (int i = 0; i < 80; i++)
			input = format("%shttp://h%d:%s/weather?delay=9ms\n", input,
				       block ? i % 8 : i / 10, port);
	run_collect(input, argv);
	CHECK_INT(collect.status, 0);
	COLLECT(at(0, "/stats"), "--summary", "none");
}

TEST(no_more_requests_and_connections_than_allowed_whatever_the_number_of_loops)
{
	for (int threads = 2; threads <= 4; threads += 2) {
		start_upstream(1, NULL, NULL);
		run_many_hosts(format("%d", threads), "6", "4");
		CHECK_CONTAINS(collect.out, "\"peak_in_flight\":6,");
		CHECK_CONTAINS(collect.out, "\"peak_connections\":6}");
		stop_upstream();
	}
}

TEST(fewer_requests_than_threads_are_fewer_threads)
{
	start_upstream(1, NULL, NULL);
	run_many_hosts("8", "2", "2");
	CHECK_CONTAINS(collect.out, "\"peak_in_flight\":2,");
	CHECK_CONTAINS(collect.out, "\"peak_connections\":2}");
	stop_upstream();
}

TEST(fewer_files_than_threads_need_are_fewer_threads)
{
	start_upstream(1, NULL, NULL);
	collect = (struct program){
		.argv = ARGV("/bin/sh", "-c", "ulimit -n 64; exec \"$@\"", "sh", built("collect"),
			     "-i", "-", "-j", "30", "--threads", "8", "--watchdog", "off",
			     "--summary", "none"),
		.input = lines(30, 1, ""),
	};
	run_program(&collect);
	stop_upstream();
	CHECK_CONTAINS(collect.err, "-j 30 --threads 1, since the limit of open files is low");
	CHECK_INT(collect.status, 0);
}

TEST(a_host_has_no_more_requests_than_it_may_have)
{
	for (int hosts = 1; hosts <= 3; hosts += 2) {
		start_upstream(hosts, NULL, NULL);
		COLLECT_INPUT(lines(40 * hosts, hosts, "?delay=4ms"), "-i", "-", "--per-host", "5",
			      "--threads", "4", "-o", "/dev/null");
		CHECK_INT(collect.status, 0);
		/* The count is of all hosts together. */
		COLLECT(at(0, "/stats"), "--summary", "none");
		CHECK_CONTAINS(collect.out, format("\"peak_in_flight\":%d,", 5 * hosts));
		CHECK_CONTAINS(collect.out, format("\"peak_connections\":%d}", 5 * hosts));
		stop_upstream();
	}
}

TEST(bodies_share_the_memory_across_loops_and_all_come)
{
	start_upstream(4, NULL, NULL);
	COLLECT_INPUT(lines(40, 4, "?size=600k"), "-i", "-", "--mem", "1M", "--threads", "2", "-o",
		      temp_path("out"));
	CHECK_INT(collect.status, 0);
	CHECK_INT(count_records(temp_path("out")), 40);
	stop_upstream();
}

TEST(a_host_that_orders_a_pause_is_left_alone_on_its_lane_too)
{
	json_t *all;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather?rate=1/h"), at(0, "/weather?rate=1/h&id=2"), at(0, "/weather?id=3"),
		"--retry-max-wait", "2s", "-j", "2", "--per-host", "1", "--threads", "2", "-v");
	CHECK_INT(collect.status, 3);
	CHECK_CONTAINS(collect.err, "/weather?rate=1/h&id=2: no request to its host for 3");
	all = records(collect.out);
	CHECK_STR(code_of(by_line(all, 1)), "none");
	CHECK_STR(code_of(by_line(all, 2)), "http_429");
	CHECK_STR(code_of(by_line(all, 3)), "http_429");
	CHECK_INT(json_integer_value(json_object_get(by_line(all, 3), "attempts")), 0);
	json_decref(all);
	stop_upstream();
}

static int count_of(const char *text, const char *part)
{
	int count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* ---- The rest -------------------------------------------------------------------------------- */

TEST(each_loop_has_its_watchdog)
{
	start_upstream(1, NULL, NULL);
	collect = (struct program){ .argv = ARGV(built("collect"), at(0, "/weather"), "--threads",
						 "3", "--summary", "none"),
				    .env = ARGV("LOOPHOUND_WATCHDOG=stats") };
	run_program(&collect);
	CHECK_INT(collect.status, 0);
	/* Three lanes and the main loop. */
	CHECK_INT(count_of(collect.err, "[watchdog]"), 4);
	stop_upstream();
}

TEST(a_har_file_has_the_requests_of_all_loops)
{
	const char *file = temp_path("run.har");
	json_t *har, *entries, *entry, *peers = json_object();
	size_t i;

	start_upstream(4, NULL, NULL);
	COLLECT_INPUT(lines(60, 4, ""), "-i", "-", "--threads", "3", "--har", file);
	CHECK_INT(collect.status, 0);
	har = json_load_file(file, 0, NULL);
	entries = json_object_get(json_object_get(har, "log"), "entries");
	CHECK_INT(json_array_size(entries), 60);
	json_array_foreach(entries, i, entry)
	{
		const char *connection = string_in(entry, "connection");
		const char *url = string_in(json_object_get(entry, "request"), "url");
		const char *host = format("%.*s", (int)strcspn(url + 7, "/"), url + 7);

		if (json_object_get(peers, connection))
			CHECK_STR(host, json_string_value(json_object_get(peers, connection)));
		json_object_set_new(peers, connection, json_string(host));
	}
	json_decref(peers);
	json_decref(har);
	stop_upstream();
}

TEST(a_trace_has_all_loops)
{
	const char *file = temp_path("run.json");
	json_t *trace;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), "--threads", "2", "--trace", file);
	CHECK_INT(collect.status, 0);
	trace = json_load_file(file, 0, NULL);
	CHECK(trace);
	json_decref(trace);
	CHECK_INT(count_of(read_file(file, NULL), "\"process_name\""), 3);
	stop_upstream();
}
