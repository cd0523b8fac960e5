/* SPDX-License-Identifier: MIT */
/*
 * collect_signals.c - the first SIGINT, SIGTERM or SIGHUP lets what is in flight finish within --grace, the
 * second cancels it, and a third one leaves at once, whatever a stuck reader of our output does.
 */
#include "app/collect.h"

#include <signal.h>
#include <unistd.h>

static void grace_is_over(void *arg)
{
	collect_stop(arg, COLLECT_CANCELLING);
}

static void on_signal(void *arg)
{
	struct collect *c = arg;

	c->signals++;
	if (c->signals == 1) {
		if (!c->options->quiet)
			progress_say(&c->progress, "stopping: requests in flight may finish, "
						   "another signal cancels them");
		collect_stop(c, COLLECT_DRAINING);
		async_call_later(&c->grace, (double)c->options->grace / 1e9, grace_is_over, c);
	} else if (c->signals == 2) {
		collect_stop(c, COLLECT_CANCELLING);
	} else {
		progress_erase(&c->progress);
		if (c->sink)
			sink_restore(c->sink);
		_exit(6);
	}
}

/* nohup ignores the end of a terminal for us, and that stays. */
static bool is_ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int collect_watch_signals(struct collect *c)
{
	int rc = async_add_signal_handler(SIGINT, on_signal, c);

	if (!rc)
		rc = async_add_signal_handler(SIGTERM, on_signal, c);
	if (!rc && !is_ignored(SIGHUP))
		rc = async_add_signal_handler(SIGHUP, on_signal, c);
	return rc;
}
