/* SPDX-License-Identifier: MIT */
/*
 * calls_posix.c - where calls have no numbers that one could rely on: those of the wrappers, by their
 * place in GUARD_CALLS, and what an fd is, by fstat().
 */
#include "runtime/guard/rule.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NUMBER(name) [CALL_##name] = CALL_##name
const long guard_numbers[GUARD_CALL_COUNT] = { GUARD_CALLS(NUMBER) };

/* Wrappers bring the name. */
#define RULE(name, kind, severity, detail, flag) \
	[CALL_##name] = { #name, kind, GUARD_##severity, detail, flag }

static const struct guard_rule rules[GUARD_CALL_COUNT] = {
	RULE(nanosleep, RELATIVE, SLEEP, 0, 0),
	RULE(clock_nanosleep, ABSOLUTE, SLEEP, 0, 0),
	RULE(rt_sigsuspend, ALWAYS, SLEEP, 0, 0),
	RULE(rt_sigtimedwait, RELATIVE, SLEEP, 2, 0),

	RULE(ppoll, RELATIVE, NET, 2, 0),
	RULE(pselect6, RELATIVE, NET, 4, 0),

	RULE(read, ON_FD, NET, 0, 0),
	RULE(readv, ON_FD, NET, 0, 0),
	RULE(write, ON_FD, NET, 0, 0),
	RULE(writev, ON_FD, NET, 0, 0),
	RULE(pread64, ON_FD, NET, 0, 0),
	RULE(pwrite64, ON_FD, NET, 0, 0),
	RULE(preadv, ON_FD, NET, 0, 0),
	RULE(pwritev, ON_FD, NET, 0, 0),
	RULE(recvfrom, ON_SOCKET, NET, 3, MSG_DONTWAIT),
	RULE(recvmsg, ON_SOCKET, NET, 2, MSG_DONTWAIT),
	RULE(sendto, ON_SOCKET, NET, 3, MSG_DONTWAIT),
	RULE(sendmsg, ON_SOCKET, NET, 2, MSG_DONTWAIT),
	RULE(connect, ON_SOCKET, NET, 0, 0),
	RULE(accept, ON_SOCKET, NET, 0, 0),
	RULE(accept4, ON_SOCKET, NET, 0, 0),

	RULE(msgrcv, UNLESS, NET, 4, IPC_NOWAIT),
	RULE(msgsnd, UNLESS, NET, 3, IPC_NOWAIT),
	RULE(semop, ALWAYS, LOCK, 0, 0),
	RULE(flock, UNLESS, LOCK, 1, LOCK_NB | LOCK_UN),
	RULE(fcntl, LOCK_COMMAND, LOCK, 0, 0),

	RULE(wait4, UNLESS, PROCESS, 2, WNOHANG),
	RULE(waitid, UNLESS, PROCESS, 3, WNOHANG),

	RULE(openat, ON_PATH, DISK, 1, 0),
	RULE(newfstatat, ON_PATH, DISK, 1, 0),
	RULE(faccessat, ON_PATH, DISK, 1, 0),
	RULE(unlinkat, ON_PATH, DISK, 1, 0),
	RULE(renameat, ON_PATH, DISK, 1, 0),
	RULE(mkdirat, ON_PATH, DISK, 1, 0),
	RULE(linkat, ON_PATH, DISK, 1, 0),
	RULE(symlinkat, ON_PATH, DISK, 0, 0),
	RULE(truncate, ON_PATH, DISK, 0, 0),
	RULE(statfs, ON_PATH, DISK, 0, 0),
	RULE(fsync, FILE_OF, DISK, 0, 0),
	RULE(fdatasync, FILE_OF, DISK, 0, 0),
	RULE(ftruncate, FILE_OF, DISK, 0, 0),
	RULE(fallocate, FILE_OF, DISK, 0, 0),
	RULE(getdents64, FILE_OF, DISK, 0, 0),
	RULE(sync, ALWAYS, DISK, 0, 0),
};

const struct guard_rule *guard_rule_of(long number)
{
	if (number >= GUARD_CALL_COUNT || rules[number].name == NULL)
		return NULL;
	return &rules[number];
}

bool guard_decide_other(struct guard_call *call)
{
	(void)call;
	return true;
}

bool guard_polls_nothing(const struct guard_call *call)
{
	const uint64_t *a = call->arguments;

	if (call->number == CALL_ppoll)
		return a[1] == 0;
	return call->number == CALL_pselect6 &&
	       (a[0] == 0 || (a[1] == 0 && a[2] == 0 && a[3] == 0));
}

bool guard_waits_for_lock(int command)
{
	return command == F_SETLKW;
}

/* Which numbers these have is every system's own affair. */
bool guard_is_memory(dev_t device)
{
	static const char *const paths[] = { "/dev/null", "/dev/zero", "/dev/random",
					     "/dev/urandom" };
	struct stat status;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (stat(paths[i], &status) == 0 && S_ISCHR(status.st_mode) &&
		    status.st_rdev == device)
			return true;
	return false;
}

static const char *kind_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return "";
	if (S_ISSOCK(status.st_mode))
		return "a socket";
	if (S_ISFIFO(status.st_mode))
		return "a pipe";
	if (S_ISDIR(status.st_mode))
		return "a directory";
	return S_ISREG(status.st_mode) ? "a file" : "a device";
}

#ifdef F_GETPATH /* of files; a system that has it needs so much room */
static bool path_of(int fd, char path[1024])
{
	return fcntl(fd, F_GETPATH, path) == 0;
}
#else
static bool path_of(int fd, char path[1024])
{
	(void)fd, (void)path;
	return false;
}
#endif

size_t guard_name_fd(int fd, char *text, size_t size)
{
	char path[1024];
	const char *name = path_of(fd, path) ? path : kind_of(fd);
	size_t length = strnlen(name, size);

	memcpy(text, name, length);
	return length;
}

/* ---- For reports ----------------------------------------------------------------------------- */

/* The monitor knows calls by the system's numbers; where there is no monitor, these are ours. */
const char *watchdog_call_name(long number)
{
	const struct guard_rule *rule = number < 0 ? NULL : guard_rule_of(number);

	return rule != NULL ? rule->name : NULL;
}

enum watchdog_kind watchdog_call_kind(long number)
{
	const struct guard_rule *rule = number < 0 ? NULL : guard_rule_of(number);

	if (rule == NULL)
		return CALL_OTHER;
	if (number == CALL_ppoll || number == CALL_pselect6)
		return CALL_POLL;
	if (rule->kind == ON_FD || rule->kind == ON_SOCKET)
		return CALL_STREAM;
	switch (rule->severity) {
	case GUARD_SLEEP:
		return CALL_SLEEP;
	case GUARD_LOCK:
		return CALL_LOCK;
	case GUARD_DISK:
		return CALL_FILE;
	}
	return CALL_OTHER;
}
