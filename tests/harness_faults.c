/* SPDX-License-Identifier: MIT */
/*
 * harness_faults.c - the n-th call fails, for every n.
 *
 * A plan says which calls count and which of them fails; the wrapped functions (harness.wrap) ask
 * it before they do anything. Only calls made by our own objects pass through here. The plan lives
 * in shared memory, so that the parent of a failing child can name the call.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness_internal.h"
#include "tests/harness_stress.h"

struct plan {
	atomic_bool armed;
	enum harness_fault_kind kind;
	char function[32]; /* empty: any of the kind */
	int error;	   /* 0: the one that suits the function */
	int n;		   /* 0: every call */
	atomic_int calls, failed;
	const char *_Atomic failed_function; /* the last; several threads may fail at once */
	const void *_Atomic failed_caller;
};

static struct plan own, *plan = &own;

static bool everywhere; /* each call of a program in turn, the watchdog's included */

/* What the watchdog's thread calls meanwhile is not what a test names. */
static bool in_monitor(void)
{
	static _Thread_local enum { UNKNOWN, YES, NO } answer;
	char name[16] = "";

	if (answer == UNKNOWN && prctl(PR_GET_NAME, name) == 0)
		answer = strcmp(name, "watchdog") == 0 ? YES : NO;
	return answer == YES;
}

bool harness_must_fail(enum harness_fault_kind kind, const char *function, int error,
		       const void *caller)
{
	if (!atomic_load_explicit(&plan->armed, memory_order_relaxed) ||
	    (!everywhere && in_monitor()))
		return false;
	if (plan->function[0] ? strcmp(function, plan->function) != 0 : kind != plan->kind)
		return false;
	if (atomic_fetch_add(&plan->calls, 1) + 1 != plan->n && plan->n != 0)
		return false;
	plan->failed_function = function;
	plan->failed_caller = caller;
	atomic_fetch_add(&plan->failed, 1);
	errno = plan->error ? plan->error : error;
	return true;
}

void fail_call(const char *function, int n, int error)
{
	fail_none();
	snprintf(plan->function, sizeof(plan->function), "%s", function);
	plan->n = n;
	plan->error = error;
	plan->calls = plan->failed = 0;
	plan->armed = true;
}

void fail_none(void)
{
	plan->armed = false;
}

int fail_count(void)
{
	return plan->failed;
}

int fail_calls(void)
{
	return plan->calls;
}

static void run_with_failure(void (*fn)(void))
{
	setpgid(0, 0);
	harness_leaks_begin();
	everywhere = true;
	plan->armed = true;
	fn();
	plan->armed = false;
	harness_leaks_check();
	exit(HARNESS_PASSED);
}

/* Runs fn with the n-th call failing; false when it made fewer calls than that. */
static bool try(void (*fn)(void), enum harness_fault_kind kind, int n)
{
	plan->kind = kind;
	plan->function[0] = 0;
	plan->error = 0;
	plan->n = n;
	plan->calls = plan->failed = 0;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		run_with_failure(fn);
	int status = harness_wait_child(pid, 5 * time_scale(), NULL);
	kill(-pid, SIGKILL);
	if (status == -1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (status != 0) {
		const char *place =
			plan->failed > 0 ? harness_place(plan->failed_caller) : "no call failed";
		FAIL("with call %d failing (%s, %s): %s", n,
		     plan->failed > 0 ? plan->failed_function : "none", place,
		     status == -1 ? "it hangs" : harness_describe_status(status));
	}
	return plan->failed > 0;
}

static void for_each_failing(void (*fn)(void), enum harness_fault_kind kind)
{
	int n = 1;

	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (plan == MAP_FAILED)
		FAIL("no memory for the plan");
	while (try(fn, kind, n))
		n++;
	munmap(plan, sizeof(*plan));
	plan = &own;
	printf("%d calls were made to fail\n", n - 1);
	if (n == 1)
		FAIL("nothing to fail: no such call was made");
}

void for_each_failing_allocation(void (*fn)(void))
{
	for_each_failing(fn, HARNESS_ALLOCATION);
}

void for_each_failing_syscall(void (*fn)(void))
{
	for_each_failing(fn, HARNESS_SYSCALL);
}

/* ---- The wrapped functions, each with the error that it typically gives ----------------------- */

#define WRAP_INTO(otherwise, type, name, parameters, arguments, failure, error)                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		if (harness_must_fail(HARNESS_SYSCALL, #name, error, __builtin_return_address(0))) \
			return failure;                                                            \
		return otherwise arguments;                                                        \
	}
#define WRAP(type, name, ...) WRAP_INTO(__real_##name, type, name, __VA_ARGS__)
/* Under stress: calls of our own code, and not while a plan counts them. */
#define STRESSED (!plan->armed && (uintptr_t)__builtin_return_address(0) > (uintptr_t)stress_border)
#define WRAP_IO(type, name, ...) \
	WRAP_INTO((STRESSED ? stress_##name : __real_##name), type, name, __VA_ARGS__)

WRAP(void *, mmap, (void *a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f),
     MAP_FAILED, ENOMEM)
WRAP(int, mprotect, (void *a, size_t b, int c), (a, b, c), -1, ENOMEM)
WRAP(int, madvise, (void *a, size_t b, int c), (a, b, c), -1, EINVAL)
WRAP(int, epoll_create1, (int a), (a), -1, EMFILE)
WRAP(int, epoll_ctl, (int a, int b, int c, struct epoll_event *d), (a, b, c, d), -1, ENOMEM)
WRAP(int, epoll_pwait2,
     (int a, struct epoll_event *b, int c, const struct timespec *d, const sigset_t *e),
     (a, b, c, d, e), -1, ENOSYS)
WRAP(int, eventfd, (unsigned a, int b), (a, b), -1, EMFILE)
WRAP(int, pipe2, (int *a, int b), (a, b), -1, EMFILE)
WRAP(int, socketpair, (int a, int b, int c, int *d), (a, b, c, d), -1, EMFILE)
WRAP(int, pthread_create, (pthread_t * a, const pthread_attr_t *b, void *(*c)(void *), void *d),
     (a, b, c, d), errno, EAGAIN)
WRAP(int, posix_spawn,
     (pid_t * a, const char *b, const posix_spawn_file_actions_t *c, const posix_spawnattr_t *d,
      char *const *e, char *const *f),
     (a, b, c, d, e, f), errno, EAGAIN)
WRAP(int, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t * a, int b, int c),
     (a, b, c), errno, ENOMEM)
WRAP(int, socket, (int a, int b, int c), (a, b, c), -1, EMFILE)
WRAP(int, bind, (int a, const struct sockaddr *b, socklen_t c), (a, b, c), -1, EADDRINUSE)
WRAP(int, listen, (int a, int b), (a, b), -1, EADDRINUSE)
WRAP_IO(int, connect, (int a, const struct sockaddr *b, socklen_t c), (a, b, c), -1, ENETUNREACH)
WRAP_IO(int, accept4, (int a, struct sockaddr *b, socklen_t *c, int d), (a, b, c, d), -1, EMFILE)
WRAP(int, getsockopt, (int a, int b, int c, void *d, socklen_t *e), (a, b, c, d, e), -1, ENOBUFS)
WRAP(int, setsockopt, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e), -1,
     ENOPROTOOPT)
WRAP(int, getsockname, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1, ENOBUFS)
WRAP(int, getpeername, (int a, struct sockaddr *b, socklen_t *c), (a, b, c), -1, ENOTCONN)
WRAP(int, shutdown, (int a, int b), (a, b), -1, ENOTCONN)
WRAP(int, fstat, (int a, struct stat *b), (a, b), -1, EIO)
WRAP_IO(ssize_t, recv, (int a, void *b, size_t c, int d), (a, b, c, d), -1, ECONNRESET)
WRAP_IO(ssize_t, send, (int a, const void *b, size_t c, int d), (a, b, c, d), -1, ECONNRESET)
WRAP(ssize_t, sendto,
     (int a, const void *b, size_t c, int d, const struct sockaddr *e, socklen_t f),
     (a, b, c, d, e, f), -1, ENETUNREACH)
WRAP_IO(ssize_t, recvmsg, (int a, struct msghdr *b, int c), (a, b, c), -1, ECONNRESET)
WRAP_IO(ssize_t, sendmsg, (int a, const struct msghdr *b, int c), (a, b, c), -1, ECONNRESET)
WRAP_IO(ssize_t, readv, (int a, const struct iovec *b, int c), (a, b, c), -1, ECONNRESET)
WRAP_IO(ssize_t, writev, (int a, const struct iovec *b, int c), (a, b, c), -1, ECONNRESET)
WRAP(ssize_t, pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d), -1, ENOSPC)
WRAP(int, getaddrinfo,
     (const char *a, const char *b, const struct addrinfo *c, struct addrinfo **d), (a, b, c, d),
     EAI_MEMORY, ENOMEM)

/* A wake-up through an eventfd cannot fail; sockets, pipes and files can. */
static bool can_fail(int fd)
{
	struct stat status;

	return __real_fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) != 0;
}

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	if (STRESSED)
		return stress_read(fd, buffer, size);
	if (plan->armed && can_fail(fd) &&
	    harness_must_fail(HARNESS_SYSCALL, "read", EIO, __builtin_return_address(0)))
		return -1;
	return __real_read(fd, buffer, size);
}

ssize_t __real_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size);
ssize_t __wrap_write(int fd, const void *buffer, size_t size)
{
	if (STRESSED)
		return stress_write(fd, buffer, size);
	if (plan->armed && can_fail(fd) &&
	    harness_must_fail(HARNESS_SYSCALL, "write", EIO, __builtin_return_address(0)))
		return -1;
	return __real_write(fd, buffer, size);
}

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (harness_must_fail(HARNESS_SYSCALL, "open", EMFILE, __builtin_return_address(0)))
		return -1;
	return __real_open(path, flags, mode);
}

/* fcntl is called with an int, a pointer or nothing; a pointer-wide word carries them all. */
int __real_fcntl(int fd, int command, uintptr_t argument);
int __wrap_fcntl(int fd, int command, uintptr_t argument);
int __wrap_fcntl(int fd, int command, uintptr_t argument)
{
	if (harness_must_fail(HARNESS_SYSCALL, "fcntl", EINVAL, __builtin_return_address(0)))
		return -1;
	return __real_fcntl(fd, command, argument);
}

/* Those that the harness knows by name fail; the others, which have no errors to speak of, do not. */
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	const char *name = number == SYS_pidfd_open ? "pidfd_open" : NULL;
	long words[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		words[i] = va_arg(args, long);
	va_end(args);
	if (name && harness_must_fail(HARNESS_SYSCALL, name, ENOSYS, __builtin_return_address(0)))
		return -1;
	return __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
