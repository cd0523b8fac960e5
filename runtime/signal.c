/* SPDX-License-Identifier: MIT */
/*
 * signal.c - loop.add_signal_handler(): the handler sets a flag and wakes the loop; the callback
 * runs on the loop. A signal belongs to the loop that asked for it last.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "runtime/list.h"
#include "runtime/loop.h"

#define SIGNALS 65

struct registration {
	struct async_loop *_Atomic loop;
	atomic_bool arrived;
	struct sigaction previous;
	struct async_handle handle;
	void (*run)(void *arg);
	void *arg;
};

static struct registration registrations[SIGNALS];

/* Async-signal-safe: atomics, and a wake-up that is a write. */
static void arrive(int signo)
{
	struct async_loop *loop = atomic_load(&registrations[signo].loop);
	int saved = errno;

	if (loop) {
		atomic_store(&registrations[signo].arrived, true);
		atomic_store(&loop->has_signals, true);
		poller_wake(loop->poller);
	}
	errno = saved;
}

int async_add_signal_handler(int signo, void (*run)(void *arg), void *arg)
{
	struct async_loop *loop = loop_here("?", "async_add_signal_handler");
	struct sigaction action = { .sa_handler = arrive, .sa_flags = SA_RESTART };
	struct registration *registration;

	if (signo < 1 || signo >= SIGNALS)
		return ASYNC_EINVAL;
	async_remove_signal_handler(signo);
	registration = &registrations[signo];
	registration->run = run;
	registration->arg = arg;
	atomic_store(&registration->arrived, false);
	atomic_store(&registration->loop, loop);
	sigemptyset(&action.sa_mask);
	if (sigaction(signo, &action, &registration->previous) < 0) {
		int code = -errno;

		atomic_store(&registration->loop, NULL);
		return code;
	}
	loop->signals++;
	return 0;
}

int async_remove_signal_handler(int signo)
{
	struct async_loop *loop = loop_here("?", "async_remove_signal_handler");
	struct registration *registration;

	if (signo < 1 || signo >= SIGNALS)
		return ASYNC_EINVAL;
	registration = &registrations[signo];
	if (atomic_load(&registration->loop) != loop)
		return ASYNC_EINVAL;
	sigaction(signo, &registration->previous, NULL);
	async_handle_cancel(&registration->handle);
	atomic_store(&registration->loop, NULL);
	loop->signals--;
	return 0;
}

void signal_deliver(struct async_loop *loop)
{
	atomic_store(&loop->has_signals, false);
	for (int signo = 1; signo < SIGNALS; signo++) {
		struct registration *registration = &registrations[signo];

		if (atomic_load(&registration->loop) != loop ||
		    !atomic_exchange(&registration->arrived, false) ||
		    list_linked(&registration->handle.node))
			continue;
		registration->handle.run = registration->run;
		registration->handle.arg = registration->arg;
		loop_call_soon(loop, &registration->handle);
	}
}

void signal_close(struct async_loop *loop)
{
	for (int signo = 1; signo < SIGNALS; signo++)
		if (atomic_load(&registrations[signo].loop) == loop)
			async_remove_signal_handler(signo);
}
