/* SPDX-License-Identifier: MIT */
/* test_watchdog_monitor.c - the watchdog's thread: when there is one, that it rests, where its reports go. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/watchdog/options.h"
#include "tests/harness.h"
#include "tests/watched.h"

static int sleeper(void *arg)
{
	(void)arg;
	usleep(300000);
	return 0;
}

/* The thread of this process that has that name: 0 when there is none. */
static int thread_named(const char *wanted)
{
	DIR *threads = opendir("/proc/self/task");
	int found = 0;

	CHECK(threads != NULL);
	for (struct dirent *entry; !found && (entry = readdir(threads)) != NULL;) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (file && fgets(name, sizeof name, file))
			name[strcspn(name, "\n")] = '\0';
		if (file)
			fclose(file);
		if (strcmp(name, wanted) == 0)
			found = atoi(entry->d_name);
	}
	closedir(threads);
	return found;
}

static long switches_of(int thread)
{
	char path[64], line[128];
	long count = 0, all = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
	file = fopen(path, "r");
	CHECK(file != NULL);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &count) == 1)
			all += count;
	fclose(file);
	return all;
}

static int count_switches(void *arg)
{
	int monitor = thread_named("watchdog");
	long before;

	CHECK(monitor != 0);
	usleep(200000);
	before = switches_of(monitor);
	usleep(500000);
	*(long *)arg = switches_of(monitor) - before;
	return 0;
}

static int idle(void *arg)
{
	return async_to_thread(count_switches, arg);
}

TEST(the_monitor_of_an_idle_loop_never_wakes_up)
{
	long switches = -1;

	watched_run(0.02, idle, &switches);
	CHECK_INT(switches, 0);
}

static int look_for_monitor(void *arg)
{
	*(int *)arg = thread_named("watchdog");
	return 0;
}

TEST(off_means_that_there_is_no_thread)
{
	int monitor = -1;

	watched_run(-1, look_for_monitor, &monitor);
	CHECK_INT(monitor, 0);
	setenv("LOOPHOUND_WATCHDOG", "off", 1);
	async_watchdog_configure(NULL);
	CHECK_INT(async_run(look_for_monitor, &monitor), 0);
	CHECK_INT(monitor, 0);
	CHECK_INT(async_run(sleeper, NULL), 0);
	CHECK_INT(async_watchdog_stalls(), 0);
}

TEST(the_environment_overrides_the_program)
{
	struct watchdog_options options;

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	setenv("LOOPHOUND_WATCHDOG", "limit=20ms", 1);
	CHECK(watchdog_options_get(&options));
	CHECK_INT(options.limit, 20000000);
	unsetenv("LOOPHOUND_WATCHDOG");
	CHECK(!watchdog_options_get(&options));
	async_watchdog_configure(NULL);
	CHECK(watchdog_options_get(&options));
	CHECK_INT(options.limit, 100000000);
}

TEST(without_a_callback_the_report_goes_to_stderr)
{
	const char *path = temp_path("stderr");
	int saved = dup(STDERR_FILENO), file = open(path, O_CREAT | O_WRONLY, 0600);

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	CHECK(saved >= 0 && file >= 0);
	dup2(file, STDERR_FILENO);
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = 0.05 });
	CHECK_INT(async_run(sleeper, NULL), 0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(file);
	CHECK_CONTAINS(read_file(path, NULL), "[stall #1] task ");
	CHECK_CONTAINS(read_file(path, NULL), " and still does (limit 50 ms)\n  verdict   BLOCKED");
	CHECK_CONTAINS(read_file(path, NULL), "\n[stall #1] task 1 \"main\" held the loop ");
}

TEST(a_monitor_that_cannot_start_leaves_the_loop_alone)
{
	int monitor = -1;

	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(NULL);
	fail_call("pthread_create", 0, EAGAIN);
	CHECK_INT(async_run(look_for_monitor, &monitor), 0);
	fail_none();
	CHECK_INT(monitor, 0);
}
