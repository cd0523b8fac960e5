/* SPDX-License-Identifier: MIT */
/*
 * stuck.c - SIGQUIT has asked for all tasks, and the loop does not get to it: the monitor answers
 * instead, from the tasks' blocks, and says where the loop is.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/base.h"
#include "runtime/dump/dump.h"
#include "runtime/say.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The stall's own report has the frames of a callback; a task is among the tasks. */
static void say_where(struct watchdog *w, bool callback, int64_t since)
{
	struct watchdog_stall *stall = &w->stall;
	char text[1024];
	int length;

	length = snprintf(text, sizeof(text),
			  "The loop is stuck: it has not answered for %lld ms, in %s%s%s.\n",
			  (long long)(since / 1000000), callback ? "" : "task \"", stall->who,
			  callback ? "" : "\"");
	if (w->capture.failure != NULL)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "  where     unknown: %s\n", w->capture.failure);
	else
		length += (int)watchdog_report_stack(stall, text + length,
						     sizeof(text) - (size_t)length);
	say_all(text, (size_t)length);
}

/* False when the loop has gone on. */
static bool look(struct watchdog *w, const struct task *task, uint32_t generation)
{
	struct watchdog_stall *stall = &w->stall;
	uintptr_t low = w->low, high = w->high;

	/* The end of another one is still to be told, with what is known of it. */
	if (w->slice.generation != 0 && w->slice.generation != generation)
		return false;
	watchdog_who(w->hb, task, stall);
	if (task != NULL) {
		low = stall->view.stack_low;
		high = stall->view.stack_high;
	}
	w->capture.bytes = (unsigned char *)w->copy;
	w->work.looked = true;
	if (!watchdog_capture(&w->capture, w->tid, low, high, w->hb, generation))
		return false;
	stall->failure = w->capture.failure;
	stall->frame_count = w->capture.failure ? 0
						: symbol_unwind(w->symbols, &w->capture.stack,
								stall->frames, WATCHDOG_FRAMES);
	return true;
}

static void answer(struct watchdog *w, const struct task *task, uint32_t generation, int64_t since)
{
	say_where(w, task == NULL, since);
	dump_make(&(struct dump_request){
		.loop = container_of(w->hb, struct async_loop, heartbeat),
		.fd = STDERR_FILENO,
		.tree = true,
		.stacks = true,
		.generation = generation,
		.current = task,
		.running = w->capture.failure ? NULL : &w->capture.stack,
		.symbols = w->symbols,
	});
}

void watchdog_answer_for_loop(struct watchdog *w)
{
	int64_t asked_at = atomic_load(&w->hb->asked_at), since = watchdog_now() - asked_at;
	uint32_t generation = atomic_load(&w->hb->generation);
	const struct task *task = atomic_load(&w->hb->task);

	if (asked_at == 0 || since < w->options.limit || !(generation & 1))
		return;
	/* Whoever takes the request away answers it. */
	if (look(w, task, generation) &&
	    atomic_compare_exchange_strong(&w->hb->asked_at, &asked_at, 0))
		answer(w, task, generation, since);
}
