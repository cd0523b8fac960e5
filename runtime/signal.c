/* SPDX-License-Identifier: MIT */
/*
 * signal.c - loop.add_signal_handler(): the handler sets a flag and wakes the loop; the callback
 * runs on the loop. A signal belongs to the loop that asked for it last.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "runtime/list.h"
#include "runtime/loop.h"
#include "runtime/portable.h"
#include "runtime/signal.h"

#define SIGNALS 65

enum purpose { CALLBACK, INTERRUPT, REPORT };

struct registration {
	struct async_loop *_Atomic loop;
	atomic_bool arrived;
	struct sigaction previous;
	struct async_handle handle;
	void (*run)(void *arg);
	void *arg;
	enum purpose purpose;
	_Atomic(int64_t) arrived_at;
};

#define STUCK_AFTER (TIMER_SECOND / 2)
#define REPEATED_WITHIN (2 * TIMER_SECOND)

static struct registration registrations[SIGNALS];
static atomic_int arriving; /* handlers that run now */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * TIMER_SECOND + time.tv_nsec;
}

static void give_up(const struct registration *registration, int signo)
{
	sigaction(signo, &registration->previous, NULL);
	raise(signo);
}

/* An interrupt that nobody looks at: the loop is stuck, and the next one must not be in vain, too. */
static void note_time(struct registration *registration, int signo)
{
	if (!atomic_load(&registration->arrived)) {
		atomic_store(&registration->arrived_at, now());
	} else if (now() - atomic_load(&registration->arrived_at) > STUCK_AFTER) {
		give_up(registration, signo);
	}
}

/* Who asks again at once does not want a report. */
static void note_request(struct registration *registration, struct async_loop *loop, int signo)
{
	int64_t time = now(), before = atomic_exchange(&registration->arrived_at, time);

	if (before && time - before < REPEATED_WITHIN)
		give_up(registration, signo);
	else
		atomic_store(&loop->heartbeat.asked_at, time);
}

/* Async-signal-safe: atomics, the clock, and a wake-up that is a write. */
static void arrive(int signo)
{
	struct async_loop *loop;
	int saved = errno;

	atomic_fetch_add(&arriving, 1);
	loop = atomic_load(&registrations[signo].loop);
	if (loop) {
		if (registrations[signo].purpose == INTERRUPT)
			note_time(&registrations[signo], signo);
		else if (registrations[signo].purpose == REPORT)
			note_request(&registrations[signo], loop, signo);
		atomic_store(&registrations[signo].arrived, true);
		atomic_store(&loop->has_signals, true);
		poller_wake(loop->poller);
	}
	atomic_fetch_sub(&arriving, 1);
	errno = saved;
}

/* The handler may run on any thread: it must not have the loop any more when that closes. */
static void forget_loop(struct registration *registration)
{
	atomic_store(&registration->loop, NULL);
	while (atomic_load(&arriving))
		sched_yield();
}

static int add(struct async_loop *loop, int signo, void (*run)(void *arg), void *arg,
	       enum purpose purpose)
{
	struct sigaction action = { .sa_handler = arrive, .sa_flags = SA_RESTART };
	struct registration *registration;

	must(run, "async_add_signal_handler: a callable object was expected, got NULL");
	if (signo < 1 || signo >= SIGNALS)
		return async_raise(ASYNC_EINVAL, "invalid signal number %d", signo);
	if (!portable_is_main_thread())
		return async_raise(ASYNC_ERUNTIME,
				   "add_signal_handler() only works in the main thread");
	async_remove_signal_handler(signo);
	registration = &registrations[signo];
	registration->run = run;
	registration->arg = arg;
	registration->purpose = purpose;
	atomic_store(&registration->arrived_at, 0);
	atomic_store(&registration->arrived, false);
	atomic_store(&registration->loop, loop);
	sigemptyset(&action.sa_mask);
	if (sigaction(signo, &action, &registration->previous) < 0) {
		int code = -errno;

		atomic_store(&registration->loop, NULL);
		return code;
	}
	loop->signals += purpose == CALLBACK;
	return 0;
}

int async_add_signal_handler(int signo, void (*run)(void *arg), void *arg)
{
	return add(loop_here("?", "async_add_signal_handler"), signo, run, arg, CALLBACK);
}

int signal_add_interrupt(int signo, void (*run)(void *arg), void *arg)
{
	return add(loop_here("?", "async_run"), signo, run, arg, INTERRUPT);
}

int signal_add_report(int signo, void (*run)(void *arg), void *arg)
{
	return add(loop_here("?", "async_run"), signo, run, arg, REPORT);
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
	forget_loop(registration);
	loop->signals -= registration->purpose == CALLBACK;
	return 0;
}

void signal_remove_interrupts(struct async_loop *loop)
{
	for (int signo = 1; signo < SIGNALS; signo++)
		if (atomic_load(&registrations[signo].loop) == loop &&
		    registrations[signo].purpose != CALLBACK)
			async_remove_signal_handler(signo);
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
		if (registration->purpose == REPORT) {
			registration->run(registration->arg);
			continue;
		}
		registration->handle.run = registration->run;
		registration->handle.arg = registration->arg;
		loop_call_soon(loop, &registration->handle);
	}
}

int signal_of_handle(const void *handle)
{
	uintptr_t first = (uintptr_t)&registrations[0].handle, at = (uintptr_t)handle;

	return at >= first && at - first < sizeof registrations
		       ? (int)((at - first) / sizeof registrations[0])
		       : 0;
}

void signal_close(struct async_loop *loop)
{
	for (int signo = 1; signo < SIGNALS; signo++)
		if (atomic_load(&registrations[signo].loop) == loop)
			async_remove_signal_handler(signo);
}
