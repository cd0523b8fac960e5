/* SPDX-License-Identifier: MIT */
/*
 * async.h - asyncio for C. This header is the manual of the runtime.
 *
 * A coroutine is a function `int f(void *arg)` that runs on a stack of its own and steps aside
 * whenever it has to wait. One event loop per thread runs all of them, one at a time, so there are
 * no data races between tasks: between two calls marked ASYNC_SUSPENDS nobody else runs.
 *
 * Rules for users:
 *  - Names and semantics are asyncio's (CPython 3.13). Time is seconds as a double.
 *  - A coroutine's return value is its outcome: 0 or more is a result, a negative code is its
 *    exception, ASYNC_ECANCELED means that it was cancelled.
 *  - Every call marked ASYNC_SUSPENDS may run other tasks, is a cancellation point, and returns
 *    0 or more, or a negative code. errno never carries a result.
 *  - An argument must outlive the task that it is given to; async_create_task_copy() copies it.
 *  - Bad luck (peer, memory, time) is returned. Misuse (await outside a task, a stale handle)
 *    aborts at once and names both places.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_H
#define LOOPHOUND_RUNTIME_ASYNC_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks each function that may switch to another task before it returns. It expands to nothing. */
#define ASYNC_SUSPENDS
/* Marks the rare function that blocks the whole thread: never call it on a coroutine. */
#define ASYNC_BLOCKS_THE_THREAD

#define ASYNC_STRING_(x) #x
#define ASYNC_STRING(x) ASYNC_STRING_(x)
/* The place of a call, kept by the task that was created or waits there. */
#define ASYNC_HERE __FILE__ ":" ASYNC_STRING(__LINE__)

/* ---- Errors ---------------------------------------------------------------------------------- */

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

/* ---- Running --------------------------------------------------------------------------------- */

struct async_task;
struct async_future;
struct async_loop;

enum async_guard {
	ASYNC_GUARD_AUTO,     /* guard pages while the kernel gives them, then a checked canary */
	ASYNC_GUARD_REQUIRED, /* async_create_task fails with ASYNC_ENOGUARD instead */
};

/*
 * Which signals cancel main while async_run() runs in the process's main thread; each only if it has
 * its default disposition then, which it gets back at the end.
 */
enum async_signals {
	ASYNC_SIGINT,	      /* as asyncio.run() */
	ASYNC_SIGINT_SIGTERM, /* both */
	ASYNC_NO_SIGNALS,
};

struct async_run_options {
	bool virtual_clock;    /* time jumps to the next timer as soon as nothing is ready */
	uint64_t shuffle_seed; /* not 0: the ready queue is shuffled, to catch reliance on order */
	size_t stack_size;     /* default for tasks, bytes; 0: ASYNC_STACK_DEFAULT */
	enum async_guard guard;
	int max_threads;	 /* of async_to_thread; 0: min(32, CPUs + 4), as asyncio */
	double executor_timeout; /* seconds to wait for running threads at the end; 0: 300 */
	bool debug;		 /* debug mode, as LOOPHOUND_DEBUG=1; see async_loop.h */
	enum async_signals signals;
};

/* The stack of a task unless its options say otherwise; runtime/README.md has the measurement. */
#define ASYNC_STACK_DEFAULT (48 * 1024)

/*
 * asyncio.run(): makes a loop, runs fn(arg) as its main task, then cancels and awaits the tasks
 * that are left, waits for the threads, closes the loop. Returns main's outcome, or
 * ASYNC_EBUSY (a loop runs in this thread already), ASYNC_EDEADLOCK (reported on the way),
 * ASYNC_ENOMEM or a negative errno when no loop could be made. options may be NULL.
 *
 * SIGINT cancels main; when main ends with that cancellation, run returns ASYNC_EINTERRUPTED, else
 * main's value. A second SIGINT does not wait for main: the rest is cancelled at once, and run
 * returns ASYNC_EINTERRUPTED. A third, or one that a stuck loop has not looked at for half a second,
 * does what it does by default. ASYNC_ESTOPPED when async_loop_stop() ended the run before main.
 */
int async_run(int (*fn)(void *arg), void *arg);
int async_run_with(int (*fn)(void *arg), void *arg, const struct async_run_options *options);

/*
 * Why the last async_run() of this thread returned a negative code: main's failure with its message
 * and place, valid until the next async_run(). NULL after a success.
 */
const struct async_error *async_run_error(void);

/* loop.time(): seconds on a monotonic clock, or the virtual one. Fresh, never cached. */
double async_time(void);
/* The same in nanoseconds. */
int64_t async_time_ns(void);

/* How many turns the loop has made: one for each poll and the callbacks it led to. */
uint64_t async_loop_turns(void);

/* The loop of this thread, for async_call_soon_threadsafe(); NULL when none runs. */
struct async_loop *async_get_running_loop(void);

/* Counts of what is alive, for tests and for status lines. All 0 when no loop runs. */
struct async_counts {
	size_t tasks;	      /* created, not ended */
	size_t peak_tasks;    /* the most there were at once */
	size_t handles;	      /* ended or not, still held by somebody */
	size_t stacks;	      /* in use */
	size_t cached_stacks; /* kept for the next task */
	size_t timers;
	size_t fds; /* registered with the poller */
	size_t threads;
};
void async_count(struct async_counts *counts);

/* ---- Tasks ----------------------------------------------------------------------------------- */

struct async_task_options {
	const char *name;  /* copied, 31 bytes at most; NULL: "Task-N" */
	size_t stack_size; /* bytes; 0: the run's default */
	size_t copy;	   /* bytes of arg to copy into the task; 0: arg is used as it is */
	/*
	 * The body starts inside async_create_task(), up to its first wait. One that ends without
	 * waiting is done when the call returns. Makes async_create_task() a call that runs others.
	 */
	bool eager_start;
};

/*
 * asyncio.create_task(): schedules fn(arg); it starts in the next turn. Returns a reference that
 * belongs to the calling task: async_task_release() drops it, and so does the end of the caller.
 * NULL when there is no memory or stack for it (async_last_error() says which).
 * A failure that nobody has read by the time the task is freed is reported:
 * "Task exception was never retrieved".
 */
#define async_create_task(fn, arg) async_create_task_at(ASYNC_HERE, #fn, (fn), (arg), NULL)
/* The options come last and may be a compound literal, commas and all. */
#define async_create_task_with(fn, arg, ...) \
	async_create_task_at(ASYNC_HERE, #fn, (fn), (arg), __VA_ARGS__)
/* The same with a copy of the argument, at most 2 KiB, that lives as long as the task. */
#define async_create_task_copy(fn, arg, size)              \
	async_create_task_at(ASYNC_HERE, #fn, (fn), (arg), \
			     &(struct async_task_options){ .copy = (size) })
struct async_task *async_create_task_at(const char *here, const char *label, int (*fn)(void *arg),
					void *arg, const struct async_task_options *options)
	__attribute__((warn_unused_result));

/*
 * A task that nobody will await: its failure is reported as soon as it ends.
 * Returns 0, or ASYNC_ENOMEM, ASYNC_ENOGUARD.
 */
#define async_spawn(fn, arg) async_spawn_at(ASYNC_HERE, #fn, (fn), (arg), NULL)
#define async_spawn_with(fn, arg, ...) async_spawn_at(ASYNC_HERE, #fn, (fn), (arg), __VA_ARGS__)
int async_spawn_at(const char *here, const char *label, int (*fn)(void *arg), void *arg,
		   const struct async_task_options *options);

/* The code of the last async_create_task() in this thread that returned NULL. */
int async_last_error(void);

/* Drops the reference; the task itself runs on. A second release aborts and names both places. */
#define async_task_release(task) async_task_release_at(ASYNC_HERE, (task))
void async_task_release_at(const char *here, struct async_task *task);

/*
 * await task: its outcome. Does not suspend when the task is done. Cancelling the caller cancels
 * the task. Does not consume the reference; the failure counts as retrieved.
 * ASYNC_ESELF when a task awaits itself.
 */
#define async_await(task) async_await_at(ASYNC_HERE, (task))
ASYNC_SUSPENDS int async_await_at(const char *here, struct async_task *task);

/*
 * task.cancel(): asks for cancellation; the task's current or next await returns ASYNC_ECANCELED.
 * False when the task is done already. message may be NULL and is copied.
 */
#define async_cancel(task) async_cancel_at(ASYNC_HERE, (task), NULL)
#define async_cancel_message(task, message) async_cancel_at(ASYNC_HERE, (task), (message))
bool async_cancel_at(const char *here, struct async_task *task, const char *message);

/*
 * CancelledError's argument, in the task that has got it: the message that the last ASYNC_ECANCELED
 * of this task came with. NULL when it came with none. Valid until the next await.
 */
const char *async_cancelled_message(void);

/* How many cancellations are outstanding, and one fewer (asyncio's counted cancellation). */
int async_cancelling(struct async_task *task);
int async_uncancel(struct async_task *task);

bool async_task_done(struct async_task *task);
/* True when it ended with ASYNC_ECANCELED. */
bool async_task_cancelled(struct async_task *task);
/* Its outcome, which counts as read; ASYNC_EINVALIDSTATE while it runs. */
int async_task_result(struct async_task *task);
/* Its failure, valid as long as the reference; NULL while it runs and after a success. */
const struct async_error *async_task_error(struct async_task *task);
const char *async_task_name(struct async_task *task);
uint64_t async_task_id(struct async_task *task);

/* The running task, borrowed: not to be released. NULL in a callback and outside the loop. */
struct async_task *async_current_task(void);

/*
 * asyncio.all_tasks(): the tasks that have not ended, the oldest first, borrowed. Fills in at most
 * max and returns how many there are.
 */
size_t async_all_tasks(struct async_task **tasks, size_t max);

/* ---- Waiting --------------------------------------------------------------------------------- */

/*
 * asyncio.sleep(): steps aside for that long; 0 or less is exactly one yield.
 * Returns 0, ASYNC_ECANCELED, or ASYNC_EINVAL for NaN.
 */
#define async_sleep(seconds) async_sleep_at(ASYNC_HERE, (seconds))
ASYNC_SUSPENDS int async_sleep_at(const char *here, double seconds);

enum async_gather_mode {
	ASYNC_RAISE = 0,	     /* return_exceptions=False */
	ASYNC_RETURN_EXCEPTIONS = 1, /* return_exceptions=True */
};

/*
 * asyncio.gather(): waits for all n tasks; results (may be NULL) takes their outcomes in the order
 * of the arguments. The same task may be named twice.
 * ASYNC_RETURN_EXCEPTIONS: returns 0 when all have ended, whatever they returned.
 * ASYNC_RAISE: returns the first failure as soon as it happens. The siblings are NOT cancelled and
 * run on (that would be a task group); results then has ASYNC_EINVALIDSTATE for those still running.
 * Cancelling the caller cancels every child: ASYNC_ECANCELED. Without memory: ASYNC_ENOMEM.
 */
#define async_gather(tasks, n, mode, results) \
	async_gather_at(ASYNC_HERE, (tasks), (n), (mode), (results))
ASYNC_SUSPENDS int async_gather_at(const char *here, struct async_task *const *tasks, size_t n,
				   enum async_gather_mode mode, int *results);

/*
 * asyncio.wait_for(): awaits the task, at most so long. On expiry it cancels the task AND waits for
 * its cleanup, then returns ASYNC_ETIMEOUT, or the task's own value or failure if it gave one.
 */
#define async_wait_for(task, seconds) async_wait_for_at(ASYNC_HERE, (task), (seconds))
ASYNC_SUSPENDS int async_wait_for_at(const char *here, struct async_task *task, double seconds);
/* The same for a future. */
#define async_wait_for_future(future, seconds) \
	async_wait_for_future_at(ASYNC_HERE, (future), (seconds))
ASYNC_SUSPENDS int async_wait_for_future_at(const char *here, struct async_future *future,
					    double seconds);

/*
 * asyncio.timeout(): a limit on a stretch of the current task.
 *
 *     struct async_timeout limit;
 *     async_timeout_begin(&limit, 5.0);
 *     int rc = several_waits();
 *     rc = async_timeout_end(&limit, rc);       // ASYNC_ETIMEOUT when the limit ended the wait
 *
 * begin and end pair up in one function and nest. 0 or less is over at the next turn, as in asyncio;
 * ASYNC_NO_TIMEOUT is no limit.
 * At the deadline the current await of the task returns ASYNC_ECANCELED, which end turns into
 * ASYNC_ETIMEOUT unless somebody else cancelled the task too; other codes pass.
 */
#define ASYNC_NO_TIMEOUT __builtin_inf()

struct async_list {
	struct async_list *next, *prev; /* both NULL: an empty list, or a node in no list */
};

struct async_handle {
	struct async_list node;
	void (*run)(void *arg);
	void *arg;
};

struct async_timer {
	struct async_handle handle;
	struct async_timer *child, *sibling,
		*parent; /* pairing heap; parent is the left neighbour */
	int64_t when;
	uint64_t sequence;
	bool pending;
};

struct async_timeout {
	struct async_timer timer;
	void *task;
	int saved_cancelling;
	unsigned depth;
	enum { ASYNC_TIMEOUT_OUTSIDE, ASYNC_TIMEOUT_ENTERED, ASYNC_TIMEOUT_EXPIRING } stage;
	bool expired;
};

#define async_timeout_begin(limit, seconds) async_timeout_begin_at(ASYNC_HERE, (limit), (seconds))
/* asyncio.timeout_at(): the deadline by the loop's clock, async_time(). */
#define async_timeout_at_begin(limit, when) \
	async_timeout_begin_at(ASYNC_HERE, (limit), (when)-async_time())
void async_timeout_begin_at(const char *here, struct async_timeout *limit, double seconds);
int async_timeout_end(struct async_timeout *limit, int rc);
/* True once the limit has ended the stretch. */
bool async_timeout_expired(const struct async_timeout *limit);
/* Moves the deadline to async_time() + seconds, as begin has them; only between begin and end. */
void async_timeout_reschedule(struct async_timeout *limit, double seconds);

/* ---- Callbacks ------------------------------------------------------------------------------- */

/*
 * loop.call_soon(), call_later(), call_at(): run(arg) on the loop, not on a coroutine: it must not
 * suspend. The handle is the caller's and must stay valid until it has run or was cancelled.
 */
void async_call_soon(struct async_handle *handle, void (*run)(void *arg), void *arg);
void async_call_later(struct async_timer *timer, double seconds, void (*run)(void *arg), void *arg);
void async_call_at(struct async_timer *timer, double when, void (*run)(void *arg), void *arg);
/* Idempotent; a handle zeroed or run already is fine. */
void async_handle_cancel(struct async_handle *handle);
void async_timer_cancel(struct async_timer *timer);

/*
 * loop.call_soon_threadsafe(): the only call that may come from another thread or a signal-free
 * context outside the loop. Returns 0, or ASYNC_ESHUTDOWN when the loop has closed.
 */
int async_call_soon_threadsafe(struct async_loop *loop, struct async_handle *handle,
			       void (*run)(void *arg), void *arg);

/*
 * loop.add_signal_handler(): run(arg) on the loop after signo arrived. Replaces the process's
 * disposition until async_remove_signal_handler() or the end of the loop, which restore it.
 * Returns 0 or a negative errno.
 */
int async_add_signal_handler(int signo, void (*run)(void *arg), void *arg);
int async_remove_signal_handler(int signo);

/*
 * run(arg) once, when the running loop closes: after its last task, on its thread. For what a layer
 * above keeps per loop. The handle must stay valid until then; async_handle_cancel() takes it back.
 */
void async_on_close(struct async_handle *handle, void (*run)(void *arg), void *arg);

/*
 * Who hears of failures that nobody reads. message is asyncio's ("Task exception was never
 * retrieved"); task and error may be NULL. The default writes to stderr. NULL restores it.
 */
struct async_context {
	const char *message;
	struct async_task *task;
	const struct async_error *error;
	/* What "was never retrieved": asyncio's key "future". A task's own when it is a task. */
	const struct async_future *future;
};
void async_set_exception_handler(void (*handler)(const struct async_context *context, void *arg),
				 void *arg);
/* Hands a failure to the handler. */
void async_call_exception_handler(const struct async_context *context);

/* ---- Futures --------------------------------------------------------------------------------- */

/*
 * A future is a place for one result. It is the caller's memory and may live on a stack: nobody may
 * wait on it any more when it goes. Everything that waits in loophound waits on one of these.
 */
enum async_state { ASYNC_PENDING, ASYNC_CANCELLED, ASYNC_FINISHED };

struct async_future {
	enum async_state state : 8;
	bool retrieved; /* somebody has asked how it failed */
	bool mark;	/* private: for finding repetitions in a list */
	int result;
	struct async_list callbacks;
	/* What cancelling means for this future; NULL: it just ends cancelled. */
	bool (*cancel)(struct async_future *future);
	void *record; /* private: text and place of its failure */
};

void async_future_init(struct async_future *future);
/*
 * The end of a future that may have failed with a message, which is freed. A failure that nobody
 * has read is reported: "Future exception was never retrieved". Afterwards it is as after init.
 */
void async_future_close(struct async_future *future);
bool async_future_done(const struct async_future *future);
bool async_future_cancelled(const struct async_future *future);
/* Its outcome, which counts as read; ASYNC_EINVALIDSTATE while it is pending. */
int async_future_result(struct async_future *future);
/* Its failure with text and place, if it was given them; counts as read. NULL: none. */
const struct async_error *async_future_error(struct async_future *future);
/* 0, or ASYNC_EINVALIDSTATE when it is done already. code as a coroutine returns it. */
int async_future_set_result(struct async_future *future, int code);
/*
 * The same with a message for a negative code; who awaits it gets both. async_future_close() frees
 * the message. 0 or ASYNC_EINVALIDSTATE.
 */
#define async_future_set_exception(future, code, ...) \
	async_future_set_exception_at((future), (code), __func__, __FILE__, __LINE__, __VA_ARGS__)
int async_future_set_exception_at(struct async_future *future, int code, const char *function,
				  const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* False when it is done already. */
bool async_future_cancel(struct async_future *future);
/* The message is copied, for those who await it; async_future_close() frees it. */
bool async_future_cancel_message(struct async_future *future, const char *message);
/* call_soon(run, arg) once done (at once when it is). The handle is the caller's. */
void async_future_add_done_callback(struct async_future *future, struct async_handle *handle,
				    void (*run)(void *arg), void *arg);
/* Takes it back while the future is pending; false: it has run, or is going to. */
bool async_future_remove_done_callback(struct async_future *future, struct async_handle *handle);
/* The same for a task: it runs in the turn after the task's end. */
void async_task_add_done_callback(struct async_task *task, struct async_handle *handle,
				  void (*run)(void *arg), void *arg);
bool async_task_remove_done_callback(struct async_task *task, struct async_handle *handle);
/* The future that a task is: for what takes futures. Valid as long as the reference. */
struct async_future *async_task_future(struct async_task *task);
/* await future: its code. Cancelling the caller cancels the future. */
#define async_future_await(future) async_future_await_at(ASYNC_HERE, (future))
ASYNC_SUSPENDS int async_future_await_at(const char *here, struct async_future *future);

/* ---- Threads --------------------------------------------------------------------------------- */

/*
 * asyncio.to_thread(): runs fn(arg) on a thread of the loop's pool and returns its return value.
 * A job still queued when the caller is cancelled never runs. A job that runs already is waited
 * for, since arg is usually the caller's, and then ASYNC_ECANCELED is returned.
 */
#define async_to_thread(fn, arg) async_to_thread_at(ASYNC_HERE, (fn), (arg))
ASYNC_SUSPENDS int async_to_thread_at(const char *here, int (*fn)(void *arg), void *arg);

/*
 * The abandonable form: the thread works on a copy of arg (size bytes), and a cancelled caller
 * leaves at once while the thread runs on. When done, and not abandoned, the copy is copied back
 * into arg. done_with(copy), if not NULL, runs on the thread after an abandoned job, to free what
 * its result holds.
 */
#define async_to_thread_copy(fn, arg, size, done_with) \
	async_to_thread_copy_at(ASYNC_HERE, (fn), (arg), (size), (done_with))
ASYNC_SUSPENDS int async_to_thread_copy_at(const char *here, int (*fn)(void *arg), void *arg,
					   size_t size, void (*done_with)(void *arg));

/*
 * A pool of one's own, for work that must not starve others (name look-ups have one). At most
 * max_threads threads, started when needed. The pool belongs to the running loop, which frees it.
 * NULL without memory.
 */
struct async_pool;
struct async_pool *async_pool_new(int max_threads);
#define async_pool_run(pool, fn, arg, size, done_with) \
	async_pool_run_at(ASYNC_HERE, (pool), (fn), (arg), (size), (done_with))
/* size 0: as async_to_thread; else as async_to_thread_copy. */
ASYNC_SUSPENDS int async_pool_run_at(const char *here, struct async_pool *pool,
				     int (*fn)(void *arg), void *arg, size_t size,
				     void (*done_with)(void *arg));

/* The threads that async_to_thread() may use in the running loop. */
int async_max_threads(void);

/* ---- Files and sockets ----------------------------------------------------------------------- */

/*
 * Waits until the fd is readable or writable (level-triggered, as loop.add_reader): 0,
 * ASYNC_ECANCELED, ASYNC_ECLOSED (async_close() under the waiter), ASYNC_EBUSY (another task waits
 * for the same), or a negative errno: -EPERM for regular files, which go through async_to_thread.
 */
#define async_wait_readable(fd) async_wait_fd_at(ASYNC_HERE, (fd), false)
#define async_wait_writable(fd) async_wait_fd_at(ASYNC_HERE, (fd), true)
ASYNC_SUSPENDS int async_wait_fd_at(const char *here, int fd, bool write);

/*
 * close(2) for an fd that tasks may wait on: they get ASYNC_ECLOSED. A raw close(2) under a waiter
 * is misuse and aborts as soon as it is noticed. Any fd may be given. 0 or a negative errno.
 */
#define async_close(fd) async_close_at(ASYNC_HERE, (fd))
int async_close_at(const char *here, int fd);

/* ---- Watchdog and crashes -------------------------------------------------------------------- */

/*
 * The watchdog is on in every loop, at 100 ms. LOOPHOUND_WATCHDOG=off, or =limit=20ms, in the
 * environment overrides what the program asks for here; call it before async_run().
 */
struct async_stall {
	const char *task;     /* its name */
	const char *function; /* the innermost frame of the program's own code; NULL: unknown */
	const char *file;     /* as the compiler saw it; NULL without line information */
	int line;
	double seconds;	  /* how long the loop has been held: so far, or in all */
	bool ended;	  /* false: it still lasts */
	const char *text; /* the whole report, several lines */
};
struct async_watchdog_options {
	double limit; /* seconds; 0: 0.1; negative: off */
	/* Called on the watchdog's thread instead of writing text to stderr. */
	void (*report)(const struct async_stall *stall, void *arg);
	void *arg;
};
void async_watchdog_configure(const struct async_watchdog_options *options);
/* Stalls longer than the limit since the process started. */
unsigned async_watchdog_stalls(void);

/*
 * Opt in: a stack overflow says which task, how large its stack is, and where, then the previous
 * SIGSEGV handler (or the default) has its turn. Per thread that runs a loop; idempotent.
 * 0 or a negative errno.
 */
int async_install_overflow_handler(void);

#ifdef __cplusplus
}
#endif

/* Chapters of the manual in files of their own. */
#include "runtime/async_sync.h"
#include "runtime/async_queue.h"
#include "runtime/async_wait.h"
#include "runtime/async_taskgroup.h"
#include "runtime/async_scope.h"
#include "runtime/async_local.h"
#include "runtime/async_loop.h"

#endif
