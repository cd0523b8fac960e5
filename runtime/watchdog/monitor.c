/* SPDX-License-Identifier: MIT */
/*
 * monitor.c - the monitor: one thread per loop that looks at the heartbeat a few times per
 * limit.
 *
 * A slice seen at two looks is followed: from the first look on the thread's accounts are kept, and
 * stall.c says what is to be said of it. Once it is reported, the bell tells when it ends. A loop that
 * idles for a whole tick lets the monitor park: no wake-ups until the loop rings.
 *
 * Rules: it takes no lock that the loop may hold, uses no stdio, and never makes the loop wait.
 */
#include "runtime/watchdog/internal.h"

#include "runtime/symbol/maps.h"

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static long switches(void)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

static int64_t own_cpu(void)
{
	struct timespec cpu = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	return cpu.tv_sec * INT64_C(1000000000) + cpu.tv_nsec;
}

/* How long it had to wait for a CPU since it was asked last. */
static int64_t take_waited(struct watchdog *w)
{
	int64_t now = watchdog_waiting(w->own_tid), waited = now - w->work.waiting;

	w->work.waiting = now;
	return waited;
}

/*
 * Work is CPU time, but where a look sleeps by itself. Reading names from a slow disk counts as
 * if the process was stopped: that only delays what is said of the loop.
 */
static void count_work(struct watchdog *w)
{
	int64_t cpu = own_cpu();
	struct watchdog_rest work = { .planned = cpu - w->work.cpu,
				      .slept = watchdog_now() - w->work.since };

	if (work.slept - work.planned <= WATCHDOG_SLACK_NS)
		return;
	work.waited = take_waited(w);
	w->missed += work.waited;
	if (!w->work.looked)
		w->doubt += watchdog_doubt(&work);
}

static void begin_work(struct watchdog *w)
{
	w->work.since = watchdog_now();
	w->work.cpu = own_cpu();
	w->work.looked = false;
}

static void sleep_for(const struct heartbeat *hb, uint32_t bell, int64_t tick)
{
	syscall(SYS_futex, &hb->bell, FUTEX_WAIT_PRIVATE, bell,
		&(struct timespec){ .tv_sec = tick / 1000000000, .tv_nsec = tick % 1000000000 },
		NULL, 0);
}

/* While something is followed: the system calls that it takes are half of what a look costs. */
static void sleep_and_count(struct watchdog *w, uint32_t bell, int64_t tick)
{
	struct watchdog_rest rest = { .planned = tick, .switches = -switches() };
	int64_t start = watchdog_now();

	take_waited(w);
	sleep_for(w->hb, bell, tick);
	rest.slept = watchdog_now() - start;
	rest.switches += switches();
	if (rest.slept - tick <= WATCHDOG_SLACK_NS && rest.switches <= 1)
		return;
	rest.waited = take_waited(w);
	w->missed += rest.waited;
	w->doubt += watchdog_doubt(&rest);
}

static void rest(struct watchdog *w)
{
	struct heartbeat *hb = w->hb;
	int64_t tick = w->options.limit / 4;
	uint32_t bell = atomic_load(&hb->bell);
	uint32_t polls = atomic_load(&hb->polls);

	if (bell == HEARTBEAT_STOP || atomic_load(&w->question.state) == QUESTION_ASKED)
		return;
	if (w->slice.generation == 0 && (polls & 1) && polls == w->polls_before) {
		park(hb, polls);
		begin_work(w);
		return;
	}
	w->polls_before = polls;
	if (w->slice.generation != 0)
		tick = clamp(w->remaining, w->options.limit / 16, tick);
	count_work(w);
	if (w->slice.generation != 0 || w->turn.valid)
		sleep_and_count(w, bell, tick);
	else
		sleep_for(hb, bell, tick);
	begin_work(w);
}

/* ---- Watching -------------------------------------------------------------------------------- */

/* A slice that is the next after a look between two began no earlier than that look. */
static void look_between(struct watchdog *w, uint32_t generation, uint32_t polls)
{
	w->between.polls = polls;
	w->between.generation = generation;
	w->between.valid = true;
	w->between.usage = w->reading.usage;
}

/* True when some of the slice is past already. */
static bool begin(struct watchdog *w, uint32_t generation)
{
	bool next = w->between.valid && generation == w->between.generation + 1 &&
		    atomic_load(&w->hb->polls) == w->between.polls;

	w->slice = (struct watchdog_slice){ .generation = generation,
					    .task = atomic_load(&w->hb->task),
					    .next = w->options.limit };
	w->remaining = w->options.limit;
	span_begin(&w->slice.span, next ? &w->between.usage : &w->reading.usage);
	w->between.valid = false;
	return next;
}

static void follow(struct watchdog *w)
{
	if (stall_measure(w) && atomic_load(&w->hb->generation) == w->slice.generation)
		stall_look(w);
}

static void finish(struct watchdog *w)
{
	bool noted = atomic_load(&w->hb->ended) == w->slice.generation + 1;
	int64_t end = noted ? atomic_load(&w->hb->ended_at) : watchdog_now();

	set_bell(w->hb, HEARTBEAT_WATCH, HEARTBEAT_QUIET);
	stall_end(w, end);
	w->slice.generation = 0;
	watchdog_emit_text(
		w, policy_hidden(&w->policy, watchdog_now(), false, w->text, sizeof(w->text)));
}

static void observe(struct watchdog *w)
{
	uint32_t generation = atomic_load(&w->hb->generation);
	uint32_t polls = atomic_load(&w->hb->polls);
	uint64_t turn = atomic_load(&w->hb->turn);
	bool idle = !(generation & 1) && (polls & 1);

	if (idle && w->slice.generation == 0) {
		turn_leave(w);
		w->between.valid = false;
		w->doubt = w->missed = 0;
		return;
	}
	count_work(w);
	begin_work(w);
	span_read(w,
		  generation == w->slice.generation || (w->turn.valid && w->turn.number == turn));
	if (w->slice.generation != 0 && generation != w->slice.generation)
		finish(w);
	if (idle)
		turn_leave(w);
	else
		turn_observe(w, turn);
	if (idle)
		w->between.valid = false;
	else if (!(generation & 1))
		look_between(w, generation, polls);
	else if (w->slice.generation != 0 || begin(w, generation))
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

/* Once in a process. */
static void say_blind_spots(struct watchdog *w)
{
	static atomic_bool said;
	size_t length = watchdog_blind_spots(w->tid, w->text, sizeof(w->text));

	if (length > 0 && !atomic_exchange(&said, true))
		watchdog_emit_text(w, length);
}

void *watchdog_monitor(void *arg)
{
	struct watchdog *w = arg;

	/* By the thread itself: for another one libc opens a file that a child would inherit. */
	pthread_setname_np(pthread_self(), "watchdog");
	w->own_tid = (pid_t)syscall(SYS_gettid);
	begin_work(w);
	observe(w);
	symbol_warm(w->symbols);
	say_blind_spots(w);
	while (atomic_load(&w->hb->bell) != HEARTBEAT_STOP) {
		observe(w);
		answer(w);
		watchdog_answer_for_loop(w);
		rest(w);
	}
	observe(w);
	turn_leave(w);
	watchdog_emit_text(
		w, policy_hidden(&w->policy, watchdog_now(), true, w->text, sizeof(w->text)));
	watchdog_emit_total(w);
	return NULL;
}
