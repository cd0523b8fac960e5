/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the watchdog's files share, in the order of a stall's life. README.md says which
 * file does what.
 */
#ifndef LOOPHOUND_RUNTIME_WATCHDOG_INTERNAL_H
#define LOOPHOUND_RUNTIME_WATCHDOG_INTERNAL_H

#include "runtime/async.h"
#include "runtime/heartbeat.h"
#include "runtime/symbol/symbol.h"
#include "runtime/victims.h"
#include "runtime/watchdog/options.h"

#include <pthread.h>
#include <sys/types.h>
#include <time.h>

enum {
	WATCHDOG_FRAMES = 64,
	WATCHDOG_TEXT = 8192,
	WATCHDOG_WHO = 48,
	WATCHDOG_STACK_COPY = 64 * 1024,
};

/* ---- Usage ----------------------------------------------------------------------------------- */

/* A thread's accounts, in ns; they only grow. */
struct watchdog_usage {
	int64_t wall, cpu, waiting; /* waiting: runnable, but without a CPU */
	int64_t user, kernel;	    /* of cpu, in coarse ticks */
	uint64_t faults;	    /* pages */
	bool has_waiting;
	bool torn;  /* it took longer than WATCHDOG_TORN_NS to read, again and again */
	char state; /* as ps shows it; T and t: stopped */
};

enum { WATCHDOG_TORN_NS = 1000000 };

int64_t watchdog_now(void);
/* Only how long a thread was runnable but without a CPU; -1 where the system does not say. */
int64_t watchdog_waiting(pid_t tid);
void watchdog_usage_read(pid_t tid, clockid_t cpu_clock, struct watchdog_usage *usage);
/* Is a debugger attached to the process? */
bool watchdog_traced(pid_t tid);

/* A stretch of the monitor's own time, in ns. */
struct watchdog_rest {
	int64_t planned, slept;
	int64_t waited; /* of slept, runnable but without a CPU */
	long switches;	/* how often it gave its CPU away meanwhile; 1 is the rest itself */
};
enum { WATCHDOG_SLACK_NS = 2000000 }; /* as late as anybody is */
/* Pure: how much of it cannot be held against the loop. */
int64_t watchdog_doubt(const struct watchdog_rest *rest);

/* What others took from all of the process: ns since some time in the past. */
struct watchdog_pressure {
	int64_t stolen;	   /* from each CPU, by other virtual machines */
	int64_t throttled; /* by the limit of the control group */
};
void watchdog_pressure_read(struct watchdog_pressure *pressure);
/* Pure, for the texts of /proc/stat and cpu.stat. 0 when it is not in there. */
int64_t watchdog_parse_stolen(const char *text, int64_t tick_ns);
int64_t watchdog_parse_throttled(const char *text);

/* What the thread is in, as the kernel shows it. */
enum watchdog_state { WATCHDOG_UNKNOWN, WATCHDOG_RUNNING, WATCHDOG_BLOCKED };
struct watchdog_call {
	enum watchdog_state state;
	long number; /* of the system call; -1: blocked outside of one, by a page fault */
	uint64_t arguments[6];
	uintptr_t sp, pc;
};
void watchdog_call_read(pid_t tid, struct watchdog_call *call);
bool watchdog_same_call(const struct watchdog_call *a, const struct watchdog_call *b);

/* What cannot be seen here, as a line for people; 0: nothing. */
size_t watchdog_blind_spots(pid_t tid, char *text, size_t size);

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

/*
 * A running thread, by the kernel's sampling: no signal, and none of its code runs. False where that is
 * not allowed, or when the thread spent all of the time in the kernel.
 */
bool watchdog_capture_perf(struct watchdog_capture *capture, pid_t tid);
extern atomic_bool watchdog_perf_refused; /* set by itself, and by tests of the other way */

/* ---- A stretch of time ----------------------------------------------------------------------- */

/* What was read of the loop's thread at a look. */
struct watchdog_reading {
	struct watchdog_usage usage;
	struct watchdog_call call;
	enum watchdog_state state;
	bool same_call;	       /* as at the reading before: blocked in it all the time */
	int64_t doubt, missed; /* the monitor's, since the reading before */
	struct watchdog_pressure pressure;
	bool pressed; /* pressure has been read */
};

struct watchdog_span {
	struct watchdog_usage start, last;
	struct watchdog_pressure pressure;
	bool pressed;	 /* pressure has been read */
	int64_t late;	 /* that the process did not run, as far as the monitor can tell */
	int64_t unseen;	 /* that it may have been stopped while the monitor had no CPU */
	int64_t blocked; /* as last known */
};

struct watchdog;
struct watchdog_stall;
/* Into w->reading. followed: a slice or a turn goes on, so that it matters what the thread is in. */
void span_read(struct watchdog *w, bool followed);
void span_begin(struct watchdog_span *span, const struct watchdog_usage *start);
/* Readings follow one another: the last one ended where this one begins. */
void span_add(struct watchdog_span *span, const struct watchdog_reading *reading);
/* What others take from the process is counted from the first time on. */
void span_suspect(struct watchdog_span *span, struct watchdog_reading *reading);
/* The numbers so far; and what others took from the process, when something is to be said. */
void span_numbers(const struct watchdog_span *span, int64_t limit, struct watchdog_stall *stall);
void span_press(const struct watchdog_span *span, struct watchdog_reading *reading,
		struct watchdog_stall *stall);

/* ---- The stall ------------------------------------------------------------------------------- */

struct watchdog_stall {
	unsigned number, seen;		/* seen: so often with this stack */
	uint32_t recorded;		/* its number in the flight recorder */
	struct account_turn slices;	/* count 0: it is one slice; else a turn of so many */
	bool shown;			/* the stack is that of one of the slices */
	bool over;			/* it ended before there was a report */
	bool callback;			/* not a task: view is empty */
	char who[WATCHDOG_WHO];		/* the task's name, or which callback */
	struct task_view view, awaiter; /* awaiter.id 0: unknown, or nobody awaits it */
	int64_t limit, held, cpu, blocked, waiting, user, kernel;
	int64_t late;		   /* that the monitor was held up as well, or it was stopped */
	int64_t unseen;		   /* of which nobody knows, since the monitor had no CPU */
	int64_t stolen, throttled; /* from the process meanwhile */
	bool traced;		   /* a debugger is attached */
	uint64_t faults;
	bool has_waiting;
	struct victims victims;
	struct watchdog_call call;
	double sleep;	 /* seconds that the system call was asked to sleep; negative: no sleep */
	double timeout;	 /* seconds that it waits at most; negative: unknown or for ever */
	int fd;		 /* that the call is about; -1: none */
	char target[96]; /* what it is: "pipe:[4711]", a path, a peer; "": no fd */
	unsigned looks, moved;	 /* after the first: how often, and how often it was elsewhere */
	struct symbol_frame now; /* at the last of these */
	const char *failure;
	size_t frame_count;
	struct symbol_frame frames[WATCHDOG_FRAMES];
};

/* Fills in the task, or which callback runs, and who awaits it. */
void watchdog_who(const struct heartbeat *hb, const void *task, struct watchdog_stall *stall);

/* Of the time on the clock, how much is the code's own? */
int64_t watchdog_own_time(const struct watchdog_stall *stall);
enum async_verdict watchdog_verdict(const struct watchdog_stall *stall);
/* False for what is not the code's fault. */
bool watchdog_is_finding(enum async_verdict verdict);

/* The innermost frame of the program's own code, or NULL. */
const struct symbol_frame *watchdog_culprit(const struct watchdog_stall *stall);
const struct symbol_frame *watchdog_own_frame(const struct symbol_frame *frames, size_t count);
/* A name of libc's own, without its decoration. */
const char *watchdog_plain_name(const char *function);

/* Fills sleep, timeout and target from the call's arguments. */
void watchdog_decode(struct watchdog_stall *stall);
/* "clock_nanosleep"; NULL for calls that nobody blocks in. */
const char *watchdog_call_name(long number);
/* What kind of thing the call waits for. */
enum watchdog_kind { CALL_OTHER, CALL_SLEEP, CALL_STREAM, CALL_FILE, CALL_LOCK, CALL_POLL };
enum watchdog_kind watchdog_call_kind(long number);
/* What to write instead, appended as one line; 0: no advice. */
size_t watchdog_advise(const struct watchdog_stall *stall, char *text, size_t size);

/* ---- Reports: pure. Cut off at size; they return the length ---------------------------------- */

/* At the limit; each time that another look was taken; at the end; when the loop ends. */
enum watchdog_event { STALL_BEGAN, STALL_LASTS, STALL_ENDED };
struct watchdog_totals {
	unsigned findings, starved, stopped, hidden; /* hidden: not reported */
	int64_t held, longest;
};
size_t watchdog_report(const struct watchdog_stall *stall, char *text, size_t size);
size_t watchdog_report_lasts(const struct watchdog_stall *stall, char *text, size_t size);
size_t watchdog_report_end(const struct watchdog_stall *stall, char *text, size_t size);
size_t watchdog_report_total(const struct watchdog_totals *totals, char *text, size_t size);
/* "104 ms: BLOCKED in read" */
size_t watchdog_report_title(const struct watchdog_stall *stall, char *text, size_t size);
/* Only the program's frames, for other kinds of report. */
size_t watchdog_report_stack(const struct watchdog_stall *stall, char *text, size_t size);

/* 0 where a format has nothing to say at that moment. hidden: text and JSON leave it out. */
size_t watchdog_format(enum async_report_format format, enum watchdog_event event,
		       const struct watchdog_stall *stall, bool hidden, char *text, size_t size);
size_t watchdog_format_total(enum async_report_format format, const struct watchdog_totals *totals,
			     char *text, size_t size);
size_t watchdog_json(enum watchdog_event event, const struct watchdog_stall *stall, char *text,
		     size_t size);
size_t watchdog_json_total(const struct watchdog_totals *totals, char *text, size_t size);
struct watchdog_text;
void watchdog_add_place(struct watchdog_text *text, const struct symbol_frame *frame);
void watchdog_add_stack(struct watchdog_text *text, const struct watchdog_stall *stall);
const char *watchdog_verdict_name(enum async_verdict verdict);

/* ---- What is reported, and where ------------------------------------------------------------- */

enum { POLICY_SEEN = 64, POLICY_FINDINGS = 20, POLICY_OTHERS = 3, POLICY_TURNS = 3 }; /* a minute */
struct watchdog_policy {
	struct {
		uint64_t stack;
		unsigned count;
	} seen[POLICY_SEEN];
	int64_t minute;		 /* when this one began; 0: none has */
	unsigned shown[3];	 /* in it: findings, what is none, turns of many slices */
	unsigned repeated, over; /* hidden in it: known stacks, and what was too much */
};
/* May the stall be reported? Sets stall->seen. Repetitions are at 2, 4, 8, ...; each minute ends. */
bool policy_admit(struct watchdog_policy *policy, int64_t now, struct watchdog_stall *stall);
/* What was hidden in a minute that is over, as a line; 0: nothing was. force: it ends now. */
size_t policy_hidden(struct watchdog_policy *policy, int64_t now, bool force, char *text,
		     size_t size);

void watchdog_emit(struct watchdog *w, const struct watchdog_stall *stall,
		   enum watchdog_event event, bool hidden);
void watchdog_emit_text(struct watchdog *w, size_t length);
void watchdog_emit_total(struct watchdog *w);
/* Opens the file that was asked for; what cannot be opened is said, and stderr stands in. */
void watchdog_output_open(struct watchdog *w);
void watchdog_output_close(struct watchdog *w);
/* Counts in the process, for async_watchdog_stalls() and its kin. Returns the number. */
unsigned watchdog_count(enum async_verdict verdict);

/* ---- The watchdog itself --------------------------------------------------------------------- */

/* The slice that is followed. */
struct watchdog_slice {
	uint32_t generation; /* 0: none */
	const void *task;    /* NULL: a callback */
	int64_t next;	     /* the code's own time at which it is looked at again */
	bool found;	     /* a finding; the stall's view is of its task */
	bool reported, loud; /* loud: the report was not hidden */
	bool excused;	     /* STARVED or STOPPED has been said */
	struct watchdog_span span;
	uint64_t place; /* where it was at the first look */
};

/* The turn that is followed. */
struct watchdog_turn {
	bool valid;
	bool spoiled;	     /* a long slice was in it */
	bool reported, loud; /* loud: the report was not hidden */
	uint64_t number;
	uint32_t first; /* the generation when it was first seen */
	struct watchdog_span span;
	struct watchdog_stall stall;
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
	struct {
		int64_t since, cpu, waiting; /* of the monitor, when it began to work */
		bool looked;		     /* it had to sleep for that */
	} work;
	int64_t doubt;	/* since the last numbers: not to be held against the loop */
	int64_t missed; /* since then, the monitor had no CPU */
	struct watchdog_reading reading;
	struct watchdog_slice slice;
	struct watchdog_turn turn;
	struct watchdog_stall stall;
	struct watchdog_capture capture;
	struct symbols *symbols;
	struct symbol_frame again[WATCHDOG_FRAMES]; /* of a later look */
	struct watchdog_policy policy;
	struct watchdog_totals totals;
	int output; /* an fd; -1: stderr */
	char text[WATCHDOG_TEXT];
	uintptr_t copy[WATCHDOG_STACK_COPY / sizeof(uintptr_t)];

	struct watchdog_question question;
};

/* Prints all tasks when SIGQUIT has asked for them and the loop has not got to it within the limit. */
void watchdog_answer_for_loop(struct watchdog *watchdog);

/* The thread: takes a struct watchdog. */
void *watchdog_monitor(void *arg);

/* turn.c: another look at the turn of that number; or it is over. */
void turn_observe(struct watchdog *w, uint64_t number);
void turn_leave(struct watchdog *w);

/* stall.c: the numbers of the slice so far into w->stall. True when it is to be looked at. */
bool stall_measure(struct watchdog *w);
/* Looks where it is, and reports it. */
void stall_look(struct watchdog *w);
/* Keeps it in the flight recorder, which is to be told of its end. */
void stall_record(struct watchdog *w, struct watchdog_stall *stall, int64_t begin);
/* The slice has ended then. */
void stall_end(struct watchdog *w, int64_t when);

#endif
