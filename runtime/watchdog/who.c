/* SPDX-License-Identifier: MIT */
/*
 * who.c - who runs: a task, or which kind of callback, as far as the loop knows kinds.
 *
 * What a callback is for, its handle's address tells: it lies in the table of signals, or in the
 * record of a watched fd. Of others the stack names the function.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/fd_slot.h"
#include "runtime/signal.h"
#include "runtime/victims.h"
#include "runtime/base.h"

#include <stdio.h>
#include <string.h>

static void name_callback(const struct heartbeat *hb, char who[WATCHDOG_WHO])
{
	const struct async_loop *loop = container_of(hb, struct async_loop, heartbeat);
	const void *handle = atomic_load(&hb->handle);
	int signo = signal_of_handle(handle), fd;
	const char *name = signo > 0 ? sigabbrev_np(signo) : NULL;
	enum fd_direction direction;

	if (name != NULL)
		snprintf(who, WATCHDOG_WHO, "the handler of SIG%s", name);
	else if (signo > 0)
		snprintf(who, WATCHDOG_WHO, "the handler of signal %d", signo);
	else if (watch_peek(loop, handle, &fd, &direction))
		snprintf(who, WATCHDOG_WHO, "the %s of fd %d",
			 direction == FD_READ ? "reader" : "writer", fd);
	else
		snprintf(who, WATCHDOG_WHO, "a callback");
}

void watchdog_who(const struct heartbeat *hb, const void *task, struct watchdog_stall *stall)
{
	memset(&stall->view, 0, sizeof(stall->view));
	memset(&stall->awaiter, 0, sizeof(stall->awaiter));
	stall->callback = task == NULL;
	if (task == NULL) {
		name_callback(hb, stall->who);
		return;
	}
	task_describe(task, &stall->view);
	victims_awaiter(task, &stall->awaiter);
	snprintf(stall->who, WATCHDOG_WHO, "%s", stall->view.name);
}
