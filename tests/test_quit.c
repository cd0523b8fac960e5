/* SPDX-License-Identifier: MIT */
/*
 * test_quit.c - SIGQUIT prints all tasks and the program goes on: by the loop when it is idle or busy,
 * by the watchdog's thread when it is stuck; the second one ends the process.
 * Long, because each state that SIGQUIT may find is a program that has to be brought into it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

#define HEAD "below each those it waits for:\n"

static const char *error_path;
static int error_saved;

static void catch_stderr(void)
{
	int fd;

	signal(SIGQUIT, SIG_DFL);
	error_path = temp_path("stderr");
	fd = open(error_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	error_saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* Everything that was said there, which stays a part of what the test shows when it fails. */
static const char *end_catching(void)
{
	const char *text = read_file(error_path, NULL);

	dup2(error_saved, STDERR_FILENO);
	close(error_saved);
	fputs(text, stderr);
	return text;
}

static bool has_said(const char *words)
{
	return strstr(read_file(error_path, NULL), words) != NULL;
}

static int count(const char *text, const char *words)
{
	int times = 0;

	for (; (text = strstr(text, words)) != NULL; text++)
		times++;
	return times;
}

static bool has_default(int signo)
{
	struct sigaction now;

	sigaction(signo, NULL, &now);
	return now.sa_handler == SIG_DFL;
}

static int kill_myself(void *arg)
{
	(void)arg;
	kill(getpid(), SIGQUIT);
	return 0;
}

/* ---- By the loop ----------------------------------------------------------------------------- */

/* Written to behind a call, so that it is no tail call. */
static volatile int after;

static int sleep_for_long(void *arg)
{
	int rc = async_sleep(60);

	(void)arg;
	after++;
	return rc;
}

static int quit_while_idle(void *arg)
{
	struct async_task *sleeper = async_create_task(sleep_for_long, NULL);

	(void)arg;
	/* It sleeps by then, whichever runs first. */
	async_sleep(0.001);
	/* From a thread: the loop is in its poll, or on the way there. */
	CHECK_INT(async_to_thread(kill_myself, NULL), 0);
	while (!has_said("created to run sleep_for_long at tests/test_quit.c:"))
		async_sleep(0.01);
	async_cancel(sleeper);
	return 7;
}

TEST(an_idle_loop_prints_its_tasks_and_goes_on)
{
	catch_stderr();
	CHECK_INT(async_run(quit_while_idle, NULL), 7);
	CHECK(has_default(SIGQUIT));
	const char *text = end_catching();
	CHECK_INT(count(text, HEAD), 1);
	CHECK_CONTAINS(text, "task 1 \"main\" [");
	CHECK_CONTAINS(text, "\"Task-2\" [sleep, wakes in ");
	CHECK(strstr(text, "stuck") == NULL && strstr(text, "[stall") == NULL);
}

static int quit_while_busy(void *arg)
{
	int *said = arg;

	kill(getpid(), SIGQUIT);
	CHECK_INT(count(read_file(error_path, NULL), HEAD), *said);
	async_sleep(0);
	CHECK_INT(count(read_file(error_path, NULL), HEAD), ++*said);
	CHECK_INT(count(read_file(error_path, NULL), "\"main\" [ready] at "), *said);
	return 7;
}

TEST(a_busy_loop_prints_between_two_turns_on_the_virtual_clock_too)
{
	int said = 0;

	catch_stderr();
	CHECK_INT(async_run(quit_while_busy, &said), 7);
	CHECK_INT(async_run_with(quit_while_busy, &said,
				 &(struct async_run_options){ .virtual_clock = true }),
		  7);
	CHECK_INT(count(end_catching(), HEAD), 2);
}

/* ---- By the watchdog ------------------------------------------------------------------------- */

static int stuck_pipe[2];
static pthread_t loop_thread;

static void ignore(int signo)
{
	(void)signo;
}

/* Once the last line is there: the read gets its byte, and a sleep is interrupted. */
static void *free_the_loop(void *last_line)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	while (!has_said(last_line))
		nanosleep(&moment, NULL);
	CHECK_INT(write(stuck_pipe[1], "x", 1), 1);
	pthread_kill(loop_thread, SIGUSR1);
	return NULL;
}

__attribute__((noinline)) static void read_for_long(void)
{
	char byte;

	async_blocking("a stuck loop is what is tested", 1e-6)
		CHECK_INT(read(stuck_pipe[0], &byte, 1), 1);
	after++;
}

__attribute__((noinline)) static void sleep_on(void)
{
	async_blocking("a stuck loop is what is tested", 1e-6)
		CHECK(sleep(60) > 0);
	after++;
}

static int stick(void *arg)
{
	void (*wait)(void) = (void (*)(void))arg;

	kill(getpid(), SIGQUIT);
	wait();
	after++;
	return 1;
}

static int run_stuck(void *arg)
{
	struct async_task *sleeper = async_create_task(sleep_for_long, NULL);
	struct async_task *stuck =
		async_create_task_with(stick, arg, &(struct async_task_options){ .name = "stuck" });

	CHECK_INT(async_await(stuck), 1);
	async_cancel(sleeper);
	return 7;
}

static const char *text_of_stuck(int (*fn)(void *arg), void *arg, const char *last_line)
{
	pthread_t thread;

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ignore }, NULL);
	loop_thread = pthread_self();
	catch_stderr();
	CHECK_INT(pipe2(stuck_pipe, O_CLOEXEC), 0);
	CHECK_INT(pthread_create(&thread, NULL, free_the_loop, (void *)last_line), 0);
	CHECK_INT(async_run(fn, arg), 7);
	pthread_join(thread, NULL);
	close(stuck_pipe[0]);
	close(stuck_pipe[1]);
	return end_catching();
}

TEST(a_stuck_loops_tasks_are_printed_by_the_watchdog_which_says_where_it_is)
{
	const char *text = text_of_stuck(run_stuck, (void *)read_for_long,
					 "created to run stick at tests/test_quit.c:");

	CHECK_INT(count(text, HEAD), 1);
	CHECK_CONTAINS(text, "The loop is stuck: it has not answered for ");
	CHECK_CONTAINS(text, "ms, in task \"stuck\".\n");
	CHECK_CONTAINS(text, "task 1 \"main\" [awaiting task 3 \"stuck\", ");
	CHECK_CONTAINS(text, "  task 3 \"stuck\" [running] created at tests/test_quit.c:");
	CHECK_CONTAINS(text, "task 2 \"Task-2\" [sleep, wakes in ");
	CHECK_CONTAINS(text, "task 3 \"stuck\" [running]:\n");
	if (strstr(symbol_hint, "-g") != NULL) {
		CHECK_CONTAINS(text, "    read");
		CHECK_CONTAINS(text, "    read_for_long            tests/test_quit.c:");
		CHECK_CONTAINS(text, "    stick                    tests/test_quit.c:");
		CHECK_CONTAINS(text, "    sleep_for_long           tests/test_quit.c:");
	}
}

static void stick_in_callback(void *arg)
{
	(void)arg;
	kill(getpid(), SIGQUIT);
	read_for_long();
}

static int run_stuck_callback(void *arg)
{
	struct async_handle handle = { 0 };

	(void)arg;
	async_call_soon(&handle, stick_in_callback, NULL);
	async_sleep(0.001);
	return 7;
}

TEST(a_callback_that_is_stuck_is_said_to_be_one)
{
	CHECK_CONTAINS(
		text_of_stuck(run_stuck_callback, NULL, "created to run main by async_run\n"),
		"ms, in a callback.\n");
}

TEST(a_loop_that_sleeps_is_as_stuck)
{
	const char *text = text_of_stuck(run_stuck, (void *)sleep_on,
					 "created to run stick at tests/test_quit.c:");

	CHECK_CONTAINS(text, "The loop is stuck: ");
	if (strstr(symbol_hint, "-g") != NULL)
		CHECK_CONTAINS(text, "    sleep_on                 tests/test_quit.c:");
}

/* ---- When it is not ours --------------------------------------------------------------------- */

static int quit_twice(void *arg)
{
	struct rlimit none = { 0 };

	(void)arg;
	setrlimit(RLIMIT_CORE, &none);
	kill(getpid(), SIGQUIT);
	async_sleep(0.01);
	kill(getpid(), SIGQUIT);
	async_sleep(60);
	return 0;
}

TEST(the_second_one_within_two_seconds_ends_the_process)
{
	signal(SIGQUIT, SIG_DFL);
	EXPECT_SIGNAL(SIGQUIT, async_run(quit_twice, NULL), "task 1 \"main\" [");
}

static int quit_once(void *arg)
{
	struct rlimit none = { 0 };

	(void)arg;
	setrlimit(RLIMIT_CORE, &none);
	kill(getpid(), SIGQUIT);
	return async_sleep(0.01);
}

TEST(without_signals_it_does_what_it_does_by_default)
{
	struct async_run_options none = { .signals = ASYNC_NO_SIGNALS };

	signal(SIGQUIT, SIG_DFL);
	EXPECT_SIGNAL(SIGQUIT, async_run_with(quit_once, NULL, &none), "");
}

static volatile sig_atomic_t handled;

static void handle(int signo)
{
	handled = signo;
}

TEST(a_handler_of_the_programs_own_and_an_ignored_signal_stay)
{
	catch_stderr();
	signal(SIGQUIT, handle);
	CHECK_INT(async_run(quit_once, NULL), 0);
	CHECK_INT(handled, SIGQUIT);
	signal(SIGQUIT, SIG_IGN);
	CHECK_INT(async_run(quit_once, NULL), 0);
	signal(SIGQUIT, SIG_DFL);
	CHECK_STR(end_catching(), "");
}

static int own_handler(void *arg)
{
	(void)arg;
	CHECK_INT(async_add_signal_handler(SIGQUIT, (void (*)(void *))abort, NULL), 0);
	CHECK_INT(async_remove_signal_handler(SIGQUIT), 0);
	CHECK(has_default(SIGQUIT));
	return 0;
}

TEST(a_signal_handler_of_the_loop_takes_its_place)
{
	signal(SIGQUIT, SIG_DFL);
	CHECK_INT(async_run(own_handler, NULL), 0);
	CHECK(has_default(SIGQUIT));
}

static int see_default(void *arg)
{
	(void)arg;
	CHECK(has_default(SIGQUIT));
	return 0;
}

static void *run_here(void *arg)
{
	(void)arg;
	CHECK_INT(async_run(see_default, NULL), 0);
	return NULL;
}

TEST(in_another_thread_the_signal_is_left_alone)
{
	pthread_t thread;

	signal(SIGQUIT, SIG_DFL);
	CHECK_INT(pthread_create(&thread, NULL, run_here, NULL), 0);
	pthread_join(thread, NULL);
	CHECK(has_default(SIGQUIT));
}

/* ---- A real program -------------------------------------------------------------------------- */

/* A connection that the server has answered on: it waits for the next request. Its fd. */
static int ask(const char *url, char name[32])
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof address;
	char byte;

	address.sin_port = htons((uint16_t)atoi(url + strlen("http://127.0.0.1:")));
	CHECK_INT(connect(fd, (struct sockaddr *)&address, size), 0);
	CHECK_INT(write(fd, request, sizeof request - 1), sizeof request - 1);
	CHECK_INT(read(fd, &byte, 1), 1);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(name, 32, "127.0.0.1:%d", ntohs(address.sin_port));
	return fd;
}

TEST(a_server_prints_whom_it_waits_for_and_serves_on)
{
	struct program program = { .argv = ARGV(built("upstream")), .talks = true };
	char line[128], name[32], other[32];
	int fd;

	signal(SIGQUIT, SIG_DFL);
	program_start(&program);
	for (int i = 0; i < 12; i++)
		CHECK(program_read_line(&program, line, sizeof line));
	fd = ask(line, name);
	kill(program.pid, SIGQUIT);
	close(ask(line, other));
	program_stop(&program, SIGTERM);
	close(fd);
	CHECK_INT(program.status, 0);
	CHECK_CONTAINS(program.err, HEAD);
	CHECK_CONTAINS(program.err, "[readable fd ");
	CHECK_CONTAINS(program.err, format(", %s, ", name));
	CHECK_CONTAINS(program.err, ", listening on 127.0.0.1:");
	CHECK_CONTAINS(program.err, "\"Task-2\" [Event, ");
	if (strstr(symbol_hint, "-g") != NULL)
		CHECK_CONTAINS(program.err, "    accept_all               http/server.c:");
}
