/* SPDX-License-Identifier: MIT */
/*
 * calls_linux.c - Linux's system calls by number, which of them may block and how to tell; and what is
 * behind an fd, by /proc.
 */
#include "runtime/guard/rule.h"

#include "runtime/symbol/maps.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEMORY_DEVICES = 1 }; /* the major number of /dev/null and its like */

#define NUMBER(name) [CALL_##name] = SYS_##name
const long guard_numbers[GUARD_CALL_COUNT] = { GUARD_CALLS(NUMBER) };

static const struct guard_rule rules[] = {
	[SYS_nanosleep] = { "nanosleep", RELATIVE, GUARD_SLEEP, 0, 0 },
	[SYS_clock_nanosleep] = { "clock_nanosleep", ABSOLUTE, GUARD_SLEEP, 0, 0 },
	[SYS_rt_sigsuspend] = { "rt_sigsuspend", ALWAYS, GUARD_SLEEP, 0, 0 },
	[SYS_rt_sigtimedwait] = { "rt_sigtimedwait", RELATIVE, GUARD_SLEEP, 2, 0 },

	[SYS_ppoll] = { "ppoll", RELATIVE, GUARD_NET, 2, 0 },
	[SYS_pselect6] = { "pselect6", RELATIVE, GUARD_NET, 4, 0 },
	[SYS_epoll_pwait] = { "epoll_pwait", MILLISECONDS, GUARD_NET, 3, 0 },
	[SYS_epoll_pwait2] = { "epoll_pwait2", RELATIVE, GUARD_NET, 3, 0 },
	[SYS_io_uring_enter] = { "io_uring_enter", OTHER, GUARD_NET, 0, 0 },
	[SYS_io_getevents] = { "io_getevents", OTHER, GUARD_NET, 0, 0 },

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
	[SYS_mq_timedreceive] = { "mq_timedreceive", OTHER, GUARD_NET, 0, 0 },
	[SYS_mq_timedsend] = { "mq_timedsend", OTHER, GUARD_NET, 0, 0 },

	[SYS_futex] = { "futex", OTHER, GUARD_LOCK, 0, 0 },
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

const struct guard_rule *guard_rule_of(long number)
{
	if ((size_t)number >= sizeof(rules) / sizeof(rules[0]) || rules[number].name == NULL)
		return NULL;
	return &rules[number];
}

bool guard_polls_nothing(const struct guard_call *call)
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

static bool waits_for_futex(struct guard_call *call)
{
	switch (call->arguments[1] & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return guard_timed(call, call->arguments[3], 1e9);
	case FUTEX_WAIT_BITSET: /* an absolute time: how long is not worth asking */
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_WAIT_REQUEUE_PI:
		return true;
	}
	return false;
}

/* Of messages, which looks like a file. */
static bool on_queue(struct guard_call *call)
{
	int flags;

	call->fd = (int)call->arguments[0];
	flags = fcntl(call->fd, F_GETFL);
	return flags >= 0 && !(flags & O_NONBLOCK);
}

bool guard_decide_other(struct guard_call *call)
{
	const uint64_t *a = call->arguments;

	switch (call->number) {
	case SYS_futex:
		return waits_for_futex(call);
	case SYS_mq_timedreceive:
	case SYS_mq_timedsend:
		return on_queue(call);
	case SYS_io_uring_enter:
		return a[2] > 0;
	case SYS_io_getevents: /* at least so many */
		return (long)a[1] > 0 && guard_timed(call, a[4], 1e9);
	}
	return false;
}

bool guard_waits_for_lock(int command)
{
	return command == F_SETLKW || command == F_OFD_SETLKW;
}

bool guard_is_memory(dev_t device)
{
	return major(device) == MEMORY_DEVICES;
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

size_t guard_name_fd(int fd, char *text, size_t size)
{
	char path[32];
	ssize_t found = readlink(path_of_fd(path, (unsigned)fd), text, size);

	return found > 0 ? (size_t)found : 0;
}
