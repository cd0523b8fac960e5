/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_capture.c - looking at a thread a thousand times a second neither breaks it nor ever
 * names a function that is not there.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/altstack.h"
#include "runtime/async.h"
#include "runtime/loop.h"
#include "runtime/watchdog/internal.h"
#include "tests/harness.h"

#define NOT_INLINED __attribute__((noinline))

static atomic_uint after;
static atomic_bool over;

static double seconds_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- A thread that switches between small stacks all the time --------------------------------- */

static double now(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

NOT_INLINED static void work_hard(double seconds)
{
	double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);

	while (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start < seconds)
		for (unsigned i = 0; i < 1000; i++)
			after += i;
}

NOT_INLINED static void work_deep(int depth)
{
	volatile char frame[256];

	frame[depth] = 1;
	if (depth > 0)
		work_deep(depth - 1);
	else
		work_hard(0.001);
	after += (unsigned)frame[depth];
}

NOT_INLINED static void work_asleep(void)
{
	async_blocking("to be looked at", 0)
		usleep(700);
	after++;
}

static int worker(void *arg)
{
	unsigned seed = *(unsigned *)arg;

	for (unsigned i = seed; !over; i++) {
		if (i % 4 == 0)
			work_deep(20);
		else if (i % 4 == 1)
			work_asleep();
		else
			work_hard((rand_r(&seed) % 20) / 1e4);
		async_sleep(i % 7 == 0 ? 0.0005 : 0);
	}
	return 0;
}

/* ---- The one who looks ------------------------------------------------------------------------ */

struct observer {
	pid_t tid;
	struct heartbeat *hb;
	double seconds;
	unsigned looks, stacks, running, blocked;
};

static bool has_enough(const struct observer *observer)
{
	return observer->running >= 8 && observer->blocked >= 8;
}

static bool has_names(void)
{
	return strstr(symbol_hint, "-g") != NULL;
}

static bool is_known(const char *function)
{
	static const char *const names[] = { "seconds_of", "work_hard", "work_deep", "work_asleep",
					     "worker" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(function, names[i]) == 0)
			return true;
	return false;
}

static void look(struct observer *observer, struct watchdog_capture *capture,
		 struct symbols *symbols)
{
	static struct symbol_frame frames[WATCHDOG_FRAMES];
	uint32_t generation = atomic_load(&observer->hb->generation);
	const void *task = atomic_load(&observer->hb->task);
	struct task_view view;

	observer->looks++;
	if (!(generation & 1) || task == NULL)
		return;
	task_describe(task, &view);
	if (!watchdog_capture(capture, observer->tid, view.stack_low, view.stack_high, observer->hb,
			      generation) ||
	    capture->failure != NULL)
		return;
	observer->stacks++;
	observer->running += capture->stack.registers.full;
	observer->blocked += !capture->stack.registers.full;
	size_t count = symbol_unwind(symbols, &capture->stack, frames, WATCHDOG_FRAMES);
	for (size_t i = 0; i < count && has_names(); i++)
		if (frames[i].owner == SYMBOL_PROGRAM && !is_known(frames[i].function))
			FAIL("frame %zu of %zu is said to be %s+0x%lx \"%s\"", i, count,
			     frames[i].module, (unsigned long)frames[i].offset, frames[i].function);
}

static void *observe(void *arg)
{
	static unsigned char bytes[WATCHDOG_STACK_COPY] __attribute__((aligned(16)));
	struct watchdog_capture capture = { .bytes = bytes };
	struct observer *observer = arg;
	struct symbols *symbols = symbol_new();
	double end = now() + observer->seconds, latest = end + 60;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	CHECK(symbols != NULL);
	symbol_warm(symbols);
	/* On a busy machine there are fewer looks in that time. */
	while (now() < end || (!has_enough(observer) && now() < latest)) {
		look(observer, &capture, symbols);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	symbol_free(symbols);
	over = true;
	return NULL;
}

static int stormed(void *arg)
{
	static const struct async_task_options small = { .stack_size = 16 * 1024 };
	static unsigned seeds[8];
	struct async_task *tasks[8];
	struct observer *observer = arg;
	pthread_t thread;

	CHECK_INT(altstack_hold(), 0);
	observer->tid = (pid_t)syscall(SYS_gettid);
	observer->hb = &loop_current->heartbeat;
	CHECK_INT(pthread_create(&thread, NULL, observe, observer), 0);
	for (unsigned i = 0; i < 8; i++) {
		seeds[i] = i + 1;
		tasks[i] = async_create_task_with(worker, &seeds[i], &small);
		CHECK(tasks[i] != NULL);
	}
	CHECK_INT(async_gather(tasks, 8, ASYNC_RAISE, NULL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	altstack_drop();
	return 0;
}

/* SLOW=1, which make test-slow sets: for a minute, each way. */
static void storm(bool by_signal)
{
	struct observer observer = { .seconds = getenv("SLOW") ? 60 : 3 };

	watchdog_perf_refused = by_signal;
	if (under_valgrind() || UNDER_TSAN)
		NOT_HERE("the tool runs threads in its own way");
	async_watchdog_configure(&(struct async_watchdog_options){ .limit = -1 });
	CHECK_INT(async_run(stormed, &observer), 0);
	if (!has_enough(&observer))
		FAIL("%u looks gave %u stacks: %u while it ran, %u while it was blocked",
		     observer.looks, observer.stacks, observer.running, observer.blocked);
}

TEST_WITH_LIMIT(a_thousand_looks_a_second_break_nothing_and_name_nothing_wrong, 240)
{
	storm(true);
}

TEST_WITH_LIMIT(nor_do_they_where_the_kernel_samples_the_thread, 240)
{
	storm(false);
}

/* ---- Signals ---------------------------------------------------------------------------------- */

static void not_ours(int number)
{
	(void)number;
	FAIL("the watchdog sent a signal that the program uses itself");
}

static int busy(void *arg)
{
	work_hard(0.25);
	(void)arg;
	return 0;
}

static atomic_int frames_seen, reports;

static void count_report(const struct async_stall *stall, void *arg)
{
	(void)arg;
	reports += !stall->ended;
	frames_seen += stall->function != NULL && !stall->ended;
}

TEST(signals_that_the_program_uses_are_left_alone)
{
	struct sigaction before, now_there;
	int last = SIGRTMAX;

	if (under_valgrind() || UNDER_TSAN)
		NOT_HERE("the tool runs threads in its own way");
	watchdog_perf_refused = true;
	signal(last, not_ours);
	signal(last - 1, SIG_IGN);
	CHECK_INT(sigaction(last, NULL, &before), 0);
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = 0.05, .report = count_report });
	CHECK_INT(async_run(busy, NULL), 0);
	CHECK_INT(reports, 1);
	CHECK_INT(sigaction(last, NULL, &now_there), 0);
	CHECK(now_there.sa_handler == before.sa_handler);
	CHECK_INT(sigaction(last - 1, NULL, &now_there), 0);
	CHECK(now_there.sa_handler == SIG_IGN);
	if (has_names())
		CHECK_INT(frames_seen, 1);
}

static int busy_with_signals_blocked(void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	busy(arg);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
		sigset_t pending;

		CHECK_INT(sigpending(&pending), 0);
		CHECK(!sigismember(&pending, number));
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return 0;
}

/* Where it may be used: what the signal finds, without one. */
TEST(a_running_thread_is_seen_without_a_signal)
{
	struct sigaction now_there;

	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = 0.05, .report = count_report });
	CHECK_INT(async_run(busy_with_signals_blocked, NULL), 0);
	CHECK_INT(reports, 1);
	if (watchdog_perf_refused)
		NOT_HERE("this system lets nobody sample");
	if (has_names())
		CHECK_INT(frames_seen, 1);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
		CHECK_INT(sigaction(number, NULL, &now_there), 0);
		CHECK(now_there.sa_handler == SIG_DFL);
	}
}

TEST(a_program_that_never_stalls_gets_no_handler)
{
	struct sigaction now_there;

	if (under_valgrind())
		NOT_HERE("Valgrind has a handler of its own");
	async_watchdog_configure(NULL);
	CHECK_INT(async_run_with(busy, NULL, &(struct async_run_options){ .virtual_clock = true }),
		  0);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
		CHECK_INT(sigaction(number, NULL, &now_there), 0);
		CHECK(now_there.sa_handler == SIG_DFL);
	}
}

TEST(a_thread_that_blocks_signals_is_sent_none)
{
	if (under_valgrind() || UNDER_TSAN)
		NOT_HERE("the tool runs threads in its own way");
	watchdog_perf_refused = true;
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = 0.05, .report = count_report });
	CHECK_INT(async_run(busy_with_signals_blocked, NULL), 0);
	CHECK_INT(reports, 1);
	CHECK_INT(frames_seen, 0);
}
