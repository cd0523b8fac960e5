/* SPDX-License-Identifier: MIT */
/*
 * output.c - where reports go: to the program's callback, or written in the format that was asked
 * for. What follows from a finding, too: abort, and the exit code of the process.
 */
#include "runtime/watchdog/internal.h"
#include "runtime/say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Counts of the process ------------------------------------------------------------------- */

static atomic_uint findings, starved, stopped;

unsigned async_watchdog_stalls(void)
{
	return atomic_load(&findings);
}

unsigned async_watchdog_starved(void)
{
	return atomic_load(&starved);
}

unsigned async_watchdog_stopped(void)
{
	return atomic_load(&stopped);
}

unsigned watchdog_count(enum async_verdict verdict)
{
	atomic_uint *count = verdict == ASYNC_VERDICT_STARVED	? &starved
			     : verdict == ASYNC_VERDICT_STOPPED ? &stopped
								: &findings;

	return atomic_fetch_add(count, 1) + 1;
}

/* ---- The exit code --------------------------------------------------------------------------- */

static _Atomic(int) exit_code;
static _Atomic(pid_t) exit_process; /* a child after fork() ends as it likes */

/* After the program's own atexit() functions. What stdio still holds would be lost otherwise. */
__attribute__((destructor)) static void end_process(void)
{
	if (atomic_load(&exit_code) == 0 || atomic_load(&findings) == 0 ||
	    atomic_load(&exit_process) != getpid())
		return;
	fflush(NULL);
	_exit(atomic_load(&exit_code));
}

/* ---- The file -------------------------------------------------------------------------------- */

void watchdog_output_open(struct watchdog *w)
{
	char text[512];

	w->output = -1;
	if (w->options.exit_code != 0) {
		atomic_store(&exit_process, w->process);
		atomic_store(&exit_code, w->options.exit_code);
	}
	if (w->options.file[0] == '\0')
		return;
	w->output = open(w->options.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (w->output >= 0)
		return;
	snprintf(text, sizeof(text), "[watchdog] reports go to stderr: %s cannot be opened: %s\n",
		 w->options.file, strerror(errno));
	say_all(text, strlen(text));
}

void watchdog_output_close(struct watchdog *w)
{
	if (w->output >= 0)
		close(w->output);
}

static void put(const struct watchdog *w, size_t length)
{
	say_all_to(w->output >= 0 ? w->output : STDERR_FILENO, w->text, length);
}

/* ---- Reports --------------------------------------------------------------------------------- */

static void call_back(struct watchdog *w, const struct watchdog_stall *from,
		      enum watchdog_event event)
{
	const struct symbol_frame *culprit = watchdog_culprit(from);
	struct async_stall stall = {
		.task = from->slices.count > 0 ? "a turn" : from->who,
		.function = culprit && culprit->function[0] ? culprit->function : NULL,
		.file = culprit && culprit->line > 0 ? culprit->file : NULL,
		.line = culprit ? culprit->line : 0,
		.seconds = (double)from->held / 1e9,
		.ended = event == STALL_ENDED,
		.text = w->text,
		.verdict = watchdog_verdict(from),
		.number = from->number,
		.cpu = (double)from->cpu / 1e9,
		.blocked = (double)from->blocked / 1e9,
		.waiting = (double)from->waiting / 1e9,
	};

	watchdog_format(ASYNC_REPORT_TEXT, event, from, false, w->text, sizeof(w->text));
	w->options.report(&stall, w->options.arg);
}

void watchdog_emit(struct watchdog *w, const struct watchdog_stall *stall,
		   enum watchdog_event event, bool hidden)
{
	if (w->options.report == NULL)
		put(w, watchdog_format(w->options.format, event, stall, hidden, w->text,
				       sizeof(w->text)));
	else if (!hidden)
		call_back(w, stall, event);
	if (w->options.abort && event == STALL_BEGAN &&
	    watchdog_is_finding(watchdog_verdict(stall)))
		abort();
}

void watchdog_emit_text(struct watchdog *w, size_t length)
{
	if (w->options.report == NULL && w->options.format == ASYNC_REPORT_TEXT)
		put(w, length);
}

void watchdog_emit_total(struct watchdog *w)
{
	const struct watchdog_totals *totals = &w->totals;
	bool any = totals->findings > 0 ||
		   (w->options.excuses && totals->starved + totals->stopped > 0);

	if (w->options.report == NULL && any)
		put(w, watchdog_format_total(w->options.format, totals, w->text, sizeof(w->text)));
}
