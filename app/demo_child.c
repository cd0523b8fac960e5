/* SPDX-License-Identifier: MIT */
/*
 * demo_child.c - child processes that never outlive the demo.
 *
 * On SIGINT, SIGTERM, SIGHUP and SIGPIPE the handler kills and reaps them, then lets the signal do
 * what it does by default, so that a shell sees the demo die of it. All that the handler calls is
 * allowed in one.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/demo.h"

static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
static volatile pid_t children[2];

static void end_all(int signo)
{
	for (int i = 0; i < 2; i++)
		if (children[i] > 0 && kill(children[i], SIGKILL) == 0)
			waitpid(children[i], NULL, 0);
	signal(signo, SIG_DFL);
	raise(signo);
}

static void set_handlers(void (*handler)(int signo))
{
	struct sigaction action = { .sa_handler = handler };

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, NULL);
}

/* There are two at most: the upstream, and collect. Signals wait until the child is in the table. */
pid_t demo_child_fork(void)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid_t pid = fork();
	if (pid == 0) {
		memset((void *)children, 0, sizeof(children));
		set_handlers(SIG_DFL);
		/* What is recorded is the demo, and its file is not the child's. */
		unsetenv("LOOPHOUND_TRACE");
	} else if (pid > 0) {
		children[children[0] > 0] = pid;
		set_handlers(end_all);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

int demo_child_wait(pid_t pid)
{
	siginfo_t info;
	int status = 0;

	/* Out of the table before it is reaped: from then on the number may be another process's. */
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	for (int i = 0; i < 2; i++)
		if (children[i] == pid)
			children[i] = 0;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
