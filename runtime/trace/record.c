/* SPDX-License-Identifier: MIT */
/*
 * record.c - the loop's side: an event into the ring.
 *
 * One writer and no lock. An event is complete before head counts it, and head counts it before the
 * next one overwrites the oldest, so a reader on another thread, or in a signal handler, can tell
 * which of the events that it copied were whole.
 */
#include "runtime/trace/trace.h"

#include <string.h>
#include <time.h>

#include "runtime/fd.h"
#include "runtime/list.h"
#include "runtime/trace/clock.h"
#include "runtime/trace/recorder.h"
#include "runtime/wait.h"

static inline void put_at(struct trace *trace, int64_t when, enum trace_kind kind, unsigned why,
			  uint32_t id, int64_t value)
{
	uint64_t head = atomic_load_explicit(&trace->head, memory_order_relaxed);
	_Atomic(uint64_t) *words = trace->words + 3 * (head & trace->mask);
	uint64_t rest = id | (uint64_t)kind << 32 | (uint64_t)why << 40;

	/* Released, so that whoever sees one of these words also sees head as it is now. */
	atomic_store_explicit(&words[0], (uint64_t)when, memory_order_release);
	atomic_store_explicit(&words[1], (uint64_t)value, memory_order_release);
	atomic_store_explicit(&words[2], rest, memory_order_release);
	atomic_store_explicit(&trace->head, head + 1, memory_order_release);
}

void trace_put(struct trace *trace, enum trace_kind kind, unsigned why, uint32_t id, int64_t value)
{
	put_at(trace, clock_ticks(trace), kind, why, id, value);
}

void trace_put_turn(struct async_loop *loop)
{
	struct trace *trace = loop->trace;
	int64_t now = clock_ticks(trace);

	if (loop->timers.root)
		put_at(trace, now, TRACE_NEXT, 0, 0, loop->timers.root->when);
	put_at(trace, now, TRACE_TURN, !list_empty(&loop->ready), 0,
	       (int64_t)atomic_load(&loop->heartbeat.turn));
	trace_set_cause(trace, TRACE_LOOP, 0);
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static void describe(struct trace *trace, struct task *task, int64_t now)
{
	uint32_t id = (uint32_t)task->id;
	char part[8];

	task->described = atomic_load_explicit(&trace->head, memory_order_relaxed) + 1;
	put_at(trace, now, TRACE_PLACE, 0, id, (intptr_t)task->created_at);
	put_at(trace, now, TRACE_LABEL, 0, id, (intptr_t)task->label);
	if (!task->name)
		return;
	for (size_t i = 0, length = strlen(task->name); i < TRACE_NAME_PARTS && 8 * i < length;
	     i++) {
		int64_t value;

		memset(part, 0, sizeof part);
		memcpy(part, task->name + 8 * i, length - 8 * i < 8 ? length - 8 * i : 8);
		memcpy(&value, part, sizeof value);
		put_at(trace, now, TRACE_NAME, (unsigned)i, id, value);
	}
}

void trace_put_create(struct trace *trace, struct task *task)
{
	int64_t now = clock_ticks(trace);

	put_at(trace, now, TRACE_CREATE, trace->cause, (uint32_t)task->id, trace->cause_value);
	describe(trace, task, now);
}

void trace_put_resume(struct async_loop *loop, struct task *task)
{
	struct trace *trace = loop->trace;
	int64_t now = clock_ticks(trace);

	if (atomic_load_explicit(&trace->head, memory_order_relaxed) - task->described >
	    trace->mask / 2)
		describe(trace, task, now);
	put_at(trace, now, TRACE_RESUME, 0, (uint32_t)task->id, 0);
	trace_set_cause(trace, TRACE_BY_TASK, (uint32_t)task->id);
}

void trace_put_yield(struct async_loop *loop, const struct task *task)
{
	struct trace *trace = loop->trace;
	struct async_future *future = task->waiting;
	const struct task *awaited = future ? task_of_future(future) : NULL;

	if (!future)
		trace_set_wait(trace, TRACE_WAIT_YIELD, 0);
	else if (awaited)
		trace_set_wait(trace, TRACE_WAIT_TASK, (uint32_t)awaited->id);
	else if (trace->wait == TRACE_WAIT_KIND && future->kind)
		trace_set_wait(trace, TRACE_WAIT_KIND, (intptr_t)future->kind->what);
	trace_put(trace, TRACE_YIELD, trace->wait, (uint32_t)task->id, trace->wait_value);
	trace_set_wait(trace, TRACE_WAIT_KIND, 0);
}

/* Who awaits a task that ends cancelled is not cancelled itself. */
void trace_put_wakes(struct trace *trace, struct async_future *future)
{
	bool cancelled = future->state == ASYNC_CANCELLED && !task_of_future(future);
	unsigned why = trace->cause | (cancelled ? TRACE_CANCELLED : 0u);

	list_for_each(node, &future->callbacks) {
		const struct async_handle *handle = container_of(node, struct async_handle, node);

		if (handle->run == task_step)
			trace_put(trace, TRACE_WAKE, why,
				  (uint32_t)((const struct task *)handle->arg)->id,
				  trace->cause_value);
	}
}

/* ---- What else happens on a loop ------------------------------------------------------------- */

void trace_put_callback(struct async_loop *loop, const struct async_handle *handle)
{
	int fd = watch_fd(loop, handle);

	trace_put(loop->trace, TRACE_CALLBACK, 0, 0, (intptr_t)handle->run);
	trace_set_cause(loop->trace, fd < 0 ? TRACE_BY_CALLBACK : TRACE_BY_FD, fd);
}

void trace_put_fd(struct trace *trace, const struct poll_event *event)
{
	trace_put(trace, TRACE_FD, event->bits, 0, event->fd);
	trace_set_cause(trace, TRACE_BY_FD, event->fd);
}

void trace_set_cause(struct trace *trace, unsigned by, int64_t value)
{
	trace->cause = (uint8_t)by;
	trace->cause_value = value;
}

void trace_set_cause_future(struct trace *trace, struct async_future *future)
{
	const struct task *task = task_of_future(future);

	if (task && trace->cause == TRACE_BY_CALLBACK)
		trace_set_cause(trace, TRACE_BY_TASK | TRACE_BY_END, (uint32_t)task->id);
}

void trace_set_wait(struct trace *trace, enum trace_wait wait, int64_t value)
{
	trace->wait = (uint8_t)wait;
	trace->wait_value = value;
}

void trace_set_wait_fds(struct trace *trace, const struct fd_want *wants, int count)
{
	if (count > 1)
		trace_set_wait(trace, TRACE_WAIT_FDS, count);
	else
		trace_set_wait(trace,
			       wants->direction == FD_READ ? TRACE_WAIT_READABLE
							   : TRACE_WAIT_WRITABLE,
			       wants->fd);
}
