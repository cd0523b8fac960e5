/* SPDX-License-Identifier: MIT */
/*
 * internal.h - what the guard's files share. In the order of a violation's life:
 *
 *     guard.c        which threads are guarded
 *     modules*.c     what is loaded
 *     dispatch*.c    catches every system call, where the kernel offers that
 *     symbols.c      catches libc's functions elsewhere, in slots_*.c, by the wrappers in wrap*.c
 *     decide.c       may this call block? From its number and arguments alone, by the rules in calls_*.c
 *     note.c         in the handler: remembers the call and a copy of the stack
 *     allowance.c    async_blocking(): it is meant
 *     report.c       between two turns: counts, says
 *     names.c        functions, files and lines of a copied stack
 *     total.c        at exit: the sum, what was allowed in vain, the exit status
 */
#ifndef LOOPHOUND_RUNTIME_GUARD_INTERNAL_H
#define LOOPHOUND_RUNTIME_GUARD_INTERNAL_H

#include "runtime/async.h"
#include "runtime/guard/guard.h"
#include "runtime/symbol/symbol.h"
#include "runtime/watchdog/internal.h"

#include <stdint.h>
#include <sys/types.h>

/* ---- Calls ----------------------------------------------------------------------------------- */

enum guard_severity { GUARD_SLEEP, GUARD_NET, GUARD_LOCK, GUARD_DISK, GUARD_PROCESS };
enum { GUARD_SEVERITIES = GUARD_PROCESS + 1 };

struct guard_call {
	long number; /* of the system call; -1: a function of libc that makes several */
	uint64_t arguments[6];
	const char *name; /* of the call, or of the function */
	enum guard_severity severity;
	double seconds;	  /* that it was asked to wait; negative: not said */
	int fd;		  /* -1: none */
	char target[64];  /* what the fd is, or the path; "": neither */
	uintptr_t caller; /* of a wrapper, the address that it returns to; 0: no wrapper */
};

/*
 * May it block? Fills in the rest of a call of which number and arguments are known; a name that is
 * there already stays. guard_describe() adds the target. Both are async-signal-safe.
 */
bool guard_decide(struct guard_call *call);
void guard_describe(struct guard_call *call);

/* ---- Guards ---------------------------------------------------------------------------------- */

enum { GUARD_NOTES = 32, GUARD_STACK = 12 * 1024, GUARD_SEEN = 1024, GUARD_RANGES = 96 };

struct guard_note {
	struct guard_call call;
	bool callback; /* not a task: view is empty */
	struct task_view view;
	unsigned seen; /* its place in the table of stacks */
	struct machine_registers registers;
	uintptr_t address;
	size_t size;
	uintptr_t stack[GUARD_STACK / sizeof(uintptr_t)];
};

struct guard_place;
struct guard_range {
	uintptr_t low, high;
};

/* Of one loop, touched by its thread and the handlers on it. */
struct guard {
	struct heartbeat *hb;
	pid_t process; /* a child after fork() is not guarded */
	bool by_symbols, quiet;
	struct async_blocking *section; /* the innermost */
	uint64_t version;		/* of the modules, as of these ranges: */
	size_t ranges;
	struct guard_range code[GUARD_RANGES]; /* executable */
	struct guard_seen {
		uint64_t key;	/* as the handler knows a stack; 0: a free entry */
		uint64_t stack; /* as the report does */
		unsigned fresh; /* times since it was last reported */
		enum guard_severity severity;
		struct guard_place *place;
	} seen[GUARD_SEEN];
	unsigned lost[GUARD_SEVERITIES]; /* for want of room */
	unsigned note_count;
	struct guard_note notes[GUARD_NOTES];
	struct watchdog_stall stall; /* the report's */
};

/*
 * The guard of the loop that runs in this thread now, or NULL. Wrappers ask in any thread and in its
 * signal handlers, where memory for a library's thread-locals must not be allocated on first use.
 */
extern _Thread_local struct guard *guard_mine __attribute__((tls_model("initial-exec")));

/*
 * Notes a call that guard_decide() found to block, made with these registers. Async-signal-safe;
 * while it runs the selector is off.
 */
void guard_note(struct guard *guard, struct guard_call *call,
		const struct machine_registers *registers);

/* ---- Ways of catching ------------------------------------------------------------------------ */

/* Makes the calling thread's system calls come to guard_note() while the selector is 1. 0 or -errno. */
int guard_dispatch_start(struct guard *guard);
void guard_dispatch_stop(void);

struct guard_wrapper {
	const char *name;
	void *wrapper;
	void **real; /* filled in when it is installed */
};
/* Up to a NULL name. */
extern const struct guard_wrapper guard_wrappers[], guard_lock_wrappers[], guard_file_wrappers[],
	guard_posix_wrappers[], guard_loader_wrappers[];
/* Those that this system has, up to NULL. */
extern const struct guard_wrapper *const guard_tables[];

/* Puts the wrappers in libc's place, for good; they look for guard_mine. 0 or -errno. */
int guard_symbols_start(void);
/* The same with a table of one's own. */
int guard_symbols_put(const struct guard_wrapper *table);
/* Also in modules that were loaded since. */
void guard_symbols_look(void);
/* In a child after fork(): another thread may have been at it. */
void guard_symbols_forget(void);

/* For wrappers: is this a guarded slice? If so, notes a call like this one if it may block. */
static inline bool guard_is_here(void)
{
	return guard_mine != NULL && guard_mine->hb->selector;
}
void guard_look(const char *name, long number, const uint64_t arguments[6], uintptr_t caller);
/* The same for a function that is more than a system call. */
void guard_look_at(const char *name, enum guard_severity severity, uintptr_t caller);

/* ---- Modules --------------------------------------------------------------------------------- */

/* Another number whenever a library was loaded or is gone. */
uint64_t guard_modules_version(void);
/* From now on the module that this code is in is not unloaded. */
void guard_modules_stay(void);
/* Where code is, as of now; and a range that is about to be mapped. The latter is async-signal-safe. */
void guard_code_look(struct guard *guard);
void guard_code_add(struct guard *guard, uintptr_t low, uintptr_t high);

/* ---- Names ----------------------------------------------------------------------------------- */

/* Each guard holds the debug information, once. */
void guard_names_hold(void);
void guard_names_drop(void);
/* Fills in what the watchdog's reports need: a thread seen blocked in that call. Takes much stack. */
void guard_names_find(const struct guard_note *note, struct watchdog_stall *stall);

/* ---- Places, allowances and the total -------------------------------------------------------- */

/* A stack that was named. Places stay until the process ends. */
struct guard_place {
	uint64_t stack;
	unsigned count;
	enum guard_severity severity;
	char text[160]; /* "nanosleep(0.5 s) in polite_delay crawler.c:88" */
};

/* Counts, at its place and in all. *known is NULL, then set, and stays NULL when the table is full. */
void guard_count(struct guard_place **known, uint64_t stack, enum guard_severity severity,
		 unsigned times);
void guard_place_name(struct guard_place *place, const char *text);
const char *guard_severity_name(enum guard_severity severity);
/* Does the run fail for it? */
bool guard_is_fatal(enum guard_severity severity);

/* From now on the end of the process says what was found; quiet: only that which fails the run. */
void guard_total_begin(bool quiet);
void guard_say(const char *text);

/* Is the call meant? Then it is counted as that. Async-signal-safe. */
bool guard_is_allowed(const struct guard *guard);
/* At exit: says which were entered and allowed nothing. */
void guard_allowances_say(void);
/* In a child after fork(), which has a total of its own. */
void guard_allowances_forget(void);

#endif
