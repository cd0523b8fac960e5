/* SPDX-License-Identifier: MIT */
/*
 * test_overflow.c - who ran over the end of his stack is said, then the next handler has its turn.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness.h"

static volatile int bottomless = 1;

__attribute__((noinline)) static int recurse(int depth)
{
	volatile char frame[512];

	frame[depth & 511] = (char)depth;
	if (!bottomless)
		return 0;
	return recurse(depth + 1) + frame[depth & 511];
}

static int too_deep(void *arg)
{
	(void)arg;
	return recurse(0) & 1;
}

static int main_task(void *arg)
{
	static const struct async_task_options options = { .name = "digger", .stack_size = 30000 };
	struct async_task *task = async_create_task_with(too_deep, arg, &options);

	CHECK_INT(async_install_overflow_handler(), 0);
	CHECK(task != NULL);
	return async_await(task);
}

/* Sanitizers and Valgrind catch the overflow first, and say so in their own words. */
static void need_real_signals(void)
{
	if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
		NOT_HERE("the tool has a handler of its own");
}

static void overflow(double limit)
{
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = limit });
	async_run(main_task, NULL);
}

TEST(task_size_and_function_are_said_and_the_process_dies_as_before)
{
	need_real_signals();
	if (strstr(symbol_hint, "-g") != NULL)
		EXPECT_SIGNAL(SIGSEGV, overflow(0.1), "stack overflow in task 2 \"digger\"",
			      "created at tests/test_overflow.c:", " KiB", "recurse ",
			      "tests/test_overflow.c:");
	EXPECT_SIGNAL(SIGSEGV, overflow(0.1), "stack overflow in task 2 \"digger\"", " KiB");
}

TEST(without_a_watchdog_the_place_is_file_and_offset)
{
	need_real_signals();
	EXPECT_SIGNAL(SIGSEGV, overflow(-1), "stack overflow in task 2 \"digger\"",
		      "tests/test_overflow+0x");
}

static void other_handler(int number)
{
	static const char text[] = "the handler before\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	signal(number, SIG_DFL);
	raise(number);
}

static void overflow_with_handler(void)
{
	/* On the alternate stack, which the handler before us did not ask for itself. */
	signal(SIGSEGV, other_handler);
	overflow(-1);
}

TEST(the_handler_before_has_its_turn)
{
	need_real_signals();
	EXPECT_SIGNAL(SIGSEGV, overflow_with_handler(), "stack overflow in task",
		      "the handler before");
}

static int bad_pointer(void *arg)
{
	CHECK_INT(async_install_overflow_handler(), 0);
	**(volatile int **)arg = 1;
	return 0;
}

TEST(another_fault_is_passed_on_in_silence)
{
	volatile int *nowhere = NULL;
	const char *path = temp_path("stderr");
	int status;

	need_real_signals();
	pid_t child = fork();
	if (child == 0) {
		if (freopen(path, "w", stderr) != NULL)
			async_run(bad_pointer, &nowhere);
		_exit(0);
	}
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status));
	CHECK_INT(WTERMSIG(status), SIGSEGV);
	CHECK_STR(read_file(path, NULL), "");
}

TEST(a_signal_that_was_sent_is_passed_on_in_silence)
{
	need_real_signals();
	EXPECT_SIGNAL(SIGSEGV, (async_install_overflow_handler(), raise(SIGSEGV)), "");
}

TEST(a_signal_that_was_sent_and_is_ignored_stays_so)
{
	need_real_signals();
	signal(SIGSEGV, SIG_IGN);
	CHECK_INT(async_install_overflow_handler(), 0);
	CHECK_INT(raise(SIGSEGV), 0);
	CHECK_INT(raise(SIGSEGV), 0);
}

static void *install_twice(void *arg)
{
	stack_t now;

	CHECK_INT(async_install_overflow_handler(), 0);
	CHECK_INT(async_install_overflow_handler(), 0);
	CHECK_INT(sigaltstack(NULL, &now), 0);
	CHECK(!(now.ss_flags & SS_DISABLE));
	return arg;
}

TEST(installing_is_idempotent_and_per_thread)
{
	struct sigaction before, now;
	pthread_t thread;

	CHECK_INT(async_install_overflow_handler(), 0);
	CHECK_INT(sigaction(SIGSEGV, NULL, &before), 0);
	CHECK_INT(pthread_create(&thread, NULL, install_twice, NULL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(sigaction(SIGSEGV, NULL, &now), 0);
	CHECK(before.sa_sigaction == now.sa_sigaction);
}

static void *overflow_in_thread(void *arg)
{
	async_run(main_task, NULL);
	return arg;
}

static void overflow_elsewhere(void)
{
	pthread_t thread;

	CHECK_INT(async_install_overflow_handler(), 0);
	if (pthread_create(&thread, NULL, overflow_in_thread, NULL) == 0)
		pthread_join(thread, NULL);
}

TEST(a_loop_in_another_thread_is_served_too)
{
	need_real_signals();
	EXPECT_SIGNAL(SIGSEGV, overflow_elsewhere(), "stack overflow in task 2 \"digger\"");
}

static void overflow_while_interrupted(void)
{
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	fail_call("write", 1, EINTR);
	async_run(main_task, NULL);
}

TEST(a_report_that_was_interrupted_is_made_again)
{
	need_real_signals();
	EXPECT_SIGNAL(SIGSEGV, overflow_while_interrupted(), "stack overflow in task 2");
}
