/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the hooks of the flight recorder: one line each where something happens.
 *
 * Off, a hook is a load and a branch that is never taken, and where probes are compiled in a nop.
 * On, it writes an event into the loop's ring: no lock, no allocation, no system call. All hooks run
 * on the loop's own thread, but for trace_stall_*(), which are the watchdog's.
 */
#ifndef LOOPHOUND_RUNTIME_TRACE_TRACE_H
#define LOOPHOUND_RUNTIME_TRACE_TRACE_H

#include "runtime/fd.h"
#include "runtime/future.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/trace/event.h"
#ifndef TRACE_PROBES /* probe_sdt.h or probe_none.h: the Makefile's PROBES */
#define TRACE_PROBES "runtime/trace/probe_none.h"
#endif
#include TRACE_PROBES

struct trace;

/* What the environment or the program asks for. NULL: nothing, or it cannot be had, which is said. */
struct trace *trace_open(struct async_loop *loop);
/* Writes what is to be written at the end. NULL is fine. */
void trace_close(struct trace *trace);

/* record.c */
void trace_put(struct trace *trace, enum trace_kind kind, unsigned why, uint32_t id, int64_t value);
void trace_put_turn(struct async_loop *loop);
void trace_put_create(struct trace *trace, struct task *task);
void trace_put_resume(struct async_loop *loop, struct task *task);
void trace_put_yield(struct async_loop *loop, const struct task *task);
void trace_put_wakes(struct trace *trace, struct async_future *future);
void trace_put_callback(struct async_loop *loop, const struct async_handle *handle);
void trace_put_fd(struct trace *trace, const struct poll_event *event);
void trace_set_cause(struct trace *trace, unsigned by, int64_t value);
void trace_set_cause_future(struct trace *trace, struct async_future *future);
void trace_set_wait(struct trace *trace, enum trace_wait wait, int64_t value);
void trace_set_wait_fds(struct trace *trace, const struct fd_want *wants, int count);

/* stall.c: the heartbeat's loop has been held since begin, returns its number; that has ended. ns. */
uint32_t trace_stall_begin(const struct heartbeat *hb, int64_t begin, uint32_t task,
			   const char *text);
void trace_stall_end(const struct heartbeat *hb, uint32_t number, int64_t end);

/* Always in place: a call would cost more than what it may be for. */
#define HOOK static inline __attribute__((always_inline))
#define TRACING(trace) __builtin_expect((trace) != NULL, 0)

HOOK void trace_turn(struct async_loop *loop)
{
	TRACE_PROBE2(turn, loop, atomic_load(&loop->heartbeat.turn));
	if (TRACING(loop->trace))
		trace_put_turn(loop);
}

HOOK void trace_poll(struct async_loop *loop, int64_t timeout)
{
	TRACE_PROBE2(poll, loop, timeout);
	if (TRACING(loop->trace))
		trace_put(loop->trace, TRACE_POLL, 0, 0, timeout);
}

HOOK void trace_polled(struct async_loop *loop, int count)
{
	TRACE_PROBE2(polled, loop, count);
	if (TRACING(loop->trace))
		trace_put(loop->trace, TRACE_POLLED, 0, 0, count);
}

HOOK void trace_fd(struct async_loop *loop, const struct poll_event *event)
{
	TRACE_PROBE3(fd, loop, event->fd, event->bits);
	if (TRACING(loop->trace))
		trace_put_fd(loop->trace, event);
}

HOOK void trace_timer(struct async_loop *loop, int64_t late)
{
	TRACE_PROBE2(timer, loop, late);
	if (TRACING(loop->trace))
		trace_put(loop->trace, TRACE_TIMER, 0, 0, late);
}

HOOK void trace_callback(struct async_loop *loop, const struct async_handle *handle)
{
	TRACE_PROBE2(callback, loop, handle->run);
	if (TRACING(loop->trace))
		trace_put_callback(loop, handle);
}

HOOK void trace_called(struct async_loop *loop)
{
	TRACE_PROBE1(called, loop);
	if (TRACING(loop->trace))
		trace_put(loop->trace, TRACE_CALLED, 0, 0, 0);
}

HOOK void trace_create(struct task *task)
{
	TRACE_PROBE4(create, task->loop, task->id, task->label, task->created_at);
	if (TRACING(task->loop->trace))
		trace_put_create(task->loop->trace, task);
}

HOOK void trace_resume(struct async_loop *loop, struct task *task)
{
	TRACE_PROBE3(resume, loop, task->id, task->label);
	if (TRACING(loop->trace))
		trace_put_resume(loop, task);
}

/* Back on the loop, to which it switched: task->waiting and waiting_at tell why. */
HOOK void trace_yield(struct async_loop *loop, const struct task *task)
{
	TRACE_PROBE3(yield, loop, task->id, task->waiting_at);
	if (TRACING(loop->trace))
		trace_put_yield(loop, task);
}

/* An eager start: the creator, which may be NULL, steps back for the new task, and comes again. */
HOOK void trace_step_back(struct async_loop *loop, const struct task *creator)
{
	if (TRACING(loop->trace) && creator)
		trace_put(loop->trace, TRACE_YIELD, TRACE_WAIT_EAGER, (uint32_t)creator->id, 0);
}

HOOK void trace_step_forth(struct async_loop *loop, struct task *creator)
{
	if (TRACING(loop->trace) && creator)
		trace_put_resume(loop, creator);
}

HOOK void trace_end(const struct task *task)
{
	TRACE_PROBE3(end, task->loop, task->id, task->future.result);
	if (TRACING(task->loop->trace))
		trace_put(task->loop->trace, TRACE_END, 0, (uint32_t)task->id, task->future.result);
}

/* Before the future's callbacks become ready: tasks among them are woken. */
HOOK void trace_wakes(struct async_loop *loop, struct async_future *future)
{
	TRACE_PROBE3(wake, loop, future, future->kind);
	if (TRACING(loop->trace))
		trace_put_wakes(loop->trace, future);
}

/* Is there anybody who wants to know how long jobs are queued? */
HOOK bool trace_on(const struct async_loop *loop)
{
	return TRACING(loop->trace);
}

HOOK void trace_offload(struct async_loop *loop, const struct task *task, uint32_t job)
{
	TRACE_PROBE3(offload, loop, task->id, job);
	if (TRACING(loop->trace))
		trace_put(loop->trace, TRACE_OFFLOAD, 0, (uint32_t)task->id, job);
}

/* queued_us: for so long no thread had begun it; 0: unknown. */
HOOK void trace_offloaded(struct async_loop *loop, const struct task *task, uint32_t job,
			  uint32_t queued_us)
{
	TRACE_PROBE3(offloaded, loop, task->id, job);
	if (TRACING(loop->trace))
		trace_put(loop->trace, TRACE_OFFLOADED, 0, (uint32_t)task->id,
			  TRACE_JOB(job, queued_us));
}

/* Whoever is woken from here on is so by this, until the next slice or ready fd. */
HOOK void trace_cause(struct async_loop *loop, enum trace_by by, int64_t value)
{
	if (TRACING(loop->trace))
		trace_set_cause(loop->trace, by, value);
}

/* In a callback of a future's: the task that it is, if it is one, wakes whoever is woken from here. */
HOOK void trace_cause_future(struct async_future *future)
{
	if (TRACING(loop_current->trace))
		trace_set_cause_future(loop_current->trace, future);
}

/* What the wait that begins now is for, where its kind's word is not all. */
HOOK void trace_waits(struct async_loop *loop, enum trace_wait wait, int64_t value)
{
	if (TRACING(loop->trace))
		trace_set_wait(loop->trace, wait, value);
}

HOOK void trace_waits_for_fds(struct async_loop *loop, const struct fd_want *wants, int count)
{
	if (TRACING(loop->trace))
		trace_set_wait_fds(loop->trace, wants, count);
}

#endif
