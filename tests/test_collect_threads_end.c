/* SPDX-License-Identifier: MIT */
/* collect --threads: the same ends as on one loop, on all lanes. */
#include <signal.h>
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

static int count_of(const char *text, const char *part)
{
	int count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* Starts collect with two requests in flight on each of two lanes, and one that waits. */
static void start_stuck(const char *delay)
{
	const char *a = at(0, format("/weather?delay=%s", delay));
	const char *b = at(1, format("/users?delay=%s", delay));
	char line[4096];

	collect = (struct program){ .argv = ARGV(built("collect"), "--summary", "json", "-j", "5",
						 "--per-host", "2", "--grace", "5s", "--threads",
						 "2", a, b, a, b, a, at(2, "/stocks")),
				    .limit = 20,
				    .talks = true };
	program_start(&collect);
	CHECK(program_read_line(&collect, line, sizeof line));
	CHECK_CONTAINS(line, "/stocks");
}

static char *read_rest(void)
{
	char line[8192], *all = format("%s", "");

	while (program_read_line(&collect, line, sizeof line))
		all = format("%s%s\n", all, line);
	program_wait(&collect);
	CHECK_INT(collect.status, 6);
	return all;
}

TEST(the_first_signal_lets_requests_of_all_lanes_finish)
{
	const char *all;

	start_upstream(3, NULL, NULL);
	start_stuck("400ms");
	kill(collect.pid, SIGINT);
	all = read_rest();
	CHECK_INT(count_of(all, "\"type\":\"response\""), 4);
	CHECK_INT(count_of(all, "\"code\":\"cancelled\""), 1);
	stop_upstream();
}

TEST(the_second_signal_cancels_them_on_all_lanes)
{
	const char *all;

	start_upstream(3, NULL, NULL);
	start_stuck("30s");
	kill(collect.pid, SIGTERM);
	kill(collect.pid, SIGINT);
	all = read_rest();
	CHECK_INT(count_of(all, "\"code\":\"cancelled\""), 5);
	CHECK_INT(count_of(all, "stopped by a signal"), 5);
	CHECK(collect.seconds < 5 * time_scale());
	stop_upstream();
}

TEST(a_deadline_ends_all_lanes)
{
	start_upstream(2, NULL, NULL);
	COLLECT(at(0, "/never"), at(1, "/never"), at(0, "/weather"), "--deadline", "300ms",
		"--threads", "2");
	CHECK_INT(collect.status, 7);
	CHECK_INT(count_of(collect.out, "--deadline passed"), 2);
	CHECK_INT(count_of(collect.out, "\"type\":\"response\""), 1);
	stop_upstream();
}

TEST(a_full_output_ends_all_lanes)
{
	start_upstream(2, NULL, NULL);
	COLLECT_INPUT(lines(40, 2, ""), "-i", "-", "-o", "/dev/full", "--threads", "2");
	CHECK_INT(collect.status, 5);
	CHECK_CONTAINS(collect.err, "collect: output /dev/full: No space left on device");
	collect = (struct program){
		.argv = ARGV("/bin/sh", "-c", "ulimit -f 8; exec \"$@\"", "sh", built("collect"),
			     "-i", "-", "-o", temp_path("out"), "--threads", "2"),
		.input = lines(40, 2, ""),
	};
	run_program(&collect);
	CHECK_INT(collect.status, 5);
	CHECK(count_records(temp_path("out")) > 3);
	stop_upstream();
}

TEST(a_reader_that_goes_away_ends_all_lanes)
{
	start_upstream(2, NULL, NULL);
	collect = (struct program){
		.argv = ARGV("/bin/sh", "-c",
			     "{ i=0; while [ $i -lt 150 ]; do echo \"$1\"; echo \"$2\"; "
			     "i=$((i+1)); done; } | { \"$0\" -i - -j 2 --summary none "
			     "--threads 2; echo $? >&2; } | head -n 1",
			     built("collect"), at(0, "/weather?delay=2ms"),
			     at(1, "/users?delay=2ms")),
	};
	run_program(&collect);
	CHECK_CONTAINS(collect.err, "5\n");
	stop_upstream();
}
