/* SPDX-License-Identifier: MIT */
/*
 * monitor.c - the monitor: one thread per loop that looks at the heartbeat a few times per
 * limit.
 *
 * A slice seen at two looks is followed: from the first look on the thread's accounts are kept, and
 * when the time that is the code's own (on a CPU, plus blocked) passes the limit, a report goes out
 * while the slice still lasts. The bell then tells when it ends. A loop that idles for a whole
 * tick lets the monitor park: no wake-ups until the loop rings.
 *
 * Rules: it takes no lock that the loop may hold, uses no stdio, and never makes the loop wait.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/symbol/maps.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLACK_NS = 2000000 };

static atomic_uint stalls;

unsigned async_watchdog_stalls(void)
{
	return atomic_load(&stalls);
}

/* ---- Resting --------------------------------------------------------------------------------- */

/* Only the monitor sets PARKED and WATCH, and never over the loop's STOP. */
static bool set_bell(struct heartbeat *hb, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&hb->bell, &from, to);
}

static void park(struct heartbeat *hb, uint32_t polls)
{
	if (!set_bell(hb, HEARTBEAT_QUIET, HEARTBEAT_PARKED))
		return;
	if (atomic_load(&hb->polls) == polls)
		syscall(SYS_futex, &hb->bell, FUTEX_WAIT_PRIVATE, HEARTBEAT_PARKED, NULL, NULL, 0);
	set_bell(hb, HEARTBEAT_PARKED, HEARTBEAT_QUIET);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/*
 * Woken late, as after a SIGSTOP or in a debugger: the loop did not have that time either. But when
 * the monitor only had to wait for a CPU, the loop may have been blocked meanwhile.
 */
static void note_lateness(struct watchdog *w, int64_t late)
{
	int64_t waiting;

	if (late <= SLACK_NS)
		return;
	waiting = watchdog_waiting(w->own_tid);
	w->slice.late += clamp(late - (waiting - w->own_waiting), 0, late);
	w->own_waiting = waiting;
}

static void rest(struct watchdog *w)
{
	struct heartbeat *hb = w->hb;
	int64_t tick = w->options.limit / 4, planned;
	uint32_t bell = atomic_load(&hb->bell);
	uint32_t polls = atomic_load(&hb->polls);

	if (bell == HEARTBEAT_STOP || atomic_load(&w->question.state) == QUESTION_ASKED)
		return;
	if (w->slice.generation == 0 && (polls & 1) && polls == w->polls_before) {
		park(hb, polls);
		return;
	}
	w->polls_before = polls;
	if (w->slice.generation != 0 && !w->slice.reported)
		tick = clamp(w->remaining, w->options.limit / 16, tick);
	planned = watchdog_now() + tick;
	syscall(SYS_futex, &hb->bell, FUTEX_WAIT_PRIVATE, bell,
		&(struct timespec){ .tv_sec = tick / 1000000000, .tv_nsec = tick % 1000000000 },
		NULL, 0);
	if (w->slice.generation != 0)
		note_lateness(w, watchdog_now() - planned);
}

/* ---- Reporting ------------------------------------------------------------------------------- */

/* The same functions one inside the other are the same stack: lines may vary within a loop. */
static uint64_t hash_stack(const struct watchdog_stall *stall)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < stall->frame_count; i++) {
		const char *name = stall->frames[i].function;

		for (; *name != '\0'; name++)
			hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
		hash = (hash ^ (name == stall->frames[i].function ? stall->frames[i].offset : 0)) *
		       UINT64_C(1099511628211);
	}
	return hash;
}

static unsigned count_stack(struct watchdog *w)
{
	uint64_t stack = hash_stack(&w->stall);
	size_t start = stack % WATCHDOG_SEEN, i = start;

	while (w->seen[i].count != 0 && w->seen[i].stack != stack) {
		i = (i + 1) % WATCHDOG_SEEN;
		if (i == start) {
			w->seen[i].count = 0;
			break;
		}
	}
	w->seen[i].stack = stack;
	return ++w->seen[i].count;
}

static void write_all(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written < 0 && errno != EINTR)
			return;
		text += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
}

static void emit(struct watchdog *w, size_t length, bool ended)
{
	const struct symbol_frame *culprit = watchdog_culprit(&w->stall);
	struct async_stall stall = {
		.task = w->stall.callback ? "a callback" : w->stall.view.name,
		.function = culprit && culprit->function[0] ? culprit->function : NULL,
		.file = culprit && culprit->line > 0 ? culprit->file : NULL,
		.line = culprit ? culprit->line : 0,
		.seconds = (double)w->stall.held / 1e9,
		.ended = ended,
		.text = w->text,
	};

	if (w->options.report != NULL)
		w->options.report(&stall, w->options.arg);
	else
		write_all(w->text, length);
}

/* Fills in task and stack. False when the slice has ended meanwhile. */
static bool look(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->stall;
	const void *task = atomic_load(&w->hb->task);
	uintptr_t low = w->low, high = w->high;

	memset(&stall->view, 0, sizeof(stall->view));
	stall->callback = task == NULL;
	if (task != NULL) {
		task_describe(task, &stall->view);
		low = stall->view.stack_low;
		high = stall->view.stack_high;
	}
	w->capture.bytes = (unsigned char *)w->copy;
	return watchdog_capture(&w->capture, w->tid, low, high, w->hb, w->slice.generation);
}

static void report(struct watchdog *w)
{
	struct watchdog_stall *stall = &w->stall;

	/* From here on the end of the slice is noted to the microsecond. */
	set_bell(w->hb, HEARTBEAT_QUIET, HEARTBEAT_WATCH);
	if (!look(w) || (w->capture.failure != NULL && stall->held < 2 * w->options.limit))
		return;
	stall->limit = w->options.limit;
	stall->call = w->capture.call;
	stall->failure = w->capture.failure;
	stall->frame_count = 0;
	/* The arguments may lie on the stack: read before the names are looked up, which can take long. */
	watchdog_decode(stall);
	if (stall->failure == NULL)
		stall->frame_count = symbol_unwind(w->symbols, &w->capture.stack, stall->frames,
						   WATCHDOG_FRAMES);
	stall->number = atomic_fetch_add(&stalls, 1) + 1;
	stall->seen = count_stack(w);
	w->slice.reported = true;
	w->slice.loud = (stall->seen & (stall->seen - 1)) == 0;
	if (w->slice.loud)
		emit(w, watchdog_report(stall, w->text, sizeof(w->text)), false);
}

/* ---- Watching -------------------------------------------------------------------------------- */

/* A slice that is the next after a look between two began no earlier than that look. */
static void look_between(struct watchdog *w, uint32_t generation)
{
	w->between.polls = atomic_load(&w->hb->polls);
	w->between.generation = generation;
	w->between.valid = !(w->between.polls & 1);
	if (w->between.valid)
		watchdog_usage_read(w->tid, w->cpu_clock, &w->between.usage);
}

/* True when some of the slice is past already. */
static bool begin(struct watchdog *w, uint32_t generation)
{
	bool next = w->between.valid && generation == w->between.generation + 1 &&
		    atomic_load(&w->hb->polls) == w->between.polls;

	w->slice = (struct watchdog_slice){ .generation = generation };
	w->remaining = w->options.limit;
	w->own_waiting = watchdog_waiting(w->own_tid);
	if (next)
		w->slice.start = w->between.usage;
	else
		watchdog_usage_read(w->tid, w->cpu_clock, &w->slice.start);
	w->between.valid = false;
	return next;
}

static void follow(struct watchdog *w)
{
	struct watchdog_slice *slice = &w->slice;
	struct watchdog_stall *stall = &w->stall;
	struct watchdog_usage now;
	struct watchdog_call call;

	watchdog_call_read(w->tid, &call);
	watchdog_usage_read(w->tid, w->cpu_clock, &now);
	stall->held = now.wall - slice->start.wall;
	stall->cpu = now.cpu - slice->start.cpu;
	stall->waiting = now.waiting - slice->start.waiting;
	stall->user = now.user - slice->start.user;
	stall->kernel = now.kernel - slice->start.kernel;
	stall->faults = now.faults - slice->start.faults;
	stall->has_waiting = now.has_waiting;
	/* While it is runnable, what is unaccounted for may be a wait for a CPU not yet over. */
	if (call.state != WATCHDOG_RUNNING || !now.has_waiting)
		slice->blocked = clamp(stall->held - stall->cpu - stall->waiting - slice->late, 0,
				       INT64_MAX);
	stall->blocked = slice->blocked;
	w->remaining = w->options.limit - stall->cpu - stall->blocked;
	if (w->remaining <= 0 && atomic_load(&w->hb->generation) == slice->generation)
		report(w);
}

static void finish(struct watchdog *w)
{
	bool noted = atomic_load(&w->hb->ended) == w->slice.generation + 1;
	int64_t end = noted ? atomic_load(&w->hb->ended_at) : watchdog_now();

	set_bell(w->hb, HEARTBEAT_WATCH, HEARTBEAT_QUIET);
	if (w->slice.loud) {
		w->stall.held = end - w->slice.start.wall;
		emit(w, watchdog_report_end(&w->stall, w->text, sizeof(w->text)), true);
	}
	w->slice.generation = 0;
}

static void observe(struct watchdog *w)
{
	uint32_t generation = atomic_load(&w->hb->generation);

	if (w->slice.generation != 0 && generation != w->slice.generation)
		finish(w);
	if (!(generation & 1))
		look_between(w, generation);
	else if (w->slice.generation == 0 ? begin(w, generation) : !w->slice.reported)
		follow(w);
}

static void answer(struct watchdog *w)
{
	struct watchdog_question *question = &w->question;
	uintptr_t from = question->registers.sp;
	struct symbol_stack stack = { .registers = question->registers,
				      .bytes = (unsigned char *)w->copy };

	if (atomic_load(&question->state) != QUESTION_ASKED)
		return;
	/* After an overflow sp may point into the guard. */
	stack.address = from < question->low ? question->low : from;
	stack.size = maps_read(
		w->copy,
		(size_t)clamp((int64_t)(question->high - stack.address), 0, WATCHDOG_STACK_COPY),
		stack.address);
	w->stall.frame_count = symbol_unwind(w->symbols, &stack, w->stall.frames, WATCHDOG_FRAMES);
	question->length =
		watchdog_report_stack(&w->stall, question->answer, sizeof(question->answer));
	atomic_store(&question->state, QUESTION_ANSWERED);
}

/* ---- The thread ------------------------------------------------------------------------------ */

void *watchdog_monitor(void *arg)
{
	struct watchdog *w = arg;

	w->own_tid = (pid_t)syscall(SYS_gettid);
	observe(w);
	symbol_warm(w->symbols);
	while (atomic_load(&w->hb->bell) != HEARTBEAT_STOP) {
		observe(w);
		answer(w);
		watchdog_answer_for_loop(w);
		rest(w);
	}
	observe(w);
	return NULL;
}
