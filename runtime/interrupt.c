/* SPDX-License-Identifier: MIT */
/*
 * interrupt.c - what asyncio.run() does about SIGINT: the first cancels main, the second does not
 * wait for it; and SIGQUIT, which prints all tasks. Only where the signal would have killed the
 * process, and only in its main thread.
 */
#include "runtime/interrupt.h"

#include <signal.h>

#include "runtime/cancel.h"
#include "runtime/dump/dump.h"
#include "runtime/portable.h"
#include "runtime/signal.h"

static const int signals_of[][2] = {
	[ASYNC_SIGINT] = { SIGINT, 0 },
	[ASYNC_SIGINT_SIGTERM] = { SIGINT, SIGTERM },
	[ASYNC_NO_SIGNALS] = { 0, 0 },
};

static void arrived(void *arg)
{
	struct interrupt *interrupt = arg;

	if (++interrupt->count == 1 && !async_future_done(&interrupt->main->future))
		task_cancel(interrupt->main, NULL);
	else
		interrupt->loop->stopping = true;
}

static void asked(void *loop)
{
	dump_answer(loop);
}

static bool has_default(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
	       now.sa_handler == SIG_DFL;
}

void interrupt_begin(struct interrupt *interrupt, struct async_loop *loop, struct task *main,
		     enum async_signals signals)
{
	*interrupt = (struct interrupt){ .loop = loop, .main = main };
	if (!portable_is_main_thread())
		return;
	for (int i = 0; i < 2; i++)
		if (signals_of[signals][i] && has_default(signals_of[signals][i]))
			signal_add_interrupt(signals_of[signals][i], arrived, interrupt);
	if (signals != ASYNC_NO_SIGNALS && has_default(SIGQUIT))
		signal_add_report(SIGQUIT, asked, loop);
}

int interrupt_end(struct interrupt *interrupt, int rc)
{
	struct task *main = interrupt->main;

	signal_remove_interrupts(interrupt->loop);
	if (interrupt->count > 1 && !async_future_done(&main->future))
		return ASYNC_EINTERRUPTED;
	if (rc == 0 && interrupt->count && async_future_cancelled(&main->future) &&
	    task_uncancel(main) == 0) {
		main->future.retrieved = true;
		return ASYNC_EINTERRUPTED;
	}
	return rc;
}
