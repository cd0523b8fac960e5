/* SPDX-License-Identifier: MIT */
/* test_decode_report.c - a report of a stripped program gets its names back, and never wrong ones. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

static void run_tool(const char *const *argv)
{
	struct program tool = { .argv = argv };

	run_program(&tool);
	if (tool.status != 0)
		FAIL("%s ended with %d: %s", argv[0], tool.status, tool.err);
}

/* The self-test's row for usleep, made to write its report, by a stripped copy called "victim". */
static const char *report_of_stripped_program(void)
{
	const char *stripped = temp_path("victim"), *report = temp_path("report");
	struct program victim = {
		.argv = ARGV(stripped, "usleep"),
		.env = ARGV(format("LOOPHOUND_WATCHDOG=limit=50ms,report=text,file=%s", report))
	};

	run_tool(ARGV("strip", "-o", stripped, built("watchdog-selftest")));
	run_program(&victim);
	return read_file(report, NULL);
}

static struct program decode(const char *report, const char *where)
{
	struct program script = { .argv = ARGV(in_source("runtime/watchdog/decode.sh"), where),
				  .dir = temp_dir(),
				  .input = report };

	run_program(&script);
	CHECK_INT(script.status, 0);
	return script;
}

TEST(a_stripped_programs_report_is_decoded_by_its_build_id)
{
	const char *report;
	struct program script;

	if (under_valgrind() || UNDER_ASAN || UNDER_TSAN || !strstr(symbol_hint, "-g"))
		NOT_HERE("that is for a build as it is shipped");
	if (!have_program("strip") || !have_program("addr2line"))
		SKIP("no binutils");
	report = report_of_stripped_program();
	CHECK_CONTAINS(report, "victim+0x");
	CHECK(strstr(report, "sleep_a_while") == NULL);
	script = decode(report, built("watchdog-selftest"));
	if (strstr(report, "BuildId"))
		CHECK_CONTAINS(script.out, "sleep_a_while ");
	CHECK_CONTAINS(script.out, "app/watchdog_hold.c:");
	CHECK_CONTAINS(script.out, "[stall #1] task 1 \"main\" has held the loop");
}

TEST(a_file_of_another_build_is_not_asked)
{
	static const char report[] =
		"  where     ?  watchdog-selftest+0x5000 (BuildId 00112233)  <- your code\n";
	struct program script;

	if (!have_program("addr2line"))
		SKIP("no binutils");
	script = decode(report, built("watchdog-selftest"));
	CHECK_STR(script.out, report);
	CHECK_CONTAINS(script.err, "no file for watchdog-selftest with build id 00112233");
}

TEST(what_is_no_place_is_left_as_it_is)
{
	static const char text[] = "plain text\n  a+b (0x12)\n\nend\n";

	if (!have_program("addr2line"))
		SKIP("no binutils");
	CHECK_STR(decode(text, ".").out, text);
}
