/* SPDX-License-Identifier: MIT */
/*
 * test_guard_process.c - the strict guard changes nothing for the process that it guards: signals arrive,
 * children and threads start, masks are what was asked for. And how a run is judged: allowances, counts,
 * the exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/guard/guard.h"
#include "tests/guarded.h"
#include "tests/harness.h"

extern char **environ;

static volatile long after;

static void tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after++;
}

static int in_loop(void *arg)
{
	int (*fn)(void *) = *(int (**)(void *))arg;

	return async_run(fn, NULL);
}

/* What a coroutine says under the guard, by system calls or by symbols. */
static const char *run(const char *words, int (*fn)(void *arg), int wanted)
{
	return guarded(words, in_loop, &fn, wanted);
}

static void run_both_ways(int (*fn)(void *arg), int wanted)
{
	run("strict", fn, wanted);
	run("strict=symbols", fn, wanted);
}

/* ---- How a run is judged --------------------------------------------------------------------- */

static int allowed(void *arg)
{
	(void)arg;
	async_blocking("a reason", 10)
		tick();
	return 0;
}

static int over_budget(void *arg)
{
	(void)arg;
	async_blocking("a short reason", 0.001)
		usleep(2000);
	return 0;
}

static int needless(void *arg)
{
	(void)arg;
	async_blocking("no reason", 10)
		after++;
	return 0;
}

TEST(an_allowance_lets_pass_what_it_was_made_for)
{
	CHECK_STR(run("strict", allowed, 0), "");
	CHECK_STR(run("strict=symbols", allowed, 0), "");
}

TEST(an_allowance_over_its_budget_is_reported)
{
	CHECK_CONTAINS(run("strict", over_budget, 0),
		       "\"a short reason\" at tests/test_guard_process");
	CHECK_CONTAINS(run("strict=symbols", over_budget, 0), "its budget is 1.0 ms");
}

TEST(an_allowance_that_allowed_nothing_is_stale)
{
	CHECK_CONTAINS(run("strict", needless, 0),
		       "stale: the blocking section \"no reason\" at tests/test_guard_process.c:");
	CHECK_STR(run("strict=quiet", needless, 0), "");
}

static int leave_early(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		async_blocking("left by a break", 0)
			break;
	async_blocking("left by a return", 0)
		return 0;
	return 1;
}

static int leave_and_block(void *arg)
{
	int rc = leave_early(arg);

	tick();
	return rc;
}

TEST(a_section_ends_where_its_block_is_left)
{
	run_both_ways(leave_and_block, 86);
}

static int nested_sections(void *arg)
{
	struct async_blocking outer, inner;

	(void)arg;
	async_blocking_begin(&outer, "outer", 0);
	async_blocking_begin(&inner, "inner", 0);
	tick();
	async_blocking_end(&inner);
	tick();
	async_blocking_end(&outer);
	return 0;
}

TEST(sections_nest)
{
	CHECK_STR(run("strict", nested_sections, 0), "");
}

static int suspends_inside(void *arg)
{
	(void)arg;
	async_blocking("a wrong one", 0)
		async_sleep(0);
	return 0;
}

static void suspend_inside(void)
{
	setenv("LOOPHOUND_WATCHDOG", "strict", 1);
	async_run(suspends_inside, NULL);
}

TEST(a_section_that_suspends_aborts)
{
	if (under_valgrind() || strcmp(guard_backend, "none") == 0)
		NOT_HERE("the strict guard is off here");
	EXPECT_ABORT(suspend_inside(),
		     "\"a wrong one\" at tests/test_guard_process.c:", "suspended");
}

static int tick_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++) {
		tick();
		if (i % 100 == 0)
			async_sleep(0);
	}
	return 0;
}

TEST(the_same_stack_is_said_once_and_counted)
{
	const char *text = run("strict", tick_often, 86);
	const char *first = strstr(text, "task 1 \"main\" may block: ");

	CHECK(first != NULL && strstr(first + 20, "\"main\" may block: ") == NULL);
	CHECK_CONTAINS(text, "[strict]    500 x sleep ");
	if (guarded_has_names())
		CHECK_CONTAINS(text, "nanosleep(1e-06 s) in tick tests/test_guard_process.c:");
	CHECK_CONTAINS(text, "the run has failed: exit status 86");
}

static __attribute__((noinline)) void tick_elsewhere(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after--;
}

static int tick_at_two_places(void *arg)
{
	tick();
	tick_elsewhere();
	return arg != NULL;
}

TEST(two_callers_of_a_function_are_two_places)
{
	const char *text = run("strict=symbols", tick_at_two_places, 86);
	const char *first = strstr(text, "[strict]      1 x sleep ");

	CHECK(first != NULL && strstr(first + 1, "[strict]      1 x sleep ") != NULL);
}

static void blocking_callback(void *arg)
{
	tick();
	async_event_set(arg);
}

static int call_back(void *arg)
{
	struct async_event event = { 0 };
	struct async_handle handle = { 0 };

	(void)arg;
	async_call_soon(&handle, blocking_callback, &event);
	return async_event_wait(&event);
}

TEST(a_callback_is_guarded_too)
{
	CHECK_CONTAINS(run("strict", call_back, 86), "[strict] a callback may block: ");
	CHECK_CONTAINS(run("strict=symbols", call_back, 86), "[strict] a callback may block: ");
}

static int tick_on_a_thread(void *arg)
{
	tick();
	return arg != NULL;
}

static int to_thread(void *arg)
{
	return async_to_thread(tick_on_a_thread, arg);
}

TEST(a_thread_of_the_pool_may_block)
{
	CHECK_STR(run("strict=quiet", to_thread, 0), ""); /* locks are met, but that is no matter */
	CHECK_STR(run("strict=symbols,strict=quiet", to_thread, 0), "");
}

static int outside(void *arg)
{
	int rc;

	tick();
	rc = async_run(to_thread, arg);
	tick();
	return rc;
}

TEST(what_is_done_beside_the_loop_is_not_guarded)
{
	CHECK_STR(guarded("strict=quiet", outside, NULL, 0), "");
	CHECK_STR(guarded("strict=symbols,strict=quiet", outside, NULL, 0), "");
}

static void say_goodbye(void)
{
	fputs("goodbye\n", stderr);
	setvbuf(stdout, NULL, _IOFBF, 4096);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	fputs("flushed\n", stdout);
}

static int exits_inside(void *arg)
{
	(void)arg;
	atexit(say_goodbye);
	tick();
	exit(3);
}

TEST(exit_in_a_coroutine_runs_all_handlers_and_then_fails)
{
	const char *text = run("strict", exits_inside, 86);

	CHECK_CONTAINS(text, "goodbye\n");
	CHECK_CONTAINS(text, "flushed\n");
	CHECK_CONTAINS(text, "1 x sleep ");
}

static int on_a_virtual_clock(void *arg)
{
	(void)arg;
	return async_run_with(tick_often, NULL,
			      &(struct async_run_options){ .virtual_clock = true });
}

TEST(a_loop_on_a_virtual_clock_is_guarded)
{
	CHECK_CONTAINS(guarded("strict", on_a_virtual_clock, NULL, 86), "500 x sleep");
}

/* ---- Signals --------------------------------------------------------------------------------- */

static atomic_int hits, order;

static void hit(int number)
{
	int saved = errno;

	(void)number;
	(void)!write(-1, "", 1); /* a call inside of a handler */
	atomic_fetch_add(&hits, 1);
	errno = saved;
}

static void outer_hit(int number)
{
	hit(number);
	raise(SIGUSR2);
	atomic_store(&order, atomic_load(&hits));
}

static void handle(int number, void (*handler)(int), bool full)
{
	struct sigaction action = { .sa_handler = handler };

	if (full)
		sigfillset(&action.sa_mask);
	CHECK_INT(sigaction(number, &action, NULL), 0);
}

static bool looked, loop_blocks;

static void look_at_mask(void *arg)
{
	sigset_t seen;

	(void)arg;
	CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &seen), 0);
	loop_blocks = sigismember(&seen, SIGUSR1);
	looked = true;
}

/* swapcontext() gives each context a mask of its own: what a task blocks, the loop does not. */
static int signals_arrive(void *arg)
{
	struct async_handle look = { 0 };
	sigset_t usr1, seen;

	(void)arg;
	handle(SIGUSR1, hit, true);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(atomic_load(&hits), 1);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(atomic_load(&hits), 2);
	sigfillset(&usr1);
	CHECK_INT(sigprocmask(SIG_SETMASK, &usr1, NULL), 0);
	CHECK_INT(raise(SIGUSR1), 0);
	CHECK_INT(atomic_load(&hits), 2);
	CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &seen), 0);
	CHECK(sigismember(&seen, SIGUSR1));
	async_call_soon(&look, look_at_mask, NULL);
	while (!looked)
		async_sleep(0);
	CHECK_INT(atomic_load(&hits), loop_blocks ? 2 : 3);
	sigemptyset(&usr1);
	CHECK_INT(sigprocmask(SIG_SETMASK, &usr1, NULL), 0);
	CHECK_INT(atomic_load(&hits), 3);
	return 0;
}

TEST(signals_arrive_when_they_should)
{
	run_both_ways(signals_arrive, 0);
}

static int handlers_nest(void *arg)
{
	(void)arg;
	handle(SIGUSR1, outer_hit, false);
	handle(SIGUSR2, hit, true);
	for (int i = 1; i <= 100; i++) {
		raise(SIGUSR1);
		CHECK_INT(atomic_load(&order), 2 * i);
		if (i % 10 == 0)
			async_sleep(0);
	}
	return 0;
}

TEST(handlers_nest_and_make_calls)
{
	if (UNDER_TSAN)
		NOT_HERE("TSan puts signals off");
	run_both_ways(handlers_nest, 0);
}

/* Blocked before the loop runs: also the signal that the guard needs. */
static int unblock_and_nest(void *arg)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	raise(SIGALRM);
	CHECK_INT(atomic_exchange(&hits, 0), 1);
	return handlers_nest(arg);
}

static int full_mask_and_unblock(void *arg)
{
	sigset_t all;

	handle(SIGALRM, hit, true);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	return async_run(unblock_and_nest, arg);
}

TEST(masks_that_block_everything_do_no_harm)
{
	if (UNDER_TSAN)
		NOT_HERE("TSan puts signals off");
	guarded("strict", full_mask_and_unblock, NULL, 0);
}

static int interrupted(void *arg)
{
	const struct timespec second = { .tv_sec = 1 };
	struct timespec left;
	timer_t timer;

	(void)arg;
	handle(SIGALRM, hit, false);
	CHECK_INT(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	CHECK_INT(timer_settime(timer, 0,
				&(struct itimerspec){ .it_value = { .tv_nsec = 5000000 },
						      .it_interval = { .tv_nsec = 5000000 } },
				NULL),
		  0);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(nanosleep(&second, &left), -1);
		CHECK_INT(errno, EINTR);
		CHECK((double)left.tv_sec + (double)left.tv_nsec / 1e9 < 1.001); /* slack */
	}
	CHECK_INT(timer_delete(timer), 0);
	return 0;
}

TEST(a_blocked_call_is_interrupted_as_ever)
{
	run_both_ways(interrupted, 86);
}

/* ---- Processes and threads ------------------------------------------------------------------- */

static int status_of(pid_t pid)
{
	int status = -1;

	async_blocking("the child ends at once", 0)
		waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int forks(void *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		tick();		/* a child may block */
		if (UNDER_ASAN) /* which looks for leaks then, and finds itself on a strange stack */
			_exit(5);
		exit(5);
	}
	CHECK_INT(status_of(pid), 5);
	pid = vfork();
	if (pid == 0)
		_exit(6);
	CHECK_INT(status_of(pid), 6);
	return 0;
}

TEST(fork_and_vfork_work_on_a_coroutine)
{
	CHECK_STR(run("strict", forks, 0), "");
	CHECK_STR(run("strict=symbols", forks, 0), "");
}

static int spawns(void *arg)
{
	char *const argv[] = { "sh", "-c", "exit 7", NULL };
	pid_t pid;

	(void)arg;
	CHECK_INT(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ), 0);
	CHECK_INT(status_of(pid), 7);
	pid = fork();
	if (pid == 0) {
		execv("/nowhere", argv);
		execv("/bin/sh", argv);
	}
	CHECK_INT(status_of(pid), 7);
	return 0;
}

TEST(posix_spawn_and_exec_work_on_a_coroutine)
{
	CHECK_STR(run("strict", spawns, 0), "");
	CHECK_STR(run("strict=symbols", spawns, 0), "");
}

static int execs(void *arg)
{
	(void)arg;
	execl("/nowhere", "nowhere", NULL);
	CHECK_INT(errno, ENOENT);
	execl("/bin/sh", "sh", "-c", "/bin/echo out >&2; exit 9", NULL);
	return 1;
}

TEST(exec_on_the_coroutine_itself_works)
{
	CHECK_CONTAINS(run("strict", execs, 9), "out\n");
}

static void *add(void *arg)
{
	tick(); /* a thread may block */
	atomic_fetch_add(&hits, 1);
	return arg;
}

static int starts_threads(void *arg)
{
	pthread_t threads[8];
	void *result;

	for (int i = 0; i < 8; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, add, arg), 0);
	async_blocking("they end at once", 0)
		for (int i = 0; i < 8; i++)
			CHECK_INT(pthread_join(threads[i], &result), 0);
	CHECK_INT(atomic_load(&hits), 8);
	tick();
	return 0;
}

TEST(threads_start_on_a_coroutine_which_stays_guarded)
{
	CHECK_CONTAINS(run("strict", starts_threads, 86), "1 x sleep ");
	CHECK_CONTAINS(run("strict=symbols", starts_threads, 86), "1 x sleep ");
}

static int runs_a_command(void *arg)
{
	(void)arg;
	CHECK_INT(WEXITSTATUS(system("exit 4")), 4);
	return 0;
}

TEST(the_wait_inside_of_a_command_is_seen)
{
	CHECK_CONTAINS(run("strict", runs_a_command, 86), " x process ");
	CHECK_CONTAINS(run("strict=symbols", runs_a_command, 86), " x process ");
}

static int sleeper(void *arg)
{
	for (int i = 0; i < 50; i++) {
		tick();
		async_sleep(arg ? 0 : 0.0001);
	}
	return 0;
}

static void *loop_of_a_thread(void *arg)
{
	for (int i = 0; i < 3; i++)
		CHECK_INT(async_run(sleeper, arg), 0);
	return NULL;
}

static int many_loops(void *arg)
{
	pthread_t threads[8];

	(void)arg;
	for (int i = 0; i < 8; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, loop_of_a_thread,
					 i & 1 ? &threads : NULL),
			  0);
	for (int i = 0; i < 8; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
	CHECK_INT(async_watchdog_violations(), 8 * 3 * 50);
	return 0;
}

TEST(many_loops_in_many_threads_are_guarded_and_counted)
{
	CHECK_CONTAINS(guarded("strict", many_loops, NULL, 86), "1200 calls on the loop");
	CHECK_CONTAINS(guarded("strict=symbols", many_loops, NULL, 86), "1200 calls on the loop");
}

static int two_loops(void *arg)
{
	struct async_loop *first = async_loop_new(NULL), *second = async_loop_new(NULL);
	struct async_task *task;

	(void)arg;
	async_set_event_loop(first);
	task = async_create_task(sleeper, NULL);
	CHECK_INT(async_loop_run_until_complete(first, async_task_future(task)), 0);
	async_loop_close(first);
	async_set_event_loop(second);
	task = async_create_task(sleeper, NULL);
	CHECK_INT(async_loop_run_until_complete(second, async_task_future(task)), 0);
	async_loop_close(second);
	return 0;
}

TEST(whichever_loop_of_a_thread_runs_is_guarded)
{
	CHECK_CONTAINS(guarded("strict", two_loops, NULL, 86), "100 calls on the loop");
}
