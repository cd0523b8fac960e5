/* SPDX-License-Identifier: MIT */
/*
 * test_guard_by_hand.c - the strict guard among programs that do by hand what libc does for others:
 * start processes and threads, load libraries while the loop runs. All do what they do without it, and
 * what blocks is found.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/guarded.h"
#include "tests/harness.h"

extern char **environ;

static volatile long after;
static atomic_int hits;

static void tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
	after++;
}

static void hit(int number)
{
	int saved = errno;

	(void)number;
	(void)!write(-1, "", 1);
	atomic_fetch_add(&hits, 1);
	errno = saved;
}

static int ticks(void *arg)
{
	tick();
	return arg != NULL;
}

/* ---- Processes by hand ------------------------------------------------------------------------ */

static int status_of(pid_t pid)
{
	int status = -1;

	async_blocking("the child ends at once", 0)
		waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_of_clone(void *arg)
{
	tick();
	atomic_fetch_add(&hits, 1);
	return arg != NULL ? 7 : 8;
}

static int clones(void *arg)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	struct clone_args forked = { .exit_signal = SIGCHLD };

	pid_t pid = clone(child_of_clone, stack + sizeof(stack), SIGCHLD, &stack);
	CHECK_INT(status_of(pid), 7);
	CHECK_INT(atomic_load(&hits), 0);
	pid = clone(child_of_clone, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, arg);
	CHECK_INT(status_of(pid), 8);
	CHECK_INT(atomic_load(&hits), 1);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(9);
	CHECK_INT(status_of(pid), 9);
	pid = (pid_t)syscall(SYS_clone3, &forked, sizeof(forked));
	if (pid == 0)
		_exit(10);
	CHECK_INT(status_of(pid), 10);
	tick();
	return 0;
}

TEST(processes_are_cloned_by_hand)
{
	guarded_both_ways(clones, "1 x sleep");
}

static int vforks_and_execs(void *arg)
{
	pid_t pid = vfork();

	(void)arg;
	if (pid == 0) {
		execl("/nowhere", "nowhere", NULL);
		execl("/bin/sh", "sh", "-c", "exit 11", NULL);
		_exit(1);
	}
	CHECK_INT(status_of(pid), 11);
	async_sleep(0);
	tick();
	return 0;
}

TEST(vfork_and_exec_work_and_the_next_slice_is_guarded)
{
	guarded_both_ways(vforks_and_execs, "1 x sleep");
}

static int spawns_with_signals(void *arg)
{
	char *const argv[] = { "sh", "-c", "kill -s SYS $$; exit 12", NULL };
	posix_spawnattr_t how;
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setsigmask(&how, &all);
	CHECK_INT(posix_spawn(&pid, "/bin/sh", NULL, &how, argv, environ), 0);
	posix_spawnattr_destroy(&how);
	CHECK_INT(status_of(pid), 12); /* the signal is blocked there */
	tick();
	return arg != NULL;
}

TEST(a_spawned_child_has_the_mask_that_it_was_given)
{
	guarded_both_ways(spawns_with_signals, "1 x sleep");
}

static void *own_loop(void *arg)
{
	return async_run(ticks, arg) == 0 ? NULL : arg;
}

static int starts_a_loop_on_a_thread(void *arg)
{
	pthread_t thread;

	(void)arg;
	CHECK_INT(pthread_create(&thread, NULL, own_loop, NULL), 0);
	async_blocking("it ends soon", 0)
		pthread_join(thread, NULL);
	tick();
	return 0;
}

TEST(a_thread_started_on_a_coroutine_runs_a_guarded_loop_of_its_own)
{
	guarded_both_ways(starts_a_loop_on_a_thread, "2 calls on the loop");
}

static int sleeps_long(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
	sleep(5);
	return 0;
}

static void *to_be_cancelled(void *arg)
{
	async_run(sleeps_long, arg);
	return NULL;
}

static pthread_t victim;

static void cancel_soon(int number)
{
	hit(number);
}

static int is_cancelled(void *arg)
{
	void *result;

	signal(SIGUSR1, cancel_soon);
	CHECK_INT(pthread_create(&victim, NULL, to_be_cancelled, arg), 0);
	while (atomic_load(&hits) == 0)
		sched_yield();
	pthread_cancel(victim);
	CHECK_INT(pthread_join(victim, &result), 0);
	CHECK(result == PTHREAD_CANCELED);
	return 0;
}

TEST(a_blocked_call_stays_a_cancellation_point)
{
	if (UNDER_TSAN)
		NOT_HERE("TSan does not cancel a thread on a coroutine");
	guarded("strict", is_cancelled, NULL, -1);
	guarded("strict=symbols", is_cancelled, NULL, -1);
}

/* ---- Libraries -------------------------------------------------------------------------------- */

enum { CURL_URL = 10002, CURL_TIMEOUT_MS = 155, CURL_TIMED_OUT = 28 };

/* A server that never answers. */
static void *open_curl(void *library)
{
	struct sockaddr_in there = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(there);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *(*init)(void) = (void *(*)(void))dlsym(library, "curl_easy_init");
	int (*set)(void *, int, ...) =
		(int (*)(void *, int, ...))dlsym(library, "curl_easy_setopt");

	CHECK_INT(bind(fd, (struct sockaddr *)&there, size), 0);
	CHECK_INT(listen(fd, 1), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&there, &size), 0);
	void *curl = init();
	set(curl, CURL_URL, format("http://127.0.0.1:%d/", ntohs(there.sin_port)));
	set(curl, CURL_TIMEOUT_MS, 50L);
	return curl;
}

static int calls_curl(void *arg)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW);
	int (*perform)(void *);

	(void)arg;
	if (library == NULL)
		return 77;
	void *curl = open_curl(library);
	perform = (int (*)(void *))dlsym(library, "curl_easy_perform");
	async_sleep(0);
	after = perform(curl);
	CHECK_INT(after, CURL_TIMED_OUT);
	return 0;
}

TEST(a_foreign_library_loaded_on_a_coroutine_is_found)
{
	guarded_both_ways(calls_curl, " x net      poll");
}

/* Loads the library itself, as a plug-in would that is made with it. */
static int brings_its_own_loop(void *arg)
{
	char path[4096] = "";
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);

	while (length > 0 && path[length - 1] != '/')
		length--;
	strcpy(path + length, "../libloophound.so");
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CHECK(library != NULL);
	int (*run_it)(int (*)(void *), void *) =
		(int (*)(int (*)(void *), void *))dlsym(library, "async_run");
	CHECK(run_it != async_run);
	CHECK_INT(run_it(ticks, NULL), 0);
	CHECK_INT(dlclose(library), 0);
	signal(SIGSYS, hit);
	raise(SIGSYS);
	CHECK_INT(atomic_load(&hits), 1);
	tick();
	fputs("still here\n", stderr);
	return arg != NULL;
}

TEST(a_library_with_a_guard_stays_when_it_is_closed)
{
	CHECK_CONTAINS(guarded("strict", brings_its_own_loop, NULL, 86), "still here\n[strict] 1");
	CHECK_CONTAINS(guarded("strict=symbols", brings_its_own_loop, NULL, 86),
		       "still here\n[strict] 1");
}

/* ---- kqueue ----------------------------------------------------------------------------------- */

int kqueue(void) __attribute__((weak));
int kevent(int fd, const void *changes, int n, void *events, int room, const struct timespec *t)
	__attribute__((weak));

static int waits_for_kqueue(void *arg)
{
	const struct timespec no_time = { 0 }, soon = { .tv_nsec = 1000 };
	char room[256];
	int fd = kqueue();

	CHECK_INT(kevent(fd, NULL, 0, room, 1, &no_time), 0);
	after = kevent(fd, NULL, 0, room, 1, &soon);
	close(fd);
	return arg != NULL;
}

TEST(a_wait_for_kqueue_is_found)
{
	if (kevent == NULL)
		NOT_HERE("there is no kqueue");
	CHECK_CONTAINS(guarded_run("strict=symbols", waits_for_kqueue, 86),
		       "1 x net      kevent(1e-06 s)");
}
