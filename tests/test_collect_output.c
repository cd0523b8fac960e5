/* SPDX-License-Identifier: MIT */
/* The whole program, against build/upstream: where records and summary go, and when they cannot. */
#include "tests/peer_upstream.h"

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

TEST(a_line_that_a_killed_run_left_unfinished_stays_alone)
{
	const char *out = temp_file("out", "{\"v\":1,\"typ");
	const char *text;

	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), "-o", out, "--append");
	text = read_file(out, NULL);
	CHECK(!strncmp(text, "{\"v\":1,\"typ\n{\"v\":1,\"type\"", 25));
	stop_upstream();
}

TEST(a_full_output_is_exit_5)
{
	start_upstream(1, NULL, NULL);
	COLLECT(at(0, "/weather"), "-o", "/dev/full");
	CHECK_INT(collect.status, 5);
	CHECK_CONTAINS(collect.err, "collect: output /dev/full: No space left on device");
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
	CHECK_CONTAINS(collect.err, "1 item: 1 ok, 0 failed in ");
	stop_upstream();
}
