/* SPDX-License-Identifier: MIT */
/*
 * trace.h - what the scenarios are written with: a log with loop turn and virtual time, a worker,
 * and Python's exceptions and values under codes of the test's own.
 *
 * The runtime carries integers; a scenario's 'A' or ValueError(1) is an index into the table of
 * texts here, so that the log prints what Python prints.
 */
#ifndef LOOPHOUND_TESTS_TRACE_H
#define LOOPHOUND_TESTS_TRACE_H

#include "runtime/async.h"

/* A line "[turn@time] text"; the turn counts from the scenario's start. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The text as a task's value, and as its exception. The text must be a literal. */
int value(const char *text);
int exception(const char *text);
/* The text of a code from either, "CancelledError('')", "TimeoutError", ...; a buffer of the log's. */
const char *outcome(int code);
/* Python's st(): "pending", "cancelled", "raised ValueError(1)", "result 'A'". */
const char *status(struct async_task *task);

/* asyncio_probe.py's worker(): logs its start, sleeps n times, logs its end. */
struct worker {
	const char *name;
	int n;
	double dt;
	const char *raises;
	bool swallow;
	int cleanup;
};
int worker(void *worker);
#define WORKER(title, ...)                                                               \
	async_create_task_copy(worker, (&(struct worker){ .name = title, __VA_ARGS__ }), \
			       sizeof(struct worker))

/* asyncio.wait([task]) where only its waiting matters. */
void wait_all(struct async_task *const *tasks, size_t n);
void wait_one(struct async_task *task);
void yield(int times);

/* One scenario: its name in the golden file, and its body as the main task. */
struct scenario {
	const char *name;
	int (*run)(void *arg);
	struct scenario *next;
};
void scenario_register(struct scenario *scenario);
const struct scenario *scenario_first(void);

#define SCENARIO(title)                                                                \
	static int run_##title(void *arg);                                             \
	static struct scenario entry_##title = { .name = #title, .run = run_##title }; \
	__attribute__((constructor)) static void register_##title(void)                \
	{                                                                              \
		scenario_register(&entry_##title);                                     \
	}                                                                              \
	static int run_##title(__attribute__((unused)) void *arg)

/* Runs the scenario on a loop with a virtual clock; the log it made, valid until the next. */
const char *scenario_trace(const struct scenario *scenario);

#endif
