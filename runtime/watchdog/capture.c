/* SPDX-License-Identifier: MIT */
/*
 * capture.c - where another thread is, without disturbing it.
 *
 * A signal cuts a sleep short, so a blocked thread is never sent one: /proc/self/task/TID/syscall
 * has its registers, and says afterwards whether it has moved while its stack was copied. Only a
 * thread that was seen running twice in a row is asked: the kernel's sampling if it may be used
 * (capture_perf.c), else the thread itself, with a real-time signal whose handler copies registers and
 * stack, and nothing else.
 *
 * That handler is installed when it is first needed, for the highest real-time signal that has none,
 * and stays, since a late signal without it would end the process. It is checked again before each
 * use that nobody has put a handler of his own there.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/symbol/maps.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Blocked --------------------------------------------------------------------------------- */

bool watchdog_same_call(const struct watchdog_call *a, const struct watchdog_call *b)
{
	return a->state == b->state && a->number == b->number && a->sp == b->sp && a->pc == b->pc &&
	       memcmp(a->arguments, b->arguments, sizeof(a->arguments)) == 0;
}

static size_t clamp(size_t size)
{
	return size < WATCHDOG_STACK_COPY ? size : WATCHDOG_STACK_COPY;
}

static bool copy_blocked(struct watchdog_capture *capture, pid_t tid, uintptr_t low, uintptr_t high)
{
	struct watchdog_call again, *call = &capture->call;
	uintptr_t top = call->sp >= low && call->sp < high ? high : call->sp + 16 * 1024;

	/* Not memcpy: this stops at a page that is not there. */
	capture->stack.size = maps_read(capture->bytes, clamp(top - call->sp), call->sp);
	watchdog_call_read(tid, &again);
	if (!watchdog_same_call(call, &again))
		return false;
	capture->stack.registers = (struct machine_registers){ .pc = call->pc, .sp = call->sp };
	capture->stack.address = call->sp;
	capture->failure = capture->stack.size == 0 ? "the stack cannot be read here" : NULL;
	return true;
}

/* ---- Running --------------------------------------------------------------------------------- */

struct request {
	pid_t tid;
	uintptr_t low, high;
	struct watchdog_capture *capture;
	atomic_bool done;
};

/* What the handler is to fill in; one at a time in the process. A lock could not survive a fork. */
static _Atomic(struct request *) pending;
static int signal_number; /* written by whoever has put its request in pending */

void watchdog_capture_reset(void)
{
	atomic_store(&pending, NULL);
}

/* By words and uninstrumented: red zones between a stack's variables are copied too. */
__attribute__((no_sanitize("address", "thread"))) static void copy_words(unsigned char *bytes,
									 uintptr_t from,
									 size_t size)
{
	volatile uintptr_t *to = (volatile uintptr_t *)(void *)bytes;
	const volatile uintptr_t *word = (const volatile uintptr_t *)from;

	for (size_t i = 0; i < size / sizeof(*word); i++)
		to[i] = word[i];
}

__attribute__((no_sanitize("thread"))) static void copy_here(int number, siginfo_t *info,
							     void *context)
{
	struct request *request = atomic_load(&pending);

	(void)number, (void)info;
	if (request == NULL || request->tid != (pid_t)syscall(SYS_gettid) ||
	    !atomic_compare_exchange_strong(&pending, &request, NULL))
		return;
	struct machine_registers registers = MACHINE_REGISTERS((ucontext_t *)context);
	struct symbol_stack *stack = &request->capture->stack;
	uintptr_t sp = registers.sp & ~(uintptr_t)7;

	stack->registers = registers;
	stack->address = sp;
	stack->size = 0;
	if (sp >= request->low && sp < request->high) {
		stack->size = clamp(request->high - sp);
		copy_words(request->capture->bytes, sp, stack->size);
	}
	atomic_store(&request->done, true);
}

static bool has_our_handler(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
	       now.sa_sigaction == copy_here;
}

static bool install(void)
{
	struct sigaction action = { .sa_sigaction = copy_here,
				    .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };
	struct sigaction now;

	if (signal_number != 0 && has_our_handler(signal_number))
		return true;
	sigfillset(&action.sa_mask);
	sigdelset(&action.sa_mask, SIGSYS); /* the strict guard's: blocked, it would kill */
	for (int number = SIGRTMAX; number >= SIGRTMIN; number--) {
		if (sigaction(number, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO) ||
		    now.sa_handler != SIG_DFL)
			continue;
		signal_number = number;
		return sigaction(number, &action, NULL) == 0;
	}
	return false;
}

static const struct timespec moment = { .tv_nsec = 200 * 1000 };
enum { MOMENTS = 250 };
#define PATIENCE INT64_C(1000000000) /* ns that a thread may have to wait for a CPU */

static bool enter(struct request *request)
{
	for (int i = 0; i < MOMENTS; i++) {
		struct request *nobody = NULL;

		if (atomic_compare_exchange_strong(&pending, &nobody, request))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

/* The handler takes microseconds, but the thread may have to wait for a CPU first. */
static bool await_done(struct request *request)
{
	struct request *taken = request;

	for (int64_t end = watchdog_now() + PATIENCE;
	     !atomic_load(&request->done) && watchdog_now() < end;)
		nanosleep(&moment, NULL);
	if (atomic_compare_exchange_strong(&pending, &taken, NULL))
		return false;
	/* The handler has begun and will finish: it only copies. */
	while (!atomic_load(&request->done))
		nanosleep(&moment, NULL);
	return true;
}

/* Seen so each time: one that is in a signal handler at the moment will be out of it. */
static bool always_blocks(pid_t tid, int number)
{
	for (int i = 0; i < 20; i++) {
		if (!watchdog_blocks_signal(tid, number))
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* In a switch the loop's own stack is still in use: its frames are not the task's. */
static const char *foreign(const struct symbol_stack *stack, uintptr_t low, uintptr_t high)
{
	bool within = stack->size > 0 && stack->address >= low && stack->address < high;

	return within ? NULL : "the thread is on a stack of its own";
}

/* Time has gone by, and it may have blocked. */
static bool still_runs(pid_t tid)
{
	struct watchdog_call call;

	watchdog_call_read(tid, &call);
	return call.state == WATCHDOG_RUNNING;
}

static void copy_running(struct watchdog_capture *capture, pid_t tid, uintptr_t low, uintptr_t high)
{
	struct request request = { .tid = tid, .low = low, .high = high, .capture = capture };

	if (watchdog_capture_perf(capture, tid)) {
		capture->failure = foreign(&capture->stack, low, high);
		return;
	}
	capture->failure = "the thread does not answer";
	if (!MACHINE_KNOWN || !enter(&request))
		return;
	if (!install()) {
		capture->failure = "no signal is free to ask the thread with";
		atomic_store(&pending, NULL);
	} else if (always_blocks(tid, signal_number)) {
		capture->failure = "the thread blocks all signals";
		atomic_store(&pending, NULL);
	} else if (!still_runs(tid) || syscall(SYS_tgkill, getpid(), tid, signal_number) != 0) {
		atomic_store(&pending, NULL);
	} else if (await_done(&request)) {
		capture->failure = foreign(&capture->stack, low, high);
	}
}

bool watchdog_capture(struct watchdog_capture *capture, pid_t tid, uintptr_t low, uintptr_t high,
		      const struct heartbeat *hb, uint32_t generation)
{
	enum watchdog_state before = WATCHDOG_UNKNOWN;
	bool done = false;

	capture->stack.bytes = capture->bytes;
	capture->failure = "the thread moved each time it was looked at";
	for (int attempt = 0; attempt < 10 && !done; attempt++) {
		if (atomic_load(&hb->generation) != generation)
			return false;
		watchdog_call_read(tid, &capture->call);
		switch (capture->call.state) {
		case WATCHDOG_UNKNOWN:
			capture->failure = "this system does not show what a thread is blocked in";
			done = true;
			break;
		case WATCHDOG_BLOCKED:
			done = copy_blocked(capture, tid, low, high);
			break;
		case WATCHDOG_RUNNING:
			if (before == WATCHDOG_RUNNING) {
				copy_running(capture, tid, low, high);
				done = true;
			} else {
				nanosleep(&moment, NULL);
			}
			break;
		}
		before = capture->call.state;
	}
	return atomic_load(&hb->generation) == generation;
}
