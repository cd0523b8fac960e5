/* SPDX-License-Identifier: MIT */
/*
 * test_guard_process.c - the strict guard changes nothing for the process that it guards: signals arrive,
 * children and threads start, masks are what was asked for.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/guarded.h"
#include "tests/harness.h"

extern char **environ;

static volatile long after;

static void tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after++;
}

static void run_both_ways(int (*fn)(void *arg), int wanted)
{
	guarded_run("strict", fn, wanted);
	guarded_run("strict=symbols", fn, wanted);
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
	CHECK_STR(guarded_run("strict", forks, 0), "");
	CHECK_STR(guarded_run("strict=symbols", forks, 0), "");
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
	CHECK_STR(guarded_run("strict", spawns, 0), "");
	CHECK_STR(guarded_run("strict=symbols", spawns, 0), "");
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
	CHECK_CONTAINS(guarded_run("strict", execs, 9), "out\n");
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
	CHECK_CONTAINS(guarded_run("strict", starts_threads, 86), "1 x sleep ");
	CHECK_CONTAINS(guarded_run("strict=symbols", starts_threads, 86), "1 x sleep ");
}

static int runs_a_command(void *arg)
{
	(void)arg;
	CHECK_INT(WEXITSTATUS(system("exit 4")), 4);
	return 0;
}

TEST(the_wait_inside_of_a_command_is_seen)
{
	CHECK_CONTAINS(guarded_run("strict", runs_a_command, 86), " x process ");
	CHECK_CONTAINS(guarded_run("strict=symbols", runs_a_command, 86), " x process ");
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
