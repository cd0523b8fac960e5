/* SPDX-License-Identifier: MIT */
/* child.c - what is the same whoever waits for the child: reaping, signals, the returncode. */
#include "runtime/child.h"

#include <signal.h>
#include <sys/wait.h>

#include "runtime/loop.h"

/* Somebody else has its status: asyncio's answer. */
#define UNKNOWN_RETURNCODE 255

int child_watch(struct child *child)
{
	child->pidfd = -1;
	child->job = NULL;
	child->ended = false;
	/* Whatever is wrong with pidfds (the kernel, a filter, no fd left), a thread can wait as well. */
	return child_pidfd_watch(child) == 0 ? 0 : child_thread_watch(child);
}

void child_unwatch(struct child *child)
{
	if (child->pidfd >= 0)
		child_pidfd_unwatch(child);
	if (child->job)
		child_thread_unwatch(child);
}

bool child_reap(struct child *child, int flags)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(child->pid, &status, flags);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	if (pid < 0) {
		child->returncode = UNKNOWN_RETURNCODE;
		debug_warn(loop_current, "Unknown child process pid %d, will report returncode 255",
			   (int)child->pid);
	} else {
		child->returncode = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
	}
	child->ended = true;
	return true;
}

/* Without a pidfd: is it still ours to signal, or has somebody else reaped it? */
static bool is_ours(const struct child *child)
{
	siginfo_t unused;

	return waitid(P_PID, (id_t)child->pid, &unused, WEXITED | WNOHANG | WNOWAIT) == 0;
}

int child_signal(const struct child *child, int signo)
{
	if (child->ended)
		return -ESRCH;
	if (child->pidfd >= 0)
		return child_pidfd_signal(child, signo);
	if (!is_ours(child))
		return -ESRCH;
	return kill(child->pid, signo) < 0 ? -errno : 0;
}
