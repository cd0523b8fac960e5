/* SPDX-License-Identifier: MIT */
/*
 * rule.h - between decide.c, which judges calls, and calls_linux.c or calls_posix.c, which say for their
 * system which calls there are and what its files and fds are called.
 *
 * A wrapper describes itself as one of GUARD_CALLS, which are Linux's system calls by name, their
 * arguments in that order. guard_numbers[] has their numbers: Linux's own there, since dispatch hands
 * over all that the kernel knows; elsewhere their place in the list.
 */
#ifndef LOOPHOUND_RUNTIME_GUARD_RULE_H
#define LOOPHOUND_RUNTIME_GUARD_RULE_H

#include "runtime/guard/internal.h"

#include <sys/types.h>

#define GUARD_CALLS(X)                                                                             \
	X(nanosleep), X(clock_nanosleep), X(rt_sigsuspend), X(rt_sigtimedwait), X(ppoll),          \
		X(pselect6), X(read), X(readv), X(write), X(writev), X(pread64), X(pwrite64),      \
		X(preadv), X(pwritev), X(recvfrom), X(recvmsg), X(sendto), X(sendmsg), X(connect), \
		X(accept), X(accept4), X(semop), X(semtimedop), X(msgsnd), X(msgrcv), X(flock),    \
		X(fcntl), X(wait4), X(waitid), X(openat), X(newfstatat), X(faccessat),             \
		X(unlinkat), X(renameat), X(mkdirat), X(linkat), X(symlinkat), X(truncate),        \
		X(statfs), X(fsync), X(fdatasync), X(ftruncate), X(fallocate), X(getdents64),      \
		X(sync)

#define GUARD_ENTRY(name) CALL_##name
enum guard_call_name { GUARD_CALLS(GUARD_ENTRY), GUARD_CALL_COUNT };
#undef GUARD_ENTRY

extern const long guard_numbers[GUARD_CALL_COUNT];

/* What a rule's detail argument is, and so how to decide. */
enum guard_kind {
	NOTHING,
	ALWAYS,
	ON_FD,	      /* detail: the argument with MSG_ flags; 0: none */
	ON_SOCKET,    /* the same for fds that are no files */
	ON_PATH,      /* detail: which argument is the path */
	FILE_OF,      /* detail: which argument is the fd */
	RELATIVE,     /* detail: the argument that points to a timespec; NULL there is for ever */
	ABSOLUTE,     /* clock_nanosleep */
	MILLISECONDS, /* detail: the argument */
	TIMEVAL,      /* detail: the argument that points to it */
	UNLESS,	      /* detail: the argument with flags */
	LOCK_COMMAND, /* fcntl */
	OTHER,	      /* guard_decide_other() does */
};

struct guard_rule {
	const char *name;
	unsigned char kind, severity, detail;
	int flag; /* the one that makes it return at once */
};

/* NULL: nobody blocks in it. */
const struct guard_rule *guard_rule_of(long number);
bool guard_decide_other(struct guard_call *call);
/* Is it a poll of no fd at all? */
bool guard_polls_nothing(const struct guard_call *call);
/* Does the fcntl() wait for a lock? */
bool guard_waits_for_lock(int command);
/* /dev/null and its like: these never wait. */
bool guard_is_memory(dev_t device);
/* What the fd is, without a 0 at the end. Returns the length; 0: the system does not say. */
size_t guard_name_fd(int fd, char *text, size_t size);

/* A time of zero returns at once; none at all is for ever. The address is the program's. */
bool guard_timed(struct guard_call *call, uint64_t address, double fraction);

#endif
