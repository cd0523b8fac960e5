/* SPDX-License-Identifier: MIT */
/*
 * async_error.h - codes and what they mean; text and place of a failure. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_ERROR_H
#define LOOPHOUND_RUNTIME_ASYNC_ERROR_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A negative errno keeps its value; what errno has no word for is below. Other layers register
 * ranges of their own with async_register_errors().
 */
enum async_code {
	ASYNC_OK = 0,
	ASYNC_EINVAL = -EINVAL,	      /* asyncio's ValueError: a bad argument */
	ASYNC_ENOMEM = -ENOMEM,	      /* no memory, or no stack to be had */
	ASYNC_ECANCELED = -10001,     /* CancelledError */
	ASYNC_ETIMEOUT = -10002,      /* TimeoutError */
	ASYNC_EINVALIDSTATE = -10003, /* InvalidStateError: a result set twice, or not there yet */
	ASYNC_ESELF = -10004,	      /* RuntimeError: Task cannot await on itself */
	ASYNC_EDEADLOCK = -10005, /* nothing ready, no timer, no fd: nobody can ever wake main */
	ASYNC_ENOGUARD = -10006,  /* guard=required, and the kernel refuses another guard page */
	ASYNC_ECLOSED = -10007,	  /* the fd was closed while a task waited on it */
	ASYNC_EBUSY = -10008,	  /* a second reader (or writer) on one fd; a loop runs already */
	ASYNC_ESHUTDOWN = -10009, /* the pool or the loop is shutting down */
	ASYNC_EFAILED = -10010,	  /* a failure without a better code */
	ASYNC_ERUNTIME = -10011,  /* RuntimeError: not in this state; the message says why */
	ASYNC_EBROKENBARRIER = -10012, /* BrokenBarrierError */
	ASYNC_EQUEUEFULL = -10013,     /* QueueFull */
	ASYNC_EQUEUEEMPTY = -10014,    /* QueueEmpty */
	ASYNC_EQUEUESHUTDOWN = -10015, /* QueueShutDown */
	ASYNC_ESTOPPED = -10016,     /* RuntimeError: Event loop stopped before Future completed. */
	ASYNC_EINTERRUPTED = -10017, /* KeyboardInterrupt: a signal ended the run */
};

/* A task's exception: what went wrong, and where it was raised. */
struct async_error {
	int code;
	const char *message;
	const char *function;
	const char *file;
	int line;
	/* What a task group raises stands for all its members; see async_taskgroup.h. Else 0. */
	size_t member_count;
	const struct async_error_member *members;
};

/* One of a group's failures: whose, in the order in which they happened; the body's is the last. */
struct async_error_member {
	struct async_task *task; /* a name, not a reference: for comparing with; NULL: the body */
	const struct async_error *error;
};

/* One line of an error table: the code, its name as written in C, and what it means. */
struct async_error_entry {
	int code;
	const char *name;
	const char *text;
};

/* The text of any code: a registered one, or a negative errno. Never NULL; not to be freed. */
const char *async_strerror(int code);

/* The name of any code, "ASYNC_ETIMEOUT" or "ECONNREFUSED". Never NULL. */
const char *async_errname(int code);

/* Adds a table, which must stay valid for ever. At most 16 tables; for the layers above. */
void async_register_errors(const struct async_error_entry *table, size_t count);

/*
 * Records message and place of a failure in the current task and returns code, to be written
 * `return async_raise(ASYNC_EINVAL, "no such symbol: %s", name);`. In a callback it is recorded for
 * that callback; outside a loop it only returns.
 */
#define async_raise(code, ...) async_raise_at((code), __func__, __FILE__, __LINE__, __VA_ARGS__)
int async_raise_at(int code, const char *function, const char *file, int line, const char *format,
		   ...) __attribute__((format(printf, 5, 6)));

/*
 * What was last recorded in the current task, if it was for this code: the caught exception's text
 * and place. NULL when there is none. Valid until the next await or async_raise().
 */
const struct async_error *async_raised(int code);

#ifdef __cplusplus
}
#endif
#endif
