/* SPDX-License-Identifier: MIT */
/* test_trace_file.c - what is asked of the recorder, and when and where it writes. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/base.h"
#include "runtime/loop.h"
#include "runtime/trace/recorder.h"
#include "tests/chrome_trace.h"
#include "tests/recorded.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

/* ---- Options --------------------------------------------------------------------------------- */

TEST(words_that_are_understood)
{
	static const struct {
		const char *text, *file;
		enum async_trace_format format;
		size_t size;
		unsigned on;
	} cases[] = {
		{ "run.json", "run.json", ASYNC_TRACE_CHROME, TRACE_SIZE_DEFAULT,
		  ASYNC_TRACE_ON_END },
		{ "/tmp/run", "/tmp/run", ASYNC_TRACE_CHROME, TRACE_SIZE_DEFAULT,
		  ASYNC_TRACE_ON_END },
		{ "run.txt", "run.txt", ASYNC_TRACE_TEXT, TRACE_SIZE_DEFAULT, ASYNC_TRACE_ON_END },
		{ "text", "-", ASYNC_TRACE_TEXT, TRACE_SIZE_DEFAULT, ASYNC_TRACE_ON_END },
		{ "-", "-", ASYNC_TRACE_TEXT, TRACE_SIZE_DEFAULT, ASYNC_TRACE_ON_END },
		{ "file=run,size=64K", "run", ASYNC_TRACE_CHROME, 65536, ASYNC_TRACE_ON_END },
		{ "file=a.txt,chrome,size=2M", "a.txt", ASYNC_TRACE_CHROME, 2097152,
		  ASYNC_TRACE_ON_END },
		{ "a.json,on=stall", "a.json", ASYNC_TRACE_CHROME, TRACE_SIZE_DEFAULT,
		  ASYNC_TRACE_ON_STALL },
		{ "a.json,on=crash+end,size=5000", "a.json", ASYNC_TRACE_CHROME, 5000,
		  ASYNC_TRACE_ON_CRASH | ASYNC_TRACE_ON_END },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct trace_options options;

		CHECK_STR(trace_options_parse(cases[i].text, &options), NULL);
		CHECK_STR(options.file, cases[i].file);
		CHECK_INT(options.format, cases[i].format);
		CHECK_INT(options.size, cases[i].size);
		CHECK_INT(options.on, cases[i].on);
	}
}

TEST(words_that_are_not)
{
	static const char *const cases[][2] = {
		{ "txet", "txet" },
		{ "a.json,verbose", "verbose" },
		{ "a.json,size=", "size=" },
		{ "a.json,size=12X", "size=12X" },
		{ "a.json,size=1", "size=1" },
		{ "a.json,size=-1", "size=-1" },
		{ "a.json,size=9999999M", "size=9999999M" },
		{ "a.json,on=", "on=" },
		{ "a.json,on=sometimes,text", "on=sometimes,text" },
		{ "a.json,,text", "an empty word" },
		{ "a.json,off", "off" },
		{ "size=1M", "no file is named" },
		{ "-,chrome", "chrome needs a file" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct trace_options options;

		CHECK_STR(trace_options_parse(cases[i][0], &options), cases[i][1]);
	}
}

static void run_misspelt(void)
{
	setenv("LOOPHOUND_TRACE", "a.json,size=12X", 1);
	live();
	abort();
}

TEST(what_is_not_understood_is_said)
{
	EXPECT_ABORT(run_misspelt(), "loophound: LOOPHOUND_TRACE: not understood: size=12X\n",
		     "Known are FILE");
}

TEST(off_in_the_environment_is_stronger_than_the_program)
{
	const char *path = temp_path("off.json");

	setenv("LOOPHOUND_TRACE", "off", 1);
	record_to(path, 0);
	live();
	CHECK_INT(access(path, F_OK), -1);
}

TEST(what_the_program_asks_wrongly_is_an_error)
{
	char name[300];

	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	CHECK_INT(async_trace_configure(&(struct async_trace_options){ .file = name }),
		  ASYNC_EINVAL);
	CHECK_INT(async_trace_configure(&(struct async_trace_options){ .file = "-" }),
		  ASYNC_EINVAL);
	CHECK_INT(async_trace_write("x.json", ASYNC_TRACE_CHROME), ASYNC_EINVALIDSTATE);
}

static void run_into_nowhere(void)
{
	record_to("/nonexistent/trace.json", 0);
	live();
	abort();
}

TEST(a_file_that_cannot_be_made_is_said_and_the_loop_runs)
{
	EXPECT_ABORT(run_into_nowhere(),
		     "loophound: trace: /nonexistent/trace.json: No such file or directory\n");
}

static void run_into_a_full_disk(void)
{
	record_to(temp_path("full.json"), 0);
	fail_call("pwrite", 0, ENOSPC);
	live();
	fail_none();
	abort();
}

TEST(a_full_disk_is_said_once)
{
	EXPECT_ABORT(run_into_a_full_disk(), "full.json: No space left on device\n");
}

/* ---- At the end ------------------------------------------------------------------------------ */

TEST(at_the_end_the_file_holds_the_loop)
{
	const char *path = temp_path("end.json");
	struct chrome_trace trace;

	record_to(path, 0);
	live();
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 1);
	CHECK(trace.arrows >= 2);
	CHECK(chrome_trace_find(&trace, "X", "waits: sleep"));
	chrome_trace_free(&trace);
}

TEST(the_id_of_the_process_may_be_in_the_name)
{
	struct chrome_trace trace;

	setenv("LOOPHOUND_TRACE", temp_path("of-%p.json"), 1);
	live();
	chrome_trace_check_file(&trace, temp_path(format("of-%d.json", (int)getpid())));
	chrome_trace_free(&trace);
}

TEST(loops_one_after_another_share_the_file)
{
	const char *path = temp_path("two.json");
	struct chrome_trace trace;

	record_to(path, 0);
	live();
	CHECK_INT(async_run_with(life, NULL, &virtual_clock), 0);
	live();
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 3);
	chrome_trace_free(&trace);
}

TEST(a_file_that_was_removed_begins_anew)
{
	const char *path = temp_path("removed.json");
	struct chrome_trace trace;

	record_to(path, 0);
	live();
	CHECK_INT(unlink(path), 0);
	live();
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 1);
	chrome_trace_free(&trace);
}

static void *live_in_a_thread(void *arg)
{
	(void)arg;
	live();
	return NULL;
}

TEST(loops_in_two_threads_share_the_file)
{
	const char *path = temp_path("threads.json");
	struct chrome_trace trace;
	pthread_t threads[2];

	record_to(path, 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, live_in_a_thread, NULL), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 2);
	chrome_trace_free(&trace);
}

static int live_elsewhere(void *arg)
{
	pthread_t thread;

	(void)arg;
	record_to(temp_path("second.json"), 0);
	CHECK_INT(pthread_create(&thread, NULL, live_in_a_thread, NULL), 0);
	pthread_join(thread, NULL);
	return life(NULL);
}

static void run_with_two_files(void)
{
	record_to(temp_path("first.json"), 0);
	CHECK_INT(async_run(live_elsewhere, NULL), 0);
	CHECK(access(temp_path("second.json"), F_OK) < 0);
	abort();
}

TEST(a_loop_that_asks_for_another_file_is_told_that_it_goes_unrecorded)
{
	EXPECT_ABORT(run_with_two_files(), "loophound: trace: ",
		     "second.json: not recorded: this process writes to another file already\n");
}

static int fork_once(void *arg)
{
	pid_t child = fork();
	int status;

	(void)arg;
	if (child == 0)
		_exit(0);
	async_blocking("the child ends at once", 0)
		CHECK_INT(waitpid(child, &status, 0), child);
	return life(NULL);
}

TEST(a_forked_child_leaves_the_file_alone)
{
	const char *path = temp_path("fork.json");
	struct chrome_trace trace;
	int status;
	pid_t child;

	record_to(path, 0);
	CHECK_INT(async_run(fork_once, NULL), 0);
	child = fork();
	if (child == 0) {
		live();
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	live();
	chrome_trace_check_file(&trace, path);
	CHECK_INT(trace.processes, 2);
	chrome_trace_free(&trace);
}

TEST(prose_goes_into_a_file_of_that_name)
{
	const char *path = temp_path("story.txt");

	setenv("LOOPHOUND_TRACE", path, 1);
	live();
	live();
	CHECK_CONTAINS(read_file(path, NULL), "loop 1: from its beginning.\n\nturn 1 at ");
	CHECK_CONTAINS(read_file(path, NULL), "\n\nloop 2: from its beginning.\n\nturn 1 at ");
	CHECK_CONTAINS(read_file(path, NULL), "created task 2 \"sleeper\"");
}

/* ---- On request ------------------------------------------------------------------------------ */

static int write_twice(void *arg)
{
	const char *const *paths = arg;

	async_sleep(0);
	CHECK_INT(async_trace_write(paths[0], ASYNC_TRACE_CHROME), 0);
	CHECK_INT(async_trace_write(paths[1], ASYNC_TRACE_TEXT), 0);
	CHECK_INT(async_trace_write("-", ASYNC_TRACE_CHROME), ASYNC_EINVAL);
	CHECK_INT(async_trace_write("/nonexistent/x", ASYNC_TRACE_TEXT), -ENOENT);
	async_sleep(0);
	return 0;
}

TEST(on_request_it_is_written_as_often_as_wanted)
{
	const char *paths[] = { temp_path("a.json"), temp_path("a.txt") };
	struct chrome_trace trace;

	record_to(temp_path("end.json"), 0);
	CHECK_INT(async_run(write_twice, paths), 0);
	chrome_trace_check_file(&trace, paths[0]);
	/* The task that asked still runs. */
	CHECK(strstr(read_file(paths[0], NULL), "still runs"));
	chrome_trace_free(&trace);
	CHECK_CONTAINS(read_file(paths[1], NULL), "it still runs.");
	chrome_trace_check_file(&trace, temp_path("end.json"));
	CHECK_INT(chrome_trace_count(&trace, "X", "ready: its next turn"), 2);
	CHECK(!strstr(read_file(temp_path("end.json"), NULL), "still runs"));
	chrome_trace_free(&trace);
}
