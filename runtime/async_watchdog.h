/* SPDX-License-Identifier: MIT */
/*
 * async_watchdog.h - who holds the loop, and stack overflows. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_WATCHDOG_H
#define LOOPHOUND_RUNTIME_ASYNC_WATCHDOG_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The watchdog is on in every loop, at 100 ms: a thread that says on stderr which task holds the
 * loop, in which function and line, why, whom it harms and what to call instead, while it lasts. The
 * environment overrides what the program asks for here; LOOPHOUND_WATCHDOG=help prints how:
 *
 *     LOOPHOUND_WATCHDOG=off
 *     LOOPHOUND_WATCHDOG=limit=20ms,report=json,file=stalls.json,exit=86
 *
 * The limit applies to the time that is the code's own: on a CPU, or blocked. Time that it waited for
 * a CPU, or that the process was stopped, is shown but never held against it.
 */
enum async_verdict {
	ASYNC_VERDICT_CPU,     /* it computed */
	ASYNC_VERDICT_BLOCKED, /* in a system call */
	ASYNC_VERDICT_LOCK,    /* for a lock */
	ASYNC_VERDICT_MIXED,   /* some of each */
	/*
	 * Many slices in one turn, none of them long, but together they made a timer late by as much as
	 * the limit. function, file and line are those of one of them, or where most were created, if that
	 * was a quarter of the turn.
	 */
	ASYNC_VERDICT_BUSY,
	/*
	 * The next two are no findings: not the code's fault, counted apart, and reported only if the
	 * options ask for it.
	 */
	ASYNC_VERDICT_STARVED, /* there was no CPU for it */
	ASYNC_VERDICT_STOPPED, /* the process was stopped, or is in a debugger */
};
struct async_stall {
	/* Its name; or "the handler of SIGINT", "the reader of fd 9", "a callback", "a turn" of many. */
	const char *task;
	const char *function; /* the innermost frame of the program's own code; NULL: unknown */
	const char *file;     /* as the compiler saw it; NULL without line information */
	int line;
	double seconds;	  /* how long the loop has been held: so far, or in all */
	bool ended;	  /* false: it still lasts */
	const char *text; /* the whole report, several lines */
	enum async_verdict verdict;
	unsigned number;	      /* the same in all reports of one stall */
	double cpu, blocked, waiting; /* seconds, of which seconds is made up */
};

/*
 * What is written: text for people; a line of JSON for each event; folded stacks, weighted by
 * milliseconds, for flame graphs; annotations of source lines for GitHub's workflows.
 */
enum async_report_format {
	ASYNC_REPORT_TEXT,
	ASYNC_REPORT_JSON,
	ASYNC_REPORT_FOLDED,
	ASYNC_REPORT_GITHUB
};

/* Zero is a default everywhere. Copied, but for what file points to. */
struct async_watchdog_options {
	double limit; /* seconds; 0: 0.1; negative: off */
	/* Called on the watchdog's thread instead of writing: it must not wait for the loop's thread. */
	void (*report)(const struct async_stall *stall, void *arg);
	void *arg;
	enum async_report_format format;
	const char *file; /* appended to; NULL: stderr */
	int exit_code;	  /* of the process, if there was a finding; 0: as without a watchdog */
	bool abort;   /* at the first finding, once it is reported: the core shows the culprit */
	bool excuses; /* reports STARVED and STOPPED, too */
	bool stats;   /* async_watchdog_accounts_text() at the end of each loop */
};
/* Before async_run(). NULL: the defaults. */
void async_watchdog_configure(const struct async_watchdog_options *options);

/* Stalls longer than the limit since the process started, reported or not. */
unsigned async_watchdog_stalls(void);
/* How often there was no CPU for a slice for longer than the limit, or the process was stopped. */
unsigned async_watchdog_starved(void);
unsigned async_watchdog_stopped(void);

/* ---- Accounts -------------------------------------------------------------------------------- */

#define ASYNC_HISTOGRAM_BUCKETS 22
struct async_histogram {
	uint64_t count[ASYNC_HISTOGRAM_BUCKETS]; /* of async_histogram_bound() and less */
	uint64_t total;
	double longest; /* seconds */
};
/* The time that all in that bucket are shorter than: 64 us, and twice that for each that follows. */
double async_histogram_bound(int bucket);

/*
 * What every loop keeps about itself, watchdog or not. A slice is one resume of a task or one run of
 * a callback. lag is how late timers fired: a stall makes a sample of every 10 ms that it lasted, as
 * many as a metronome would have missed. Many short slices in one turn make no long slice, but lag.
 */
struct async_accounts {
	struct async_histogram slices, lag;
	uint64_t turns;
	char longest_task[32]; /* the name of whose longest slice that is; "": a callback */
};
/* Of the loop of this thread; all zero when there is none. */
void async_watchdog_accounts(struct async_accounts *accounts);
/* The same as a table, cut off at size. Returns the length. */
size_t async_watchdog_accounts_text(char *text, size_t size);
/* The task's longest slice so far in seconds; 0: none took 64 us. */
double async_task_longest_slice(struct async_task *task);

/*
 * The strict guard: LOOPHOUND_WATCHDOG=strict in the environment of any program reports each call
 * that may block, made on a coroutine or in a callback, at the call and however short it was, with
 * function, file and line: what makes a test suite a proof that nothing blocks. "May block" is
 * decided from the arguments. Stacks are told once and counted; the sum is said at the end.
 *
 *     sleep    nanosleep() and its like, a poll of nothing          fails the run
 *     net      an fd without O_NONBLOCK: socket, pipe, terminal;
 *              poll(), select(), epoll_wait() with a time > 0       fails the run
 *     process  waitpid() without WNOHANG                            fails the run
 *     lock     futexes (contended locks), flock()                   reported only
 *     disk     files: open(), stat(), read(), fsync()               reported only
 *
 * A run that fails ends with status 86, whatever it returned from main() or gave to exit(): when all
 * atexit() handlers have run, stdio is flushed and the process ends. _exit() and signals pass it by.
 * Children after fork() are not guarded until they run a loop of their own; threads without a loop
 * never are. It is off, and says so, under Valgrind and rr. strict=quiet says only what fails the
 * run.
 *
 * On Linux x86-64 the kernel hands over every system call; elsewhere, under sanitizers, or with
 * strict=symbols, libc's functions are interposed, which does not see what libc does inside itself, and
 * cannot be done, so that the guard is off and says so, where they are in the program itself: linked
 * statically, or as those of clang's sanitizers. runtime/guard/README.md has a table of what each way sees.
 */
/* Calls so far for which the run fails. 0 where there is no guard. */
unsigned async_watchdog_violations(void);

/*
 * A stretch that is meant to block: with a reason for the reader, and a budget in seconds (0: none). Up
 * to its budget it is no stall for the watchdog, and the strict guard lets it pass; it reports one
 * that took longer, and at the end a place that was entered and allowed nothing. It must not
 * suspend; to do so aborts. Outside of a running loop it does nothing.
 *
 *     async_blocking("the terminal is ours", 0.01)
 *             fputs(line, stdout);
 *
 * or with begin and end, in one function; they nest. The block may be left by return and break.
 */
struct async_blocking {
	const char *here, *reason;
	double budget;
	int64_t start;
	struct async_blocking *outer;
	uint32_t generation; /* 0: in no slice, or ended */
	unsigned calls;
};
#define async_blocking(reason, budget)                                                          \
	for (struct async_blocking async_section_ __attribute__((cleanup(async_blocking_end))), \
	     *async_once_ = async_blocking_begin(&async_section_, (reason), (budget));          \
	     async_once_; async_once_ = NULL)
#define async_blocking_begin(section, reason, budget) \
	async_blocking_begin_at(ASYNC_HERE, (section), (reason), (budget))
/* Returns section. */
struct async_blocking *async_blocking_begin_at(const char *here, struct async_blocking *section,
					       const char *reason, double budget);
void async_blocking_end(struct async_blocking *section);

/*
 * Opt in: a stack overflow says which task, how large its stack is, and where, then the previous
 * SIGSEGV handler (or the default) has its turn. Per thread that runs a loop; idempotent.
 * 0 or a negative errno.
 */
int async_install_overflow_handler(void);

#ifdef __cplusplus
}
#endif
#endif
