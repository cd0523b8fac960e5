/* SPDX-License-Identifier: MIT */
/*
 * task.c - tasks: creation, steps, ends. All state transitions are here.
 *
 * A step runs until the task suspends or ends; the loop does all that follows from an end, when nobody
 * stands on the task's stack any more.
 */
#include "runtime/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cancel.h"
#include "runtime/future.h"
#include "runtime/list.h"
#include "runtime/local.h"
#include "runtime/scope.h"
#include "runtime/trace/trace.h"
#include "runtime/wait.h"

#define COPY_MAX 2048u

static _Thread_local int last_error;

int async_last_error(void)
{
	return last_error;
}

int task_set_last_error(int code)
{
	return last_error = code;
}

/* ---- Creation -------------------------------------------------------------------------------- */

static void task_main(void *arg);

struct task *task_of_future(struct async_future *future)
{
	return future->kind == &task_kind ? container_of(future, struct task, future) : NULL;
}

/* What the task is to run, and the copy of its argument: at the top of its own stack. */
struct body {
	int (*fn)(void *arg);
	void *arg;
	_Alignas(max_align_t) char copy[];
};

static struct body *body_of(const struct task *task)
{
	return (struct body *)((char *)task->context.low + task->context.size);
}

static int lay_out(struct task *task, int (*fn)(void *arg), void *arg, size_t copy)
{
	size_t size = task->stack->size, room = (sizeof(struct body) + copy + 63) & ~(size_t)63;
	struct body *body;

	if (copy > COPY_MAX || room + 4096 > size)
		return ASYNC_EINVAL;
	context_create(&task->context, task->stack->low, size - room, task_main, task);
	body = body_of(task);
	body->fn = fn;
	body->arg = copy ? memcpy(body->copy, arg, copy) : arg;
	return 0;
}

static int create(struct task **out, struct async_loop *loop, int (*fn)(void *arg), void *arg,
		  const struct async_task_options *options)
{
	struct task *task = slab_get(loop);
	int rc;

	if (!task)
		return ASYNC_ENOMEM;
	rc = stack_get(&loop->stacks, options->stack_size ? options->stack_size : loop->stack_size,
		       &task->stack);
	if (rc < 0)
		goto no_stack;
	rc = ASYNC_ENOMEM;
	if (options->name && !(task->name = slab_get_name(options->name)))
		goto no_name;
	rc = local_inherit(task, loop->current);
	if (rc < 0)
		goto no_name;
	rc = lay_out(task, fn, arg, options->copy);
	if (rc < 0)
		goto no_name;
	task->future.kind = &task_kind;
	task->references = 1;
	*out = task;
	return 0;
no_name:
	slab_put_name(task->name);
	extra_drop(task);
	task->name = NULL;
	stack_put(&loop->stacks, task->stack);
no_stack:
	slab_put(loop, task);
	return rc;
}

static struct task *create_unstarted(const char *here, const char *label, int (*fn)(void *arg),
				     void *arg, const struct async_task_options *options)
{
	static const struct async_task_options defaults;
	struct async_loop *loop = loop_here(here, "async_create_task");
	struct task *task;

	must(fn, "async_create_task at %s: a coroutine was expected, got NULL", here);
	must(arg || !options || !options->copy, "async_create_task at %s: a copy of NULL", here);

	last_error = create(&task, loop, fn, arg, options ? options : &defaults);
	if (last_error < 0)
		return NULL;
	task->created_at = here;
	task->label = label;
	task->id = ++loop->next_id;
	task->created_by = loop->current ? loop->current->id : 0;
	task->creator = loop->current;
	task->state = TASK_READY;
	task->step.run = task_step;
	task->step.arg = task;
	list_append(&loop->tasks, &task->all);
	trace_create(task);
	if (++loop->task_count > loop->peak_tasks)
		loop->peak_tasks = loop->task_count;
	return task;
}

static void start_eagerly(struct task *task);

/* As asyncio, a loop that does not run yet can only schedule. */
static void start(struct task *task, const struct async_task_options *options)
{
	if (options && options->eager_start && task->loop->running)
		start_eagerly(task);
	else
		loop_call_soon(task->loop, &task->step);
}

struct async_task *async_create_task_at(const char *here, const char *label, int (*fn)(void *arg),
					void *arg, const struct async_task_options *options)
{
	struct task *task = create_unstarted(here, label, fn, arg, options);

	if (!task)
		return NULL;
	task->held = true;
	task->references++;
	list_append(task->loop->current ? &task->loop->current->children : &task->loop->orphans,
		    &task->sibling);
	start(task, options);
	return task_handle(task);
}

int async_spawn_at(const char *here, const char *label, int (*fn)(void *arg), void *arg,
		   const struct async_task_options *options)
{
	struct task *task = create_unstarted(here, label, fn, arg, options);

	if (!task)
		return last_error;
	start(task, options);
	return 0;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static void task_main(void *arg)
{
	struct task *task = arg;
	const struct body *body = body_of(task);
	int rc = body->fn(body->arg);

	must(!task->limit, "a task ended inside a timeout that it began at %s",
	     task->limit_begun_at);
	if (task->extra || task->scopes)
		cleanup_run(task);
	/* Cancelled, and it never waited again to hear of it: the value is lost, as in asyncio. */
	if (task->must_cancel && rc >= 0) {
		rc = ASYNC_ECANCELED;
		task->lost = true;
		cancel_take_note(task);
	}
	task->future.result = rc;
	task->state = TASK_DONE;
	context_exit(&task->context, task->loop->back);
}

static void must_be_intact(struct task *task)
{
	char name[TASK_NAME];

	must(stack_intact(task->stack),
	     "stack overflow: task %s, created at %s, has run over its stack of %zu bytes",
	     task_name(task, name), task->created_at, task->stack->size);
}

/* Small enough to stand in each step: nearly all stacks have a guard. */
static inline void check_canary(struct task *task)
{
	if (!task->stack->guarded)
		must_be_intact(task);
}

static void free_stack(struct task *task)
{
	context_destroy(&task->context);
	stack_put(&task->loop->stacks, task->stack);
	task->stack = NULL;
}

static void end(struct task *task)
{
	task->state = TASK_DONE;
	task->must_cancel = false;
	list_remove(&task->all);
	task->loop->task_count--;
	task_release_children(task, "the end of the task that created it");
}

/* Nobody stands on its stack any more. */
static void leave(struct task *task)
{
	free_stack(task);
	end(task);
}

static void finish(struct task *task)
{
	struct async_loop *loop = task->loop;
	int rc = task->future.result;

	leave(task);
	if (task->doomed) {
		loop->doomed_pending--;
		list_append(&loop->doomed, &task->all);
	}
	future_complete(&task->future, rc == ASYNC_ECANCELED ? ASYNC_CANCELLED : ASYNC_FINISHED,
			rc);
	trace_end(task);
	task_drop(task);
}

void task_destroy(struct task *task)
{
	list_remove(&task->step.node);
	trace_end(task);
	leave(task);
	if (task->held)
		list_remove(&task->sibling);
	task_free(task);
}

/* The loop's reference stays, so that whoever finds a pointer to it finds a task that is done. */
void task_abandon(struct task *task)
{
	list_remove(&task->step.node);
	trace_end(task);
	end(task);
	task->waiting = NULL;
	task->future.state = ASYNC_CANCELLED;
	task->future.result = ASYNC_ECANCELED;
	list_append(&task->loop->abandoned, &task->all);
}

void task_free_abandoned(struct async_loop *loop)
{
	struct async_list *node;

	while ((node = list_take(&loop->abandoned))) {
		struct task *task = container_of(node, struct task, all);

		free_stack(task);
		task_drop(task);
	}
}

void task_step(void *arg)
{
	struct task *task = arg;
	struct async_loop *loop = task->loop;

	if (!task->started && task->must_cancel) {
		/* Cancelled before it began: the body never runs. */
		trace_resume(loop, task);
		task->future.result = ASYNC_ECANCELED;
		cancel_take_note(task);
		finish(task);
		return;
	}
	task->started = true;
	task->state = TASK_RUNNING;
	loop->current = task;
	trace_resume(loop, task);
	heartbeat_begin(&loop->heartbeat, task);
	context_switch(&loop->context, &task->context);
	heartbeat_end(&loop->heartbeat);
	loop->current = NULL;
	check_canary(task);
	if (task->state == TASK_DONE)
		finish(task);
	else
		trace_yield(loop, task);
}

/* On the creator's stack, or the thread's: the task comes back to it at its first wait. */
static void start_eagerly(struct task *task)
{
	struct async_loop *loop = task->loop;
	struct task *creator = loop->current;
	struct context *back = loop->back, *here = creator ? &creator->context : &loop->context;

	heartbeat_end(&loop->heartbeat);
	trace_step_back(loop, creator);
	task->started = true;
	task->state = TASK_RUNNING;
	loop->current = task;
	loop->back = here;
	trace_resume(loop, task);
	heartbeat_begin(&loop->heartbeat, task);
	context_switch(here, &task->context);
	heartbeat_end(&loop->heartbeat);
	loop->back = back;
	loop->current = creator;
	check_canary(task);
	if (task->state == TASK_DONE)
		finish(task);
	else
		trace_yield(loop, task);
	trace_step_forth(loop, creator);
	heartbeat_begin(&loop->heartbeat, creator);
}

void task_suspend(struct task *task, const char *here)
{
	struct async_loop *loop = task->loop;

	task->waiting_at = here;
	task->state = TASK_WAITING;
	loop->budget = 0;
	context_switch(&task->context, loop->back);
}

int task_await_itself(const char *here)
{
	return async_sleep_at(here, 0) < 0
		       ? ASYNC_ECANCELED
		       : async_raise(ASYNC_ESELF, "Task cannot await on itself");
}

int async_await_at(const char *here, struct async_task *handle)
{
	struct task *task = task_here(here, "async_await");
	struct task *child = task_of(here, "async_await", handle);
	int rc;

	if (child == task)
		return task_await_itself(here);
	task_take(child);
	rc = future_wait(task, here, &child->future);
	task_drop(child);
	return rc;
}
