/* SPDX-License-Identifier: MIT */
/*
 * watchdog.c - the loop's side of the watchdog: starting and stopping the monitor, waking it, and
 * asking it a question from a signal handler.
 */
#include "runtime/watchdog/watchdog.h"

#include "runtime/altstack.h"
#include "runtime/watchdog/internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local struct watchdog *mine;

static void wake(struct heartbeat *hb, uint32_t bell)
{
	atomic_store(&hb->bell, bell);
	syscall(SYS_futex, &hb->bell, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void heartbeat_ring(struct heartbeat *hb)
{
	int saved = errno;

	if (atomic_load(&hb->bell) == HEARTBEAT_WATCH) {
		atomic_store(&hb->ended_at, watchdog_now());
		atomic_store(&hb->ended, atomic_load(&hb->generation));
	}
	wake(hb, HEARTBEAT_QUIET);
	errno = saved;
}

size_t watchdog_locate(const struct machine_registers *registers, uintptr_t low, uintptr_t high,
		       char *text, size_t size)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct watchdog_question *question = mine ? &mine->question : NULL;

	if (question == NULL || mine->process != getpid() ||
	    atomic_load(&question->state) != QUESTION_NONE)
		return 0;
	question->registers = *registers;
	question->low = low;
	question->high = high;
	atomic_store(&question->state, QUESTION_ASKED);
	wake(mine->hb, HEARTBEAT_QUIET);
	for (int i = 0; i < 1000 && atomic_load(&question->state) != QUESTION_ANSWERED; i++)
		nanosleep(&moment, NULL);
	if (atomic_load(&question->state) != QUESTION_ANSWERED || question->length > size)
		return 0;
	memcpy(text, question->answer, question->length);
	atomic_store(&question->state, QUESTION_NONE);
	return question->length;
}

/* ---- Starting and stopping ------------------------------------------------------------------- */

/* The stack on which this thread itself runs. Unknown bounds only shorten what is copied. */
static void find_own_stack(struct watchdog *w)
{
	pthread_attr_t attributes;
	void *low;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return;
	if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
		w->low = (uintptr_t)low;
		w->high = w->low + size;
	}
	pthread_attr_destroy(&attributes);
}

/* The program's signals are not the monitor's business. */
static int start_thread(struct watchdog *w)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = -pthread_create(&w->thread, NULL, watchdog_monitor, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void release(struct watchdog *w)
{
	watchdog_output_close(w);
	symbol_free(w->symbols);
	free(w);
}

int watchdog_start(struct watchdog **out, struct heartbeat *hb)
{
	static _Atomic(pid_t) started_in;
	struct watchdog_options options;
	struct watchdog *w;
	int rc;

	*out = NULL;
	if (!watchdog_options_get(&options))
		return 0;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ASYNC_ENOMEM;
	w->output = -1;
	w->symbols = symbol_new();
	rc = w->symbols ? -pthread_getcpuclockid(pthread_self(), &w->cpu_clock) : ASYNC_ENOMEM;
	if (rc != 0) {
		release(w);
		return rc;
	}
	w->hb = hb;
	w->options = options;
	w->process = getpid();
	w->tid = (pid_t)syscall(SYS_gettid);
	find_own_stack(w);
	watchdog_output_open(w);
	if (atomic_exchange(&started_in, w->process) != w->process)
		watchdog_capture_reset();
	atomic_store(&hb->bell, HEARTBEAT_QUIET);
	altstack_hold();
	rc = start_thread(w);
	if (rc != 0) {
		altstack_drop();
		release(w);
		return rc;
	}
	mine = w;
	*out = w;
	return 0;
}

void watchdog_stop(struct watchdog *w)
{
	static _Atomic(struct watchdog *) abandoned;

	if (w == NULL)
		return;
	mine = NULL;
	altstack_drop();
	if (w->process != getpid()) {
		/* After a fork there is no such thread here, and what it was doing is half done. */
		watchdog_output_close(w);
		w->abandoned = atomic_exchange(&abandoned, w);
		return;
	}
	wake(w->hb, HEARTBEAT_STOP);
	pthread_join(w->thread, NULL);
	release(w);
}
