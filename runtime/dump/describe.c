/* SPDX-License-Identifier: MIT */
/*
 * describe.c - what a task waits for, in words; what wait.h promises to the kinds of waits.
 *
 * A pointer to a kind is believed only if the kind points to itself: what is read from the stack of a
 * task that has just gone on may be anything.
 */
#include "runtime/dump/dump.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "runtime/wait.h"

struct wait_view {
	struct dump *dump;
	char *text; /* DUMP_LINE bytes; NULL: only the edges are wanted */
	size_t used;
	void (*edge)(struct dump *dump, uint64_t id);
};

/* ---- For the kinds --------------------------------------------------------------------------- */

bool wait_peek(struct wait_view *view, void *copy, const void *from, size_t size)
{
	return view->dump->peeks++ < DUMP_PEEKS && dump_peek(view->dump, copy, from, size);
}

void wait_say(struct wait_view *view, const char *format, ...)
{
	va_list arguments;
	int length;

	if (!view->text)
		return;
	va_start(arguments, format);
	length = vsnprintf(view->text + view->used, DUMP_LINE - view->used, format, arguments);
	va_end(arguments);
	view->used += length > 0 ? (size_t)length : 0;
	if (view->used >= DUMP_LINE)
		view->used = DUMP_LINE - 1;
}

/* What a peer has sent may be among it. */
void wait_say_text(struct wait_view *view, const char *text)
{
	char copy[DUMP_LINE];

	if (!view->text)
		return;
	dump_copy_text(view->dump, text, copy);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	wait_say(view, "%.100s", copy);
}

static double seconds(int64_t ns)
{
	return (double)ns / (double)TIMER_SECOND;
}

void wait_say_time_until(struct wait_view *view, int64_t when)
{
	wait_say(view, "%.1f s", when > view->dump->now ? seconds(when - view->dump->now) : 0.0);
}

void wait_say_function(struct wait_view *view, const void *function)
{
	const struct symbol_stack stack = { .registers.pc = (uintptr_t)function };
	struct symbol_frame *frame = view->dump->frames;
	struct symbols *symbols;

	if (!view->text)
		return;
	symbols = dump_symbols(view->dump);
	if (!symbols || symbol_unwind(symbols, &stack, frame, DUMP_FRAMES) == 0)
		wait_say(view, "%p", function);
	else if (frame->function[0])
		wait_say(view, "%s", frame->function);
	else
		wait_say(view, "%s+0x%lx", frame->module, (unsigned long)frame->offset);
}

void wait_say_task(struct wait_view *view, uint64_t id)
{
	char name[DUMP_LINE];

	if (!view->text)
		return;
	dump_describe_name(view->dump, id, name);
	wait_say(view, "%s", name);
}

void wait_on_task(struct wait_view *view, uint64_t id)
{
	if (view->edge)
		view->edge(view->dump, id);
}

static uint64_t task_behind(struct wait_view *view, const struct async_future *future)
{
	struct task task;

	if (!wait_peek_around(view, &task, future, future) || task.future.kind != &task_kind)
		return 0;
	return task.id;
}

uint64_t wait_on(struct wait_view *view, const struct async_future *future)
{
	struct async_future copy;
	uint64_t id;

	if (!wait_peek(view, &copy, future, sizeof copy) || copy.kind != &task_kind)
		return 0;
	id = task_behind(view, future);
	if (id)
		wait_on_task(view, id);
	return id;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

void dump_describe_name(struct dump *dump, uint64_t id, char line[DUMP_LINE])
{
	int32_t index = dump_find(dump, id);
	char name[DUMP_LINE];
	struct task task;

	if (index == DUMP_NONE || !dump_task(dump, (size_t)index, &task)) {
		snprintf(line, DUMP_LINE, "task %llu", (unsigned long long)id);
		return;
	}
	if (task.name)
		dump_copy_text(dump, task.name, name);
	else
		task_name(&task, name);
	snprintf(line, DUMP_LINE, "task %llu \"%.*s\"", (unsigned long long)id, TASK_NAME, name);
}

/* True when the task waits for something outside itself, which view then holds. */
static bool describe(struct wait_view *view, const struct task *task)
{
	struct async_future_kind kind = { 0 };
	struct async_future future;

	if (task->state == TASK_RUNNING || !task->started) {
		wait_say(view, "%s",
			 !task->started			      ? "not started"
			 : task->id == view->dump->current_id ? "running"
							      : "has started another task eagerly");
		return false;
	}
	if (!task->waiting || !wait_peek(view, &future, task->waiting, sizeof future) ||
	    future.state != ASYNC_PENDING) {
		wait_say(view, "ready");
		return false;
	}
	if (future.kind &&
	    (!wait_peek(view, &kind, future.kind, sizeof kind) || kind.self != future.kind)) {
		wait_say(view, "unknown");
		return false;
	}
	wait_say(view, "%s", kind.what ? kind.what : "a future");
	if (kind.describe)
		kind.describe(view, task->waiting);
	return true;
}

void dump_edges(struct dump *dump, const struct task *task,
		void (*edge)(struct dump *dump, uint64_t id))
{
	struct wait_view view = { .dump = dump, .edge = edge };

	describe(&view, task);
}

void dump_describe_wait(struct dump *dump, const struct task *task, char line[DUMP_LINE])
{
	struct wait_view view = { .dump = dump, .text = line };

	line[0] = '\0';
	describe(&view, task);
}

/* The first that will end the wait, if nothing else does. */
static void say_deadline(struct wait_view *view, const struct task *task)
{
	const struct async_timeout *at = task->limit;
	struct async_timeout limit;
	int64_t first = INT64_MAX;

	for (int i = 0; i < 16 && wait_peek(view, &limit, at, sizeof limit); i++) {
		if (limit.timer.pending && limit.timer.when < first)
			first = limit.timer.when;
		at = limit.outer;
	}
	if (first == INT64_MAX)
		return;
	wait_say(view, ", deadline in ");
	wait_say_time_until(view, first);
}

void dump_describe(struct dump *dump, const struct task *task, char line[DUMP_LINE])
{
	struct wait_view view = { .dump = dump, .text = line };

	line[0] = '\0';
	if (describe(&view, task))
		wait_say(&view, ", %.1f s", fmax(seconds(dump->now - task->waiting_since), 0));
	say_deadline(&view, task);
	if (task->cancelling || task->must_cancel)
		wait_say(&view, ", being cancelled");
}
