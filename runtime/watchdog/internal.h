/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the watchdog's files share. In the order of a stall's life:
 *
 *     watchdog.c the loop's side
 *     monitor.c  the thread: sees a slice that does not end
 *     usage.c    what the thread did in that time: ran, waited for a CPU, was blocked
 *     capture.c  where it is: registers and a copy of its stack
 *     advice.c   the system call's name, and what to call instead
 *     report.c   the text, pure
 *     stuck.c    all tasks, when SIGQUIT asked for them and the loop does not answer
 */
#ifndef LOOPHOUND_RUNTIME_WATCHDOG_INTERNAL_H
#define LOOPHOUND_RUNTIME_WATCHDOG_INTERNAL_H

#include "runtime/async.h"
#include "runtime/heartbeat.h"
#include "runtime/symbol/symbol.h"
#include "runtime/watchdog/options.h"

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

enum {
	WATCHDOG_FRAMES = 64,
	WATCHDOG_SEEN = 64,
	WATCHDOG_TEXT = 4096,
	WATCHDOG_STACK_COPY = 64 * 1024,
};

/* ---- Usage ----------------------------------------------------------------------------------- */

/* A thread's accounts, in ns; they only grow. */
struct watchdog_usage {
	int64_t wall, cpu, waiting; /* waiting: runnable, but without a CPU */
	int64_t user, kernel;	    /* of cpu, in coarse ticks */
	uint64_t faults;	    /* pages */
	bool has_waiting;
};

int64_t watchdog_now(void);
/* Only how long a thread was runnable but without a CPU; -1 where the system does not say. */
int64_t watchdog_waiting(pid_t tid);
void watchdog_usage_read(pid_t tid, clockid_t cpu_clock, struct watchdog_usage *usage);

/* What the thread is in, as the kernel shows it. */
enum watchdog_state { WATCHDOG_UNKNOWN, WATCHDOG_RUNNING, WATCHDOG_BLOCKED };
struct watchdog_call {
	enum watchdog_state state;
	long number; /* of the system call; -1: blocked outside of one, by a page fault */
	uint64_t arguments[6];
	uintptr_t sp, pc;
};
void watchdog_call_read(pid_t tid, struct watchdog_call *call);

/* Is the signal in the thread's mask? */
bool watchdog_blocks_signal(pid_t tid, int number);

/* ---- Capture --------------------------------------------------------------------------------- */

struct watchdog_capture {
	struct watchdog_call call;
	struct symbol_stack stack;
	unsigned char *bytes; /* WATCHDOG_STACK_COPY of them */
	const char *failure;  /* why there is no stack; NULL: there is one */
};

/*
 * Copies registers and used stack of the thread, whose stack pointer should be in [low, high).
 * False when the generation moved on meanwhile.
 */
bool watchdog_capture(struct watchdog_capture *capture, pid_t tid, uintptr_t low, uintptr_t high,
		      const struct heartbeat *hb, uint32_t generation);

/* In a child after fork(), before its first watchdog: the parent's requests will not be answered. */
void watchdog_capture_reset(void);

/* ---- The stall and its report ---------------------------------------------------------------- */

enum watchdog_verdict { VERDICT_CPU, VERDICT_BLOCKED, VERDICT_LOCK, VERDICT_MIXED };

struct watchdog_stall {
	unsigned number, seen; /* seen: so often with this stack */
	bool callback;	       /* not a task: view is empty */
	struct task_view view;
	int64_t limit, held, cpu, blocked, waiting, user, kernel;
	uint64_t faults;
	bool has_waiting;
	struct watchdog_call call;
	double sleep;	 /* seconds that the system call was asked to sleep; negative: no sleep */
	char target[64]; /* what the call's fd is: "pipe:[4711]", a path; "": no fd */
	const char *failure;
	size_t frame_count;
	struct symbol_frame frames[WATCHDOG_FRAMES];
};

enum watchdog_verdict watchdog_verdict(const struct watchdog_stall *stall);

/* The innermost frame of the program's own code, or NULL. */
const struct symbol_frame *watchdog_culprit(const struct watchdog_stall *stall);

/* The report at the limit, and the line at the end. Cut off at size; returns the length. */
size_t watchdog_report(const struct watchdog_stall *stall, char *text, size_t size);
size_t watchdog_report_end(const struct watchdog_stall *stall, char *text, size_t size);

/* A name of libc's own, without its decoration. */
const char *watchdog_plain_name(const char *function);

/* Only the program's frames, for other kinds of report. */
size_t watchdog_report_stack(const struct watchdog_stall *stall, char *text, size_t size);

/* Fills sleep and target from the call's arguments. */
void watchdog_decode(struct watchdog_stall *stall);
/* "clock_nanosleep"; NULL for calls that nobody blocks in. */
const char *watchdog_call_name(long number);
/* What to write instead, appended as one line; 0: no advice. */
size_t watchdog_advise(const struct watchdog_stall *stall, char *text, size_t size);

/* ---- The watchdog itself --------------------------------------------------------------------- */

/* The slice that is followed. */
struct watchdog_slice {
	uint32_t generation; /* 0: none */
	bool reported, loud; /* loud: the report was not suppressed as a repetition */
	struct watchdog_usage start;
	int64_t late;	 /* that the monitor too was held up, and not for want of a CPU */
	int64_t blocked; /* as last known */
};

/* A question from the loop's own thread, which waits for the answer in a signal handler. */
enum { QUESTION_NONE, QUESTION_ASKED, QUESTION_ANSWERED };
struct watchdog_question {
	atomic_int state;
	struct machine_registers registers;
	uintptr_t low, high;
	size_t length;
	char answer[512];
};

struct watchdog {
	struct heartbeat *hb;
	struct watchdog_options options;
	pthread_t thread;
	pid_t process, tid;
	clockid_t cpu_clock;
	uintptr_t low, high; /* the thread's own stack, on which callbacks run */
	struct watchdog *abandoned;

	/* The monitor's own. */
	struct {
		bool valid;
		uint32_t generation, polls;
		struct watchdog_usage usage;
	} between; /* as last seen between two slices of one turn */
	uint32_t polls_before;
	int64_t remaining; /* of the limit, for the slice that is followed */
	pid_t own_tid;
	int64_t own_waiting; /* of the monitor, when it was last read */
	struct watchdog_slice slice;
	struct watchdog_stall stall;
	struct watchdog_capture capture;
	struct symbols *symbols;
	struct {
		uint64_t stack;
		unsigned count;
	} seen[WATCHDOG_SEEN];
	char text[WATCHDOG_TEXT];
	uintptr_t copy[WATCHDOG_STACK_COPY / sizeof(uintptr_t)];

	struct watchdog_question question;
};

/* Prints all tasks when SIGQUIT has asked for them and the loop has not got to it within the limit. */
void watchdog_answer_for_loop(struct watchdog *watchdog);

/* The thread: takes a struct watchdog. */
void *watchdog_monitor(void *arg);

#endif
