/* SPDX-License-Identifier: MIT */
/*
 * task.h - a task from the inside, for the files of runtime/ only.
 *
 * States, and who moves a task from one to the next:
 *
 *     READY      in the ready queue, started or not     task_create, wake-ups
 *     RUNNING    it is loop->current                    task_step
 *     WAITING    on waiting, or on its own yield        task_suspend
 *     DONE       ended; freed with its last reference   task_step
 *
 * Outside runtime/ a task is a handle, struct async_task *: the block's address with its generation
 * in the upper 16 bits. The generation changes when the reference is released, so whoever comes
 * with an old handle is caught, even after the block has found a new use.
 */
#ifndef LOOPHOUND_RUNTIME_TASK_H
#define LOOPHOUND_RUNTIME_TASK_H

#include "runtime/error.h"
#include "runtime/loop.h"

enum task_state { TASK_FREE, TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_DONE };

struct task {
	struct async_future future; /* done when the task is */
	struct async_loop *loop;
	struct context context;
	struct stack *stack;
	struct async_handle step; /* its place in the ready queue, or in a future's callbacks */
	struct async_future *waiting;
	int (*fn)(void *arg);
	void *arg;
	struct async_list all;	    /* in loop->tasks */
	struct async_list children; /* references that end with this task */
	struct async_list sibling;  /* in the creator's children */
	struct error_record *error;
	char *name; /* NULL: Task-<id> */
	const char *label, *created_at, *waiting_at, *released_at;
	uint64_t id;
	int references; /* of the loop, of the handle, of those who await it */
	int cancelling;
	uint16_t generation;
	uint8_t state;
	bool started, must_cancel, held, retrieved, mark, doomed;
};

/* The task behind a handle; aborts when the handle is stale, and says where it was released. */
struct task *task_of(const char *here, const char *what, struct async_task *handle);
struct async_task *task_handle(const struct task *task);
/* The running task; aborts outside a task. */
struct task *task_here(const char *here, const char *what);

void task_take(struct task *task);
/* Frees the task with the last reference; reports a failure that nobody has read. */
void task_drop(struct task *task);

/* Forgets a task that will never run again, with whatever is on its stack. */
void task_destroy(struct task *task);

/* What the loop runs: starts or resumes the task in arg. */
void task_step(void *arg);

/* Switches to the loop until somebody puts task->step into the ready queue. */
ASYNC_SUSPENDS void task_suspend(struct task *task, const char *here);

/* task.cancel() */
bool task_cancel(struct task *task, const char *message);
int task_uncancel(struct task *task);

/* Takes over the child's message and place for a code that passes through. Returns the code. */
int task_inherit(struct task *task, struct task *child, int code);
/* Makes the text and place the task's error record. */
void task_note(struct task *task, int code, const char *function, const char *file, int line,
	       const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The record of a failed task, made on demand. */
struct error_record *task_error(struct task *task);

/* The name, written into buffer when the task has none of its own. */
#define TASK_NAME 32
const char *task_name(const struct task *task, char buffer[TASK_NAME]);

/* slab.c: blocks that are never unmapped. NULL without memory. */
struct task *slab_get(struct async_loop *loop);
void slab_put(struct async_loop *loop, struct task *task);
void slab_close(struct async_loop *loop);

#endif
