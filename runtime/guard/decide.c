/* SPDX-License-Identifier: MIT */
/*
 * decide.c - may this system call block? Decided from its number and arguments: a call that happened
 * to return at once may not do so tomorrow.
 *
 *  - Reading and writing block when the fd lacks O_NONBLOCK and the call no MSG_DONTWAIT; on a file
 *    that is the disk's time, on a pipe, a socket or a terminal the peer's.
 *  - Waiting blocks unless its time is zero, or past.
 *
 * Runs in a signal handler: system calls only, and what the arguments point to is read through
 * maps_read(), since a bad pointer is the kernel's to answer.
 */
#include "runtime/guard/internal.h"

#include "runtime/symbol/maps.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEMORY_DEVICES = 1 }; /* the major number of /dev/null and its like: these never wait */

/* What the table's detail argument is, and so how to decide. */
enum kind {
	NOTHING,
	ALWAYS,
	ON_FD,	      /* detail: the argument with MSG_ flags; 0: none */
	ON_SOCKET,    /* the same for fds that are no files */
	ON_QUEUE,     /* of messages, which looks like a file */
	ON_PATH,      /* detail: which argument is the path */
	FILE_OF,      /* detail: which argument is the fd */
	RELATIVE,     /* detail: the argument that points to a timespec; NULL there is for ever */
	ABSOLUTE,     /* clock_nanosleep */
	MILLISECONDS, /* detail: the argument */
	TIMEVAL,      /* detail: the argument that points to it */
	UNLESS,	      /* detail: the argument with flags */
	FUTEX,
	LOCK_COMMAND, /* fcntl */
	RING,	      /* io_uring_enter */
	EVENTS,	      /* io_getevents */
};

static const struct rule {
	const char *name;
	unsigned char kind, severity, detail;
	int flag; /* the one that makes it return at once */
} rules[] = {
	[SYS_nanosleep] = { "nanosleep", RELATIVE, GUARD_SLEEP, 0, 0 },
	[SYS_clock_nanosleep] = { "clock_nanosleep", ABSOLUTE, GUARD_SLEEP, 0, 0 },
	[SYS_rt_sigsuspend] = { "rt_sigsuspend", ALWAYS, GUARD_SLEEP, 0, 0 },
	[SYS_rt_sigtimedwait] = { "rt_sigtimedwait", RELATIVE, GUARD_SLEEP, 2, 0 },

	[SYS_ppoll] = { "ppoll", RELATIVE, GUARD_NET, 2, 0 },
	[SYS_pselect6] = { "pselect6", RELATIVE, GUARD_NET, 4, 0 },
	[SYS_epoll_pwait] = { "epoll_pwait", MILLISECONDS, GUARD_NET, 3, 0 },
	[SYS_epoll_pwait2] = { "epoll_pwait2", RELATIVE, GUARD_NET, 3, 0 },
	[SYS_io_uring_enter] = { "io_uring_enter", RING, GUARD_NET, 0, 0 },
	[SYS_io_getevents] = { "io_getevents", EVENTS, GUARD_NET, 0, 0 },

	[SYS_read] = { "read", ON_FD, GUARD_NET, 0, 0 },
	[SYS_readv] = { "readv", ON_FD, GUARD_NET, 0, 0 },
	[SYS_write] = { "write", ON_FD, GUARD_NET, 0, 0 },
	[SYS_writev] = { "writev", ON_FD, GUARD_NET, 0, 0 },
	[SYS_pread64] = { "pread64", ON_FD, GUARD_NET, 0, 0 },
	[SYS_pwrite64] = { "pwrite64", ON_FD, GUARD_NET, 0, 0 },
	[SYS_preadv] = { "preadv", ON_FD, GUARD_NET, 0, 0 },
	[SYS_pwritev] = { "pwritev", ON_FD, GUARD_NET, 0, 0 },
	[SYS_sendfile] = { "sendfile", ON_FD, GUARD_NET, 0, 0 },
	[SYS_splice] = { "splice", UNLESS, GUARD_NET, 5, SPLICE_F_NONBLOCK },
	[SYS_recvfrom] = { "recvfrom", ON_SOCKET, GUARD_NET, 3, MSG_DONTWAIT },
	[SYS_recvmsg] = { "recvmsg", ON_SOCKET, GUARD_NET, 2, MSG_DONTWAIT },
	[SYS_recvmmsg] = { "recvmmsg", ON_SOCKET, GUARD_NET, 3, MSG_DONTWAIT },
	[SYS_sendto] = { "sendto", ON_SOCKET, GUARD_NET, 3, MSG_DONTWAIT },
	[SYS_sendmsg] = { "sendmsg", ON_SOCKET, GUARD_NET, 2, MSG_DONTWAIT },
	[SYS_sendmmsg] = { "sendmmsg", ON_SOCKET, GUARD_NET, 3, MSG_DONTWAIT },
	[SYS_connect] = { "connect", ON_SOCKET, GUARD_NET, 0, 0 },
	[SYS_accept] = { "accept", ON_SOCKET, GUARD_NET, 0, 0 },
	[SYS_accept4] = { "accept4", ON_SOCKET, GUARD_NET, 0, 0 },
	[SYS_msgrcv] = { "msgrcv", UNLESS, GUARD_NET, 4, IPC_NOWAIT },
	[SYS_msgsnd] = { "msgsnd", UNLESS, GUARD_NET, 3, IPC_NOWAIT },
	[SYS_mq_timedreceive] = { "mq_timedreceive", ON_QUEUE, GUARD_NET, 0, 0 },
	[SYS_mq_timedsend] = { "mq_timedsend", ON_QUEUE, GUARD_NET, 0, 0 },

	[SYS_futex] = { "futex", FUTEX, GUARD_LOCK, 0, 0 },
	[SYS_semop] = { "semop", ALWAYS, GUARD_LOCK, 0, 0 },
	[SYS_semtimedop] = { "semtimedop", RELATIVE, GUARD_LOCK, 3, 0 },
	[SYS_flock] = { "flock", UNLESS, GUARD_LOCK, 1, LOCK_NB | LOCK_UN },
	[SYS_fcntl] = { "fcntl", LOCK_COMMAND, GUARD_LOCK, 0, 0 },

	[SYS_wait4] = { "wait4", UNLESS, GUARD_PROCESS, 2, WNOHANG },
	[SYS_waitid] = { "waitid", UNLESS, GUARD_PROCESS, 3, WNOHANG },

	[SYS_openat] = { "openat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_newfstatat] = { "newfstatat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_statx] = { "statx", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_faccessat] = { "faccessat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_faccessat2] = { "faccessat2", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_unlinkat] = { "unlinkat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_renameat] = { "renameat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_renameat2] = { "renameat2", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_mkdirat] = { "mkdirat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_linkat] = { "linkat", ON_PATH, GUARD_DISK, 1, 0 },
	[SYS_symlinkat] = { "symlinkat", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_truncate] = { "truncate", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_statfs] = { "statfs", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_fsync] = { "fsync", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_fdatasync] = { "fdatasync", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_syncfs] = { "syncfs", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_sync_file_range] = { "sync_file_range", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_ftruncate] = { "ftruncate", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_fallocate] = { "fallocate", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_getdents64] = { "getdents64", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_copy_file_range] = { "copy_file_range", FILE_OF, GUARD_DISK, 0, 0 },
	[SYS_sync] = { "sync", ALWAYS, GUARD_DISK, 0, 0 },
#ifdef SYS_poll /* newer machines have only the second form of these */
	[SYS_pause] = { "pause", ALWAYS, GUARD_SLEEP, 0, 0 },
	[SYS_poll] = { "poll", MILLISECONDS, GUARD_NET, 2, 0 },
	[SYS_select] = { "select", TIMEVAL, GUARD_NET, 4, 0 },
	[SYS_epoll_wait] = { "epoll_wait", MILLISECONDS, GUARD_NET, 3, 0 },
	[SYS_open] = { "open", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_creat] = { "creat", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_stat] = { "stat", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_lstat] = { "lstat", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_access] = { "access", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_unlink] = { "unlink", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_rename] = { "rename", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_mkdir] = { "mkdir", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_rmdir] = { "rmdir", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_link] = { "link", ON_PATH, GUARD_DISK, 0, 0 },
	[SYS_symlink] = { "symlink", ON_PATH, GUARD_DISK, 0, 0 },
#endif
};

/* ---- Time ------------------------------------------------------------------------------------ */

/* A time of zero returns at once; none at all is for ever. */
static bool timed(struct guard_call *call, uint64_t address, double fraction)
{
	struct timespec time;

	if (address == 0)
		return true;
	if (maps_read(&time, sizeof(time), (uintptr_t)address) != sizeof(time))
		return false;
	call->seconds = (double)time.tv_sec + (double)time.tv_nsec / fraction;
	return call->seconds > 0;
}

static bool until(struct guard_call *call)
{
	struct timespec now;

	if (!timed(call, call->arguments[2], 1e9))
		return false;
	if (!(call->arguments[1] & TIMER_ABSTIME))
		return true;
	if (clock_gettime((clockid_t)call->arguments[0], &now) != 0)
		return false;
	call->seconds -= (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	return call->seconds > 0;
}

static bool milliseconds(struct guard_call *call, int value)
{
	if (value >= 0)
		call->seconds = value / 1e3;
	return value != 0;
}

/* A poll of nothing at all is a sleep by another name. */
static bool polls_nothing(const struct guard_call *call)
{
	const uint64_t *a = call->arguments;

	switch (call->number) {
#ifdef SYS_poll
	case SYS_poll:
		return a[1] == 0;
	case SYS_select:
#endif
	case SYS_pselect6:
		return a[0] == 0 || (a[1] == 0 && a[2] == 0 && a[3] == 0);
	case SYS_ppoll:
		return a[1] == 0;
	}
	return false;
}

/* ---- Fds ------------------------------------------------------------------------------------- */

static bool on_fd(struct guard_call *call, bool file_too)
{
	struct stat status;
	int flags;

	call->fd = (int)call->arguments[0];
	flags = fcntl(call->fd, F_GETFL);
	if (flags < 0 || fstat(call->fd, &status) != 0)
		return false;
	if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISDIR(status.st_mode)) {
		call->severity = GUARD_DISK;
		return file_too;
	}
	if (S_ISCHR(status.st_mode) && major(status.st_rdev) == MEMORY_DEVICES)
		return false;
	return !(flags & O_NONBLOCK);
}

static bool on_queue(struct guard_call *call)
{
	int flags;

	call->fd = (int)call->arguments[0];
	flags = fcntl(call->fd, F_GETFL);
	return flags >= 0 && !(flags & O_NONBLOCK);
}

/* fstat() is a newfstatat() without a path, and asks nobody; /proc is in memory. */
static bool on_path(const struct guard_call *call, int argument)
{
	char start[6] = "";

	return maps_read(start, sizeof(start), (uintptr_t)call->arguments[argument]) > 0 &&
	       start[0] != '\0' && memcmp(start, "/proc/", sizeof(start)) != 0;
}

/* ---- All together ---------------------------------------------------------------------------- */

static bool waits_for_futex(struct guard_call *call)
{
	switch (call->arguments[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return timed(call, call->arguments[3], 1e9);
	case FUTEX_WAIT_BITSET: /* an absolute time: how long is not worth asking */
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAIT_REQUEUE_PI:
		return true;
	}
	return false;
}

static bool apply(const struct rule *rule, struct guard_call *call)
{
	const uint64_t *a = call->arguments;

	switch (rule->kind) {
	case ALWAYS:
		return true;
	case ON_FD:
	case ON_SOCKET:
		return !(rule->flag != 0 && (a[rule->detail] & (uint64_t)rule->flag)) &&
		       on_fd(call, rule->kind == ON_FD);
	case ON_QUEUE:
		return on_queue(call);
	case ON_PATH:
		return on_path(call, rule->detail);
	case FILE_OF:
		call->fd = (int)a[rule->detail];
		return fcntl(call->fd, F_GETFD) >= 0;
	case RELATIVE:
		return timed(call, a[rule->detail], 1e9);
	case ABSOLUTE:
		return until(call);
	case MILLISECONDS:
		return milliseconds(call, (int)a[rule->detail]);
	case TIMEVAL:
		return timed(call, a[rule->detail], 1e6);
	case UNLESS:
		return !(a[rule->detail] & (uint64_t)rule->flag);
	case FUTEX:
		return waits_for_futex(call);
	case LOCK_COMMAND:
		call->fd = (int)a[0];
		return (int)a[1] == F_SETLKW || (int)a[1] == F_OFD_SETLKW;
	case RING:
		return a[2] > 0;
	case EVENTS: /* at least so many */
		return (long)a[1] > 0 && timed(call, a[4], 1e9);
	}
	return false;
}

bool guard_decide(struct guard_call *call)
{
	const struct rule *rule;

	call->seconds = -1;
	call->fd = -1;
	call->target[0] = '\0';
	if (call->number < 0)
		return true;
	if ((size_t)call->number >= sizeof(rules) / sizeof(rules[0]))
		return false;
	rule = &rules[call->number];
	if (rule->name == NULL)
		return false;
	if (call->name == NULL)
		call->name = rule->name;
	call->severity = polls_nothing(call) ? GUARD_SLEEP : (enum guard_severity)rule->severity;
	return apply(rule, call);
}

/* "/proc/self/fd/7", without stdio: this is a signal handler's. */
static const char *path_of_fd(char path[32], unsigned fd)
{
	char *end = path + 31;

	*end = '\0';
	do
		*--end = (char)('0' + fd % 10);
	while ((fd /= 10) > 0);
	return memcpy(end - 14, "/proc/self/fd/", 14);
}

void guard_describe(struct guard_call *call)
{
	const struct rule *rule = &rules[call->number < 0 ? 0 : call->number];
	size_t size = sizeof(call->target) - 1, length = 0;
	char path[32];

	if (call->number < 0)
		return;
	if (call->fd >= 0) {
		ssize_t found = readlink(path_of_fd(path, (unsigned)call->fd), call->target, size);

		length = found > 0 ? (size_t)found : 0;
	} else if (rule->kind == ON_PATH) {
		length = maps_read(call->target, size, (uintptr_t)call->arguments[rule->detail]);
	}
	call->target[length] = '\0';
}
