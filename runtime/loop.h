/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the event loop's inside, for the files of runtime/ only.
 *
 * One loop per thread at a time; everything in it is touched by its own thread alone, but for what
 * stands under "other threads".
 */
#ifndef LOOPHOUND_RUNTIME_LOOP_H
#define LOOPHOUND_RUNTIME_LOOP_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/account.h"
#include "runtime/async.h"
#include "runtime/context.h"
#include "runtime/heartbeat.h"
#include "runtime/poll.h"
#include "runtime/stack.h"
#include "runtime/timer.h"

struct error_record;
struct fd_slot;
struct guard;
struct slab_chunk;
struct task;
struct trace;
struct watchdog;

#define LOOP_EVENTS 128
/* asyncio's words; the argument is what was called. */
#define LOOP_OTHER_THREAD \
	"%s: Non-thread-safe operation invoked on an event loop other than the current one"
/* With work ready, the poller (128 ns when it finds nothing) and the clock are asked this seldom. */
#define LOOP_SKIP_TURNS 32
/* ns: twice what that may take (TICKS_SHORT): so old the clock may be when a timer is started. */
#define LOOP_SOON (128 * 1000)

struct async_loop {
	/* The turn. */
	struct async_list ready;
	struct async_list batch; /* what is left of this turn's */
	struct timer_heap timers;
	struct task *current;
	struct context context; /* of the thread that runs the loop */
	struct context
		*back; /* where a task goes that suspends: context, or an eager start's creator */
	struct error_record *cancel_record; /* the message of the cancellation that is under way */
	struct trace *trace;		    /* the flight recorder; NULL: off */
	bool running, stopping;
	bool dropped;	  /* asyncio's next turn would have a handle to run, which does nothing */
	pthread_t thread; /* whose it is */
	unsigned turns_since_poll;
	uint64_t polled_at; /* the ticks when the poller and the clock were last asked */
	int64_t clock;	    /* as it was read last */
	struct poller *poller;
	struct poll_event events[LOOP_EVENTS];

	/* The clock and the order. */
	bool virtual_clock;
	int64_t virtual_now;
	uint64_t shuffle_seed, shuffle; /* as chosen; as it goes on */

	/* Tasks. */
	struct async_list tasks;     /* all that have not ended */
	struct async_list orphans;   /* references created outside any task */
	struct async_list doomed;    /* cancelled by the end of async_run, and ended since */
	struct async_list abandoned; /* destroyed; others may still point into their stacks */
	size_t doomed_pending;
	struct async_list free_blocks;
	struct slab_chunk *chunks;
	struct stack_pool stacks;
	size_t stack_size;
	size_t task_count, peak_tasks, handle_count;
	uint64_t next_id;

	/* fds. */
	struct fd_slot *fds;
	int fd_capacity;
	size_t fd_count, fd_waiters;
	size_t watches;	       /* fds with readers or writers */
	struct async_list hot; /* those that may be ready */
	bool fds_checked;      /* for raw closes, since the last event */
	unsigned budget;

	/* What may wake it from outside; while all are 0 and nothing is due, it is a deadlock. */
	struct async_list concurrent; /* tasks whose outcome another thread waits for */
	size_t jobs;		      /* handed to threads, not back yet */
	uint32_t jobs_begun;	      /* ever */
	size_t signals;		      /* handlers */
	bool shared; /* somebody has asked for the loop, for call_soon_threadsafe */
	unsigned deadlocks;

	/* Threads. */
	struct async_pool *executor;
	struct async_list pools;
	int max_threads;
	double executor_timeout;

	/* Processes: all that are not freed; threads that start them, threads that wait for them. */
	struct async_list processes;
	struct async_pool *spawners, *reapers;

	/* Debug mode. */
	bool debug;
	double slow_callback;
	void (*warning_handler)(const char *text, void *arg);
	void *warning_arg;

	struct error_record *raised; /* by a callback */
	struct async_list on_close;
	void (*exception_handler)(const struct async_context *context, void *arg);
	void *exception_arg;

	struct account account;

	/* Other threads: the heartbeat is read by the watchdog, the rest is under the lock. */
	struct heartbeat heartbeat;
	struct watchdog *watchdog;
	struct guard *guard;
	atomic_bool has_posted, has_signals;
	/* From here on it stays when the block becomes another loop. */
	pthread_mutex_t lock;
	struct async_list posted;
	uint16_t generation;
	bool closed;
	struct async_loop *next_spare, *next_block;
};

/* The loop of this thread; NULL outside async_run. Tasks never move, so it is safe to keep. */
extern _Thread_local struct async_loop *loop_current;

/* The running loop; aborts, naming what was called and where, when there is none. */
struct async_loop *loop_here(const char *here, const char *what);

/* loop.c: 0 or a negative code. */
int loop_open(struct async_loop **out, const struct async_run_options *options);
void loop_close(struct async_loop *loop);
/* One turn. False when nothing can ever happen again: a deadlock. */
bool loop_turn(struct async_loop *loop);
/* One slice: a task's step or a callback. */
void loop_run_handle(struct async_loop *loop, struct async_handle *handle);
/* Nothing of what is scheduled shall run any more. */
void loop_drop_scheduled(struct async_loop *loop);
int64_t loop_now(const struct async_loop *loop);
void loop_call_soon(struct async_loop *loop, struct async_handle *handle);

/* loop_handle.c: all blocks of loops, by next_block, for debuggers. */
extern struct async_loop *loop_blocks;
/* Zeroed but for its end; NULL without memory. */
struct async_loop *loop_get_block(void);
void loop_put_block(struct async_loop *loop);
/* Other threads may post calls from now on; or no longer, and those not collected are left over. */
void loop_open_to_others(struct async_loop *loop);
void loop_close_to_others(struct async_loop *loop, struct async_list *left);
/* What is known outside of runtime/, and the loop behind it: of this thread, and open, or it aborts. */
struct async_loop *loop_handle(const struct async_loop *loop);
struct async_loop *loop_of(const char *what, const struct async_loop *handle);
/* The same for any thread: with its lock held, or NULL when it is closed. */
struct async_loop *loop_lock(const char *what, struct async_loop *handle);
void loop_post_locked(struct async_loop *loop, struct async_handle *handle, void (*run)(void *arg),
		      void *arg);

/* concurrent.c: ends what other threads wait for; and what one call that never runs was for, if its. */
void concurrent_close(struct async_loop *loop);
bool concurrent_drop_call(struct async_handle *handle);

/* forever.c: the loop runs, or no longer; until stop(): 0 or ASYNC_EDEADLOCK; or until done. */
void loop_enter(struct async_loop *loop);
void loop_leave(struct async_loop *loop);
int loop_run_forever(struct async_loop *loop);
int loop_run_until_complete(struct async_loop *loop, struct async_future *future);

/* run.c: destroys and reports the tasks that are left, waits for threads, closes. */
void loop_finish(struct async_loop *loop);

/* debug.c: runs a handle and says so if it took long. */
void debug_run(struct async_loop *loop, struct async_handle *handle);
bool debug_wanted(void);
/* To the loop's warning handler, or on stderr. */
void debug_warn(const struct async_loop *loop, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* testing.c */
uint64_t testing_seed(const struct async_run_options *options);
bool testing_fresh_stacks(const struct async_run_options *options);

/* fd.c */
void fd_deliver(struct async_loop *loop, const struct poll_event *event);
void fd_check_waiters(struct async_loop *loop);
void fd_close_all(struct async_loop *loop);
/* The tasks that waited are destroyed. */
void fd_forget_waiters(struct async_loop *loop);

/* fd_readers.c: is a watched fd ready now? And the callbacks of those that were found to be. */
bool watch_look(struct async_loop *loop);
void watch_schedule(struct async_loop *loop);
/* The fd whose callback the handle is; -1: it is no such callback. */
int watch_fd(const struct async_loop *loop, const struct async_handle *handle);

/* signal.c */
void signal_deliver(struct async_loop *loop);
void signal_close(struct async_loop *loop);

/* process.c: kills and reaps those that are left, and says so; before the pools end. */
void process_close_all(struct async_loop *loop);

/* offload.c: ends the pools; waits for running jobs that nobody abandoned. */
void offload_close(struct async_loop *loop);
void offload_drop_call(struct async_handle *handle);
size_t offload_threads(const struct async_loop *loop);

/* report.c */
void report_context(const char *message, struct task *task);
void report_unread(struct task *task);
void report_future(struct async_future *future);

/* dump/deadlock.c */
void report_deadlock(struct async_loop *loop);

#endif
