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
	struct async_list all;	     /* in loop->tasks */
	struct async_list children;  /* references that end with this task */
	struct async_list sibling;   /* in the creator's children */
	struct async_scope *scopes;  /* and shielded sections that it is in, the innermost first */
	struct async_timeout *limit; /* the innermost that it is in */
	const char *limit_begun_at;  /* that of an ended task is on a dead frame */
	const char
		*scope_entered_at; /* the innermost one: that of an ended task is on a dead frame */
	struct task_extra *extra;  /* what few tasks have; NULL: nothing */
	char *name;		   /* NULL: Task-<id> */
	const char *label, *created_at, *waiting_at, *released_at;
	int64_t waiting_since; /* by the clock as the loop read it last */
	uint64_t id;
	uint64_t created_by;	    /* the id of a task; 0: of none */
	const struct task *creator; /* its block; whether it is still that task, its id tells */
	int64_t longest_slice;	    /* ns; 0: none that was not short */
	uint64_t described;	    /* by the recorder: the number of that event */
	int references;		    /* of the loop, of the handle, of those who await it */
	int cancelling;
	uint16_t generation;
	uint8_t state;
	bool started, must_cancel;
	bool held : 1, doomed : 1;
	bool lost : 1;	  /* cancelled only as it returned a value */
	bool rearmed : 1; /* must_cancel is the work of a scope, not of a request */
	uint8_t edges;	  /* while not 0, no scope of the task is in level mode */
};

/* The task behind a handle; aborts when the handle is stale, and says where it was released. */
struct task *task_of(const char *here, const char *what, struct async_task *handle);
struct async_task *task_handle(const struct task *task);
/* The running task; aborts outside a task. */
struct task *task_here(const char *here, const char *what);

void task_take(struct task *task);
/* Frees the task with the last reference; reports a failure that nobody has read. */
void task_drop(struct task *task);

/* The references that end with the task, dropped at here. */
void task_release_children(struct task *task, const char *here);
/* The block alone; nobody may know it any more. */
void task_free(struct task *task);

/* Forgets a task that will never run again, with whatever is on its stack: the loop is closing. */
void task_destroy(struct task *task);

/* The same while the loop runs on: its stack stays until then. */
void task_abandon(struct task *task);
/* What task_abandon left. */
void task_free_abandoned(struct async_loop *loop);

/* asyncio's answer, after one turn: ASYNC_ESELF. */
ASYNC_SUSPENDS int task_await_itself(const char *here);

/* What the loop runs: starts or resumes the task in arg. */
void task_step(void *arg);

/* Switches to the loop until somebody puts task->step into the ready queue. */
ASYNC_SUSPENDS void task_suspend(struct task *task, const char *here);

/* The task that a future is; NULL when it is none. */
struct task *task_of_future(struct async_future *future);

/* A reference to the text and place of how the future failed; NULL: it has none. */
struct error_record *task_take_record(struct async_future *future);
/* Takes over the message and place of how the future failed. Returns the code. */
int task_inherit(struct task *task, struct async_future *future);
/* The record becomes the task's, instead of what it had for this code. NULL: there is none. */
void task_set_record(struct task *task, int code, struct error_record *record);
/* The record of a failed task, made on demand. */
struct error_record *task_error(struct task *task);

/* What async_last_error() returns. Returns the code. */
int task_set_last_error(int code);

/* The name, written into buffer when the task has none of its own. */
#define TASK_NAME 32
const char *task_name(const struct task *task, char buffer[TASK_NAME]);

/* extra.c: NULL without memory. */
struct task_extra {
	struct error_record *note; /* the message of a cancellation that is not delivered yet */
	bool for_next;		   /* note is of one that waits for the next wait to fail */
	struct error_record
		*asked; /* of the last one that had to wait for the next wait, delivered or not */
	struct error_record *later; /* of one that waits for the end of a shielded section */
	struct local_table *locals;
	struct cleanup *cleanups; /* the latest first */
};
struct task_extra *extra_get(struct task *task);
void extra_drop(struct task *task);

/* slab.c: blocks that are never unmapped. NULL without memory. */
struct task *slab_get(struct async_loop *loop);
void slab_put(struct async_loop *loop, struct task *task);
void slab_close(struct async_loop *loop);
/*
 * Shows each block there is, in use or not, for a report, perhaps on another thread: whatever is
 * read goes through peek. Either function ends it by returning false.
 */
void slab_visit(const struct async_loop *loop,
		bool (*peek)(void *arg, void *copy, const void *from, size_t size),
		bool (*visit)(void *arg, const struct task *task), void *arg);

/*
 * A copy of the text, cut to TASK_NAME - 1 bytes; NULL without memory. Never unmapped either, since
 * the watchdog's thread may read the name of a task that ends at that moment.
 */
char *slab_get_name(const char *text);
/* NULL is fine. */
void slab_put_name(char *text);

#endif
