/* SPDX-License-Identifier: MIT */
/*
 * test_selftest.c - the self-test's table is as it should be; and what LOOPHOUND_WATCHDOG makes of a
 * program that knows nothing of it.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

/* What it printed is shown if the test fails. */
static bool selftest_passes(void)
{
	struct program program = { .argv = ARGV(built("watchdog-selftest")),
				   /* It blocks on purpose. */
				   .env = ARGV("LOOPHOUND_WATCHDOG=limit=100ms"),
				   .limit = 60 };

	run_program(&program);
	printf("%s%s", program.out, program.err);
	return program.status == 0 && program.err_size == 0 &&
	       strstr(program.out, "10 of 10 as they should be\n");
}

/* SLOW=1, which make test-slow sets: ten times, alone and beside eight that want the CPU, too. */
TEST_WITH_LIMIT(every_verdict_is_reproduced, 600)
{
	pid_t burners[8];
	bool slow = getenv("SLOW") != NULL, passed = true;

	if (under_valgrind() || UNDER_TSAN)
		NOT_HERE("the tool runs threads in its own way");
	for (int i = 0; i < (slow ? 5 : 1); i++)
		passed = selftest_passes() && passed;
	for (int i = 0; slow && i < 8; i++) {
		burners[i] = fork();
		while (burners[i] == 0)
			__asm__ volatile("");
	}
	for (int i = 0; slow && i < 5; i++)
		passed = selftest_passes() && passed;
	for (int i = 0; slow && i < 8; i++) {
		kill(burners[i], SIGKILL);
		waitpid(burners[i], NULL, 0);
	}
	CHECK(passed);
}

/* ---- From outside ---------------------------------------------------------------------------- */

/* Holds the loop once, by usleep, in "sleep_a_while". */
static struct program held_with(const char *words)
{
	struct program program = { .argv = ARGV(built("watchdog-selftest"), "usleep"),
				   .env = ARGV(format("LOOPHOUND_WATCHDOG=%s", words)),
				   .limit = 20 };

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	run_program(&program);
	return program;
}

TEST(json_goes_to_a_file_and_the_exit_code_says_that_there_was_a_stall)
{
	const char *path = temp_path("stalls.json");
	struct program program = held_with(format("limit=50ms,report=json,file=%s,exit=86", path));
	int lines = 0;

	CHECK_INT(program.status, 86);
	CHECK_STR(program.err, "");
	/* What stdio held when the process was ended is not lost. */
	CHECK_CONTAINS(program.out, "as they should be\n");
	for (char *line = strtok(read_file(path, NULL), "\n"); line; line = strtok(NULL, "\n")) {
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		CHECK(json_is_object(object));
		json_decref(object);
		lines++;
	}
	CHECK_INT(lines, 3);
}

TEST(without_a_stall_the_exit_code_is_the_programs_own)
{
	int status = held_with("limit=5s,report=text,exit=86").status;

	/* 0: so busy a machine that nothing could be said in time. */
	CHECK(status == 0 || status == 1);
	CHECK_INT(held_with("off,exit=86").status, 1);
}

TEST(folded_and_github_go_to_stderr)
{
	struct program folded = held_with("limit=50ms,report=folded"),
		       github = held_with("limit=50ms,report=github");

	CHECK_CONTAINS(folded.err, "main;");
	CHECK_CONTAINS(folded.err, ";[BLOCKED] ");
	CHECK_CONTAINS(github.err, "::warning ");
	CHECK_CONTAINS(github.err, "BLOCKED in clock_nanosleep::[stall #1] task 1 \"main\"");
	if (strstr(symbol_hint, "-g"))
		CHECK_CONTAINS(github.err, "file=app/watchdog_hold.c,line=");
}

TEST(the_text_ends_with_a_total)
{
	struct program program = held_with("limit=50ms,report=text");

	CHECK_CONTAINS(program.err, "[stall #1] task 1 \"main\" has held the loop");
	CHECK_CONTAINS(program.err, "\n[watchdog] 1 stall, ");
}

TEST(abort_ends_the_process_once_the_stall_is_reported)
{
	struct program program = held_with("limit=50ms,report=text,abort");

	CHECK_INT(program.status, 128 + SIGABRT);
	CHECK_CONTAINS(program.err, "[stall #1] ");
}

TEST(stats_are_printed_when_the_loop_closes)
{
	struct program program = held_with("stats,limit=50ms");

	CHECK_CONTAINS(program.err, "[watchdog] ");
	CHECK_CONTAINS(program.err, " turns, ");
	CHECK_CONTAINS(program.err, "  time                 slices  timers late\n");
	CHECK_CONTAINS(program.err, " ms in main; ");
}

TEST(a_word_that_is_not_known_is_named_and_all_that_are_listed)
{
	struct program program = held_with("limit=50ms,reprot=json");

	CHECK_CONTAINS(program.err,
		       "LOOPHOUND_WATCHDOG: not understood: \"reprot=json\". The words "
		       "are off, limit=TIME, report=text|json|folded|github, file=PATH");
}

TEST(help_prints_the_words_and_the_program_runs)
{
	struct program program = held_with("limit=50ms,help");

	CHECK_CONTAINS(program.err, "LOOPHOUND_WATCHDOG=word,word,... where a word is\n  off ");
	CHECK_CONTAINS(program.out, "as they should be\n");
}

TEST(a_file_that_cannot_be_opened_is_said_and_stderr_stands_in)
{
	struct program program = held_with("limit=50ms,report=text,file=/nowhere/at/all");

	CHECK_CONTAINS(program.err,
		       "reports go to stderr: /nowhere/at/all cannot be opened: No such");
	CHECK_CONTAINS(program.err, "[stall #1] ");
}
