/* SPDX-License-Identifier: MIT */
/* test_harness.c - the harness reports what it promises to: failures, hangs, leaks, survivors. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/harness.h"

/* Specimens fail on purpose: the harness runs a test of such a name only when it is asked for. */

TEST(specimen_wrong_int)
{
	CHECK_INT(2 + 2, 5);
}

TEST_WITH_LIMIT(specimen_hang, 0.2)
{
	for (;;)
		pause();
}

TEST(specimen_crash)
{
	raise(SIGSEGV);
}

TEST(specimen_fd_leak)
{
	CHECK(open("/dev/null", O_RDONLY) >= 0);
}

static char *volatile lost;

TEST(specimen_memory_leak)
{
	lost = malloc(100);
	lost = strdup("another");
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

TEST(specimen_thread_leak)
{
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
}

TEST(specimen_process_left)
{
	if (fork() == 0)
		wait_for_ever(NULL);
}

static void careless(void)
{
	lost = malloc(10);
	lost = realloc(lost, 200);
	if (lost == NULL)
		abort();
	free(lost);
}

TEST(specimen_unchecked_allocation)
{
	for_each_failing_allocation(careless);
}

/* Runs one specimen and returns what the harness said of it. */
static const char *verdict_on(const char *specimen)
{
	struct program self = { .argv = ARGV(built("tests/test_harness"), specimen),
				.env = ARGV("ASAN_OPTIONS=handle_segv=0") };

	run_program(&self);
	CHECK_INT(self.status, 1);
	CHECK_CONTAINS(self.out, format("FAIL %s", specimen));
	CHECK_CONTAINS(self.out, "0 passed, 1 failed, 0 skipped\n");
	return self.out;
}

TEST(a_failed_check_prints_place_and_both_values)
{
	CHECK_CONTAINS(verdict_on("specimen_wrong_int"), "2 + 2 is 4 , not 5 ");
	CHECK_CONTAINS(verdict_on("specimen_wrong_int"), "test_harness.c:");
}

TEST(a_hang_is_a_failure)
{
	CHECK_CONTAINS(verdict_on("specimen_hang"), "still running after");
}

TEST(a_crash_is_a_failure)
{
	CHECK_CONTAINS(verdict_on("specimen_crash"), UNDER_TSAN ? "SEGV" : "signal 11");
}

TEST(a_descriptor_left_open_is_a_failure)
{
	CHECK_CONTAINS(verdict_on("specimen_fd_leak"), "/dev/null");
}

TEST(memory_left_is_a_failure_and_its_place_is_named)
{
	if (UNDER_TSAN)
		NOT_HERE("memory is not counted");
	const char *said = verdict_on("specimen_memory_leak");

	CHECK_CONTAINS(said, "left 2 blocks of memory, 108 bytes");
	CHECK_CONTAINS(said,
		       "100 bytes allocated by test_body_specimen_memory_leak at test_harness.c:");
}

TEST(a_thread_left_is_a_failure)
{
	CHECK_CONTAINS(verdict_on("specimen_thread_leak"), "left 1 threads");
}

TEST(a_process_left_is_a_failure_and_is_killed)
{
	CHECK_CONTAINS(verdict_on("specimen_process_left"), "left a process running");
}

TEST(the_allocation_that_breaks_a_function_is_named)
{
	CHECK_CONTAINS(verdict_on("specimen_unchecked_allocation"),
		       "with call 2 failing (realloc, careless");
}

TEST(specimen_skip)
{
	SKIP("no %s here", "tool");
}

TEST(a_test_that_skips_says_why)
{
	struct program self = { .argv = ARGV(built("tests/test_harness"), "specimen_skip") };

	run_program(&self);
	CHECK_INT(self.status, 0);
	CHECK_CONTAINS(self.out, "skip specimen_skip");
	CHECK_CONTAINS(self.out, ": no tool here\n0 passed, 0 failed, 1 skipped\n");
}

TEST(an_unknown_name_is_an_error)
{
	struct program self = { .argv = ARGV(built("tests/test_harness"), "no_such_test") };

	run_program(&self);
	CHECK_INT(self.status, 1);
	CHECK_CONTAINS(self.err, "no test of that name");
}

static void complain_and_abort(void)
{
	fprintf(stderr, "the reason, at place\n");
	abort();
}

TEST(an_abort_is_expected_with_its_words)
{
	EXPECT_ABORT(complain_and_abort(), "the reason", "at place");
}

static void maps_and_opens(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/dev/null", O_RDONLY);

	if (memory != MAP_FAILED)
		munmap(memory, 4096);
	if (fd >= 0)
		close(fd);
}

TEST(each_system_call_fails_once)
{
	for_each_failing_syscall(maps_and_opens);
}

TEST(a_chosen_call_fails_with_a_chosen_error)
{
	fail_call("open", 2, EACCES);
	int fd = open("/dev/null", O_RDONLY);
	CHECK(fd >= 0);
	CHECK_INT(open("/dev/null", O_RDONLY), -1);
	CHECK_INT(errno, EACCES);
	CHECK_INT(fail_count(), 1);
	close(fd);
}

TEST(a_program_is_fed_and_heard)
{
	struct program cat = { .argv = ARGV("sh", "-c", "cat; echo $WORD >&2; exit 3"),
			       .env = ARGV("WORD=aside"),
			       .input = "through a pipe" };

	run_program(&cat);
	CHECK_STR(cat.out, "through a pipe");
	CHECK_STR(cat.err, "aside\n");
	CHECK_INT(cat.status, 3);
}

TEST(a_program_past_its_limit_is_killed)
{
	struct program slow = { .argv = ARGV("sleep", "100"), .limit = 0.1 };

	run_program(&slow);
	CHECK(slow.timed_out);
	CHECK_INT(slow.status, 128 + SIGKILL);
}

TEST(lines_are_read_while_a_program_runs)
{
	struct program talker = { .argv = ARGV("sh", "-c", "echo one; echo two; exec sleep 100"),
				  .talks = true };
	char line[20];

	program_start(&talker);
	CHECK(program_read_line(&talker, line, sizeof(line)));
	CHECK_STR(line, "one");
	CHECK(program_read_line(&talker, line, sizeof(line)));
	CHECK_STR(line, "two");
	program_stop(&talker, SIGTERM);
	CHECK_INT(talker.status, 128 + SIGTERM);
}

TEST(a_temporary_file_is_written_and_read)
{
	CHECK_STR(read_file(temp_file("a", "content"), NULL), "content");
}
