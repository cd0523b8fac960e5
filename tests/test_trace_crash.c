/* SPDX-License-Identifier: MIT */
/* test_trace_crash.c - what the recorder leaves of a program that crashes, and of a stall. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/trace/recorder.h"
#include "tests/chrome_trace.h"
#include "tests/recorded.h"
#include "tests/harness.h"

/* ---- At a crash ------------------------------------------------------------------------------ */

static int crash(void *arg)
{
	volatile int *nowhere = NULL;
	const char *way = arg;

	life(NULL);
	if (!strcmp(way, "abort"))
		abort();
	if (!strcmp(way, "raise"))
		raise(SIGFPE);
	*nowhere = 1;
	return 0;
}

static void run_to_a_crash(const char *path, const char *way)
{
	record_to(path, ASYNC_TRACE_ON_CRASH);
	async_run(crash, (void *)way);
}

static void check_crash(const char *path)
{
	struct chrome_trace trace;

	chrome_trace_check_file(&trace, path);
	CHECK(chrome_trace_find(&trace, "X", "waits: sleep"));
	CHECK(strstr(read_file(path, NULL), "still runs"));
	CHECK(trace.arrows >= 2);
	chrome_trace_free(&trace);
}

TEST(a_crash_leaves_a_file_that_loads)
{
	const char *path = temp_path("crash.json");

	if (UNDER_ASAN || UNDER_TSAN)
		NOT_HERE("the sanitizer ends the process with another signal");
	EXPECT_SIGNAL(SIGSEGV, run_to_a_crash(path, "fault"), "");
	check_crash(path);
	EXPECT_SIGNAL(SIGFPE, run_to_a_crash(path, "raise"), "");
	check_crash(path);
}

TEST(an_abort_leaves_a_file_that_loads)
{
	const char *path = temp_path("abort.json");

	EXPECT_ABORT(run_to_a_crash(path, "abort"), "");
	check_crash(path);
}

static void say_hello(int number)
{
	(void)number;
	(void)!write(STDERR_FILENO, "the handler before\n", 19);
	_exit(3);
}

static void crash_with_a_handler(const char *path)
{
	signal(SIGABRT, say_hello);
	run_to_a_crash(path, "abort");
}

TEST(whoever_handled_the_signal_before_has_his_turn)
{
	const char *path = temp_path("chained.json");
	int status;
	pid_t child = fork();

	if (child == 0) {
		crash_with_a_handler(path);
		_exit(1);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 3);
	check_crash(path);
}

static void crash_in_a_second_loop(const char *path)
{
	record_to(path, ASYNC_TRACE_ON_CRASH | ASYNC_TRACE_ON_END);
	live();
	async_run(crash, "abort");
}

TEST(a_crash_comes_behind_what_was_written_before)
{
	const char *path = temp_path("both.json");
	struct chrome_trace trace;

	EXPECT_ABORT(crash_in_a_second_loop(path), "");
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 2);
	chrome_trace_free(&trace);
}

static void crash_without_asking(const char *path)
{
	record_to(path, 0);
	async_run(crash, "abort");
}

TEST(not_asked_to_it_installs_no_handler)
{
	const char *path = temp_path("none.json");
	size_t size;

	EXPECT_ABORT(crash_without_asking(path), "");
	read_file(path, &size);
	CHECK_INT(size, 0);
}

/* ---- On a stall ------------------------------------------------------------------------------ */

static void keep_quiet(const struct async_stall *stall, void *arg)
{
	(void)stall;
	(void)arg;
}

__attribute__((noinline)) static void spin_until_it_is_seen(void)
{
	while (!async_watchdog_stalls())
		;
}

static int stall(void *arg)
{
	size_t size = 0;

	async_sleep(0);
	spin_until_it_is_seen();
	/* The watchdog writes once it sees that the slice has ended. */
	while (!size) {
		async_sleep(0.01);
		read_file(arg, &size);
	}
	return 0;
}

TEST_WITH_LIMIT(a_stall_is_written_with_its_stack, 20)
{
	const char *path = temp_path("stall.json");
	struct chrome_trace trace;
	json_t *span;

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = 0.02, .report = keep_quiet });
	record_to(path, ASYNC_TRACE_ON_STALL);
	CHECK_INT(async_run(stall, (void *)path), 0);
	chrome_trace_check_file(&trace, path);
	span = chrome_trace_find(&trace, "X", "stall");
	CHECK(span != NULL);
	CHECK_CONTAINS(chrome_trace_arg(span, "report"), "spin_until_it_is_seen");
	CHECK(json_number_value(json_object_get(span, "dur")) >= 20000);
	chrome_trace_free(&trace);
}
