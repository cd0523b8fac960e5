/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog.c - the watchdog in whole loops. Built twice, with and without optimisation: the
 * function and the line that hold the loop must be named both ways.
 *
 * `guilty_line` is set on the very line that is to be named. A write to `after` behind each call
 * keeps it from becoming a tail call.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "runtime/watchdog/options.h"
#include "tests/harness.h"
#include "tests/monitor_waited.h"

#define NOT_INLINED __attribute__((noinline))
#define ON_THIS_LINE(call) (atomic_store(&guilty_line, __LINE__), (call))

static atomic_uint guilty_line, after;

/* ---- What the watchdog said ------------------------------------------------------------------ */

struct said {
	char task[64], function[64], file[128], text[3000];
	int line;
	double seconds;
	bool ended;
};
static struct said said[64];
static int said_count, lasts_count;
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static void record(const struct async_stall *stall, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&said_lock);
	if (strstr(stall->text, " still holds the loop, for ")) {
		lasts_count++;
	} else if (said_count < 64) {
		struct said *this = &said[said_count++];

		snprintf(this->task, sizeof this->task, "%s", stall->task);
		snprintf(this->function, sizeof this->function, "%s",
			 stall->function ? stall->function : "");
		snprintf(this->file, sizeof this->file, "%s", stall->file ? stall->file : "");
		snprintf(this->text, sizeof this->text, "%s", stall->text);
		this->line = stall->line;
		this->seconds = stall->seconds;
		this->ended = stall->ended;
	}
	pthread_mutex_unlock(&said_lock);
}

/* On a busy machine, and under sanitizers, the monitor takes its time to get going. */
static int (*watched)(void *arg);
static double missed; /* seconds that it had no CPU then */

static int after_a_moment(void *arg)
{
	int rc;

	async_sleep(0.02 * time_scale());
	async_blocking("to know what the monitor missed", 0)
		missed = monitor_waited();
	rc = watched(arg);
	async_blocking("to know what the monitor missed", 0)
		missed = monitor_waited() - missed;
	return rc;
}

/* Runs fn as main under a watchdog with that limit; what it says is in said[] afterwards. */
static void watch(double limit, int (*fn)(void *arg), void *arg)
{
	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = limit, .report = record });
	watched = fn;
	CHECK_INT(async_run(after_a_moment, arg), 0);
}

static bool has_names(void)
{
	return strstr(symbol_hint, "-g") != NULL;
}

/* Exactly one stall: a report while it lasted, and a line at its end. */
static void check_one(const char *function, int line, const char *verdict)
{
	if (said_count != 2)
		FAIL("%d reports; the first: %s", said_count, said_count ? said[0].text : "-");
	CHECK(!said[0].ended);
	CHECK(said[1].ended);
	CHECK(said[1].seconds >= said[0].seconds);
	CHECK_CONTAINS(said[0].text, "and still does");
	CHECK_CONTAINS(said[0].text, verdict);
	if (!has_names())
		return;
	CHECK_STR(said[0].function, function);
	CHECK_STR(said[0].file, "tests/test_watchdog.c");
	CHECK_INT(said[0].line, line);
	CHECK_STR(said[1].function, function);
	CHECK_INT(said[1].line, line);
}

/* A monitor slowed down by a sanitizer, or on a busy machine, may come too late for some. */
static void check_stalls(unsigned expected)
{
	if (!UNDER_ASAN && !UNDER_TSAN && missed < 0.02)
		CHECK_INT(async_watchdog_stalls(), expected);
	CHECK(async_watchdog_stalls() <= expected && async_watchdog_stalls() * 2 >= expected - 1);
}

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Names and verdicts ---------------------------------------------------------------------- */

NOT_INLINED static void polite_delay(void)
{
	ON_THIS_LINE(usleep(300000));
	after = 1;
}

NOT_INLINED static void fetch_one(void)
{
	polite_delay();
	after = 2;
}

static int sleeper(void *arg)
{
	(void)arg;
	fetch_one();
	after = 3;
	return 0;
}

static int meant(void *arg)
{
	(void)arg;
	async_blocking("what is meant is no stall", 10)
		usleep(300000);
	after = 1;
	return 0;
}

static int meant_for_less(void *arg)
{
	(void)arg;
	async_blocking("but no longer than that", 0.05)
		usleep(400000);
	after = 1;
	return 0;
}

TEST(a_blocking_section_is_no_stall_within_its_budget)
{
	watch(0.1, meant, NULL);
	CHECK_INT(async_watchdog_stalls(), 0);
	watch(0.1, meant_for_less, NULL);
	check_stalls(1);
}

TEST(a_buried_sleep_is_named_with_its_line_while_it_lasts)
{
	watch(0.1, sleeper, NULL);
	check_one("polite_delay", guilty_line, "BLOCKED in clock_nanosleep");
	CHECK_NEAR(said[1].seconds, 0.3, 0.05 + missed);
	CHECK_CONTAINS(said[0].text, "limit 100 ms");
	CHECK_CONTAINS(said[0].text, "instead   async_sleep(0.3)");
	CHECK_CONTAINS(said[0].text, "created by async_run");
	if (!has_names())
		return;
	CHECK_CONTAINS(said[0].text, "<- your code");
	CHECK_CONTAINS(said[0].text, "fetch_one ");
	CHECK_CONTAINS(said[0].text, "sleeper ");
	CHECK(said[0].seconds >= 0.1 && said[0].seconds < 0.25 * time_scale());
}

static inline __attribute__((always_inline)) void inlined_delay(void)
{
	ON_THIS_LINE(usleep(300000));
	after = 1;
}

static int inliner(void *arg)
{
	(void)arg;
	inlined_delay();
	after = 2;
	return 0;
}

TEST(an_inlined_function_is_named_and_so_is_its_caller)
{
	watch(0.05, inliner, NULL);
	check_one("inlined_delay", guilty_line, "BLOCKED in clock_nanosleep");
	if (has_names())
		CHECK_CONTAINS(said[0].text, "inliner ");
}

static int spin_first, spin_last;

NOT_INLINED static void spin(double seconds)
{
	double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);

	spin_first = __LINE__;
	do {
		for (unsigned i = 0; i < 10000; i++)
			after += i;
	} while (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start < seconds);
	spin_last = __LINE__;
}

static int spinner(void *arg)
{
	spin(arg ? *(double *)arg : 0.4);
	after = 2;
	return 0;
}

TEST(a_busy_function_is_named_and_the_verdict_is_cpu)
{
	if (UNDER_TSAN)
		NOT_HERE("TSan holds signals back until the thread blocks");
	watch(0.1, spinner, NULL);
	check_one(said[0].function, said[0].line, "CPU in");
	if (!has_names())
		return;
	if (strcmp(said[0].function, "seconds_of") == 0) {
		CHECK_CONTAINS(said[0].text, "spin ");
	} else {
		CHECK_STR(said[0].function, "spin");
		CHECK(said[0].line >= spin_first && said[0].line <= spin_last);
	}
	CHECK_CONTAINS(said[0].text, "spinner ");
}

static int pipe_fds[2];

static void *write_later(void *arg)
{
	usleep(300000);
	CHECK_INT(write(pipe_fds[1], "x", 1), 1);
	return arg;
}

NOT_INLINED static void read_pipe(void)
{
	char byte;
	ssize_t got = ON_THIS_LINE(read(pipe_fds[0], &byte, 1));

	CHECK_INT(got, 1);
}

static int reader(void *arg)
{
	pthread_t writer;

	CHECK_INT(pthread_create(&writer, NULL, write_later, NULL), 0);
	read_pipe();
	CHECK_INT(pthread_join(writer, NULL), 0);
	(void)arg;
	return 0;
}

TEST(a_read_of_a_pipe_is_named_with_the_pipe)
{
	CHECK_INT(pipe(pipe_fds), 0);
	watch(0.05, reader, NULL);
	check_one("read_pipe", guilty_line, "BLOCKED in read(");
	CHECK_CONTAINS(said[0].text, "= pipe:[");
	CHECK_CONTAINS(said[0].text, "async_wait_readable()");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool mutex_is_held;

static void *hold(void *arg)
{
	pthread_mutex_lock(&mutex);
	mutex_is_held = true;
	usleep(300000);
	pthread_mutex_unlock(&mutex);
	return arg;
}

NOT_INLINED static void take_mutex(void)
{
	ON_THIS_LINE(pthread_mutex_lock(&mutex));
	pthread_mutex_unlock(&mutex);
}

static int locker(void *arg)
{
	pthread_t holder;

	CHECK_INT(pthread_create(&holder, NULL, hold, NULL), 0);
	while (!mutex_is_held)
		async_sleep(0.001);
	take_mutex();
	CHECK_INT(pthread_join(holder, NULL), 0);
	(void)arg;
	return 0;
}

TEST(a_mutex_held_elsewhere_is_a_lock)
{
	watch(0.05, locker, NULL);
	check_one("take_mutex", guilty_line, "LOCK in futex");
}

static void callback(void *arg)
{
	ON_THIS_LINE(usleep(200000));
	*(bool *)arg = true;
}

static int with_callback(void *arg)
{
	struct async_handle handle = { 0 };
	bool ran = false;

	async_call_soon(&handle, callback, &ran);
	while (!ran)
		async_sleep(0);
	(void)arg;
	return 0;
}

TEST(a_blocking_callback_is_named)
{
	watch(0.05, with_callback, NULL);
	check_one("callback", guilty_line, "BLOCKED in clock_nanosleep");
	CHECK_STR(said[0].task, "a callback");
	CHECK_CONTAINS(said[0].text, "a callback has held");
}

/* ---- Tail calls ------------------------------------------------------------------------------ */

NOT_INLINED static int erased(useconds_t time)
{
	return ON_THIS_LINE(usleep(time));
}

NOT_INLINED static int innocent(void)
{
	int rc = erased(300000);

	after = 1;
	return rc;
}

static int tail_caller(void *arg)
{
	(void)arg;
	return innocent();
}

TEST(a_tail_call_does_not_accuse_the_caller)
{
	watch(0.05, tail_caller, NULL);
	check_one("erased", guilty_line, "BLOCKED in clock_nanosleep");
	if (has_names())
		CHECK_CONTAINS(said[0].text, "innocent ");
}

/* ---- A watched program behaves as if it were not --------------------------------------------- */

static void sleep_seconds(void)
{
	CHECK_INT(sleep(1), 0);
}

static void sleep_usleep(void)
{
	CHECK_INT(usleep(300000), 0);
}

static void sleep_nanosleep(void)
{
	CHECK_INT(nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL), 0);
}

static void sleep_until(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 300000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	CHECK_INT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
}

static void sleep_poll(void)
{
	CHECK_INT(poll(NULL, 0, 300), 0);
}

static void sleep_select(void)
{
	CHECK_INT(select(0, NULL, NULL, NULL, &(struct timeval){ .tv_usec = 300000 }), 0);
}

static void sleep_epoll(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	CHECK_INT(epoll_wait(fd, &event, 1, 300), 0);
	close(fd);
}

static void sleep_recv(void)
{
	struct timeval limit = { .tv_usec = 300000 };
	int fds[2];
	char byte;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_INT(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	errno = 0;
	CHECK_INT(recv(fds[0], &byte, 1, 0), -1);
	CHECK_INT(errno, EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void sleep_semaphore(void)
{
	struct timespec until;
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 300000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	CHECK_INT(sem_timedwait(&semaphore, &until), -1);
	CHECK_INT(errno, ETIMEDOUT);
}

static int timed_sleeps(void *arg)
{
	static void (*const sleeps[])(void) = {
		sleep_seconds, sleep_usleep, sleep_nanosleep, sleep_until,     sleep_poll,
		sleep_select,  sleep_epoll,  sleep_recv,      sleep_semaphore,
	};

	for (size_t i = 0; i < sizeof sleeps / sizeof sleeps[0]; i++) {
		double start = seconds_of(CLOCK_MONOTONIC), lasted;

		sleeps[i]();
		lasted = seconds_of(CLOCK_MONOTONIC) - start;
		/* Kernel ticks make a millisecond of it. */
		if (lasted < (i == 0 ? 1.0 : 0.299))
			FAIL("sleep %zu lasted %.4f s", i, lasted);
		async_sleep(0);
	}
	*(size_t *)arg = sizeof sleeps / sizeof sleeps[0];
	return 0;
}

TEST(blocking_calls_last_their_time_and_each_is_reported)
{
	size_t calls;

	watch(0.05, timed_sleeps, &calls);
	check_stalls((unsigned)calls);
	/* Without names all sleeps look the same, and repetitions are left out. */
	if (has_names())
		CHECK_INT(said_count, 2 * async_watchdog_stalls());
	/* The second of sleep is 20 limits long: said again at 8 and 16, or late, only once. */
	CHECK(lasts_count == 1 || lasts_count == 2);
}

static int forker(void *arg)
{
	pid_t child = fork();
	int status;

	(void)arg;
	usleep(500000);
	if (child == 0)
		return 0;
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 7);
	return 0;
}

TEST(a_fork_hurts_neither_process)
{
	pid_t parent = getpid();

	if (UNDER_TSAN)
		NOT_HERE("TSan allows no threads after a fork");
	watch(0.05, forker, NULL);
	if (getpid() != parent) {
		/*
		 * The child has closed its copy of the loop, and can run one of its own. (Under
		 * ASan only since the monitor was at rest: its allocator does not survive a fork.)
		 */
		CHECK_INT(async_run(sleeper, NULL), 0);
		_exit(said_count >= 2 && said[said_count - 1].ended ? 7 : 8);
	}
	CHECK(said_count >= 2);
}

/* ---- No finding ------------------------------------------------------------------------------ */

static int short_slices(void *arg)
{
	(void)arg;
	for (int i = 0; i < 15; i++) {
		usleep(30000);
		async_sleep(0);
	}
	return 0;
}

TEST(slices_below_the_limit_are_not_reported)
{
	watch(0.2, short_slices, NULL);
	CHECK_INT(async_watchdog_stalls(), 0);
	CHECK_INT(said_count, 0);
}

/* A child stops this process for half a second while a slice of 60 ms runs. */
static int stopped(void *arg)
{
	pid_t parent = getpid(), child;
	int ready[2];
	char byte;
	double work = 0.06;

	CHECK_INT(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		if (read(ready[0], &byte, 1) == 1) {
			usleep(20000);
			kill(parent, SIGSTOP);
			usleep(500000);
			kill(parent, SIGCONT);
		}
		_exit(0);
	}
	async_sleep(0.01);
	double start = seconds_of(CLOCK_MONOTONIC);
	CHECK_INT(write(ready[1], "x", 1), 1);
	spinner(&work);
	CHECK(seconds_of(CLOCK_MONOTONIC) - start > 0.4);
	async_sleep(0);
	CHECK_INT(waitpid(child, NULL, 0), child);
	close(ready[0]);
	close(ready[1]);
	(void)arg;
	return 0;
}

TEST(a_stopped_process_is_not_the_codes_fault)
{
	watch(0.15, stopped, NULL);
	if (said_count > 0)
		FAIL("%s", said[0].text);
}

static int of_many_lengths(void *arg)
{
	unsigned *expected = arg;
	unsigned seed = 12345;

	for (int i = 0; i < 14; i++) {
		double length;

		seed = seed * 1103515245 + 12345;
		length = 0.5 + (double)(seed >> 16 & 1023) / 1023 * 4.5;
		if (length > 0.9 && length < 1.5)
			continue;
		*expected += length > 1;
		usleep((useconds_t)(length * 60000));
		async_sleep(0);
	}
	return 0;
}

TEST(stalls_are_reported_from_one_and_a_half_limits_and_never_below_one)
{
	unsigned expected = 0;

	watch(0.06, of_many_lengths, &expected);
	CHECK(expected > 3);
	check_stalls(expected);
}

/* ---- Repetition, several loops ---------------------------------------------------------------- */

static int repeater(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++) {
		usleep(200000);
		async_sleep(0);
	}
	return 0;
}

TEST(the_same_stack_is_reported_the_first_second_and_fourth_time)
{
	watch(0.05, repeater, NULL);
	check_stalls(5);
	CHECK_INT(said_count, async_watchdog_stalls() < 4 ? 4 : 6);
	CHECK_CONTAINS(said[2].text, "this stack for the 2nd time");
	if (said_count == 6)
		CHECK_CONTAINS(said[4].text, "this stack for the 4th time");
}

static void *run_a_loop(void *arg)
{
	CHECK_INT(async_run(sleeper, NULL), 0);
	return arg;
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

TEST(several_loops_in_threads_are_each_watched)
{
	pthread_t threads[3];

	watch(0.05, nothing, NULL);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, run_a_loop, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK_INT(async_watchdog_stalls(), 3);
	CHECK_INT(said_count, 6);
	for (int i = 0; i < said_count && has_names(); i++)
		CHECK_STR(said[i].function, "polite_delay");
}

/* ---- The monitor itself ---------------------------------------------------------------------- */

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

	watch(0.02, idle, &switches);
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

	watch(-1, look_for_monitor, &monitor);
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
