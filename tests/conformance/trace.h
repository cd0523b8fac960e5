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
#include "tests/harness.h"

/* A line "[turn@time] text"; the turn counts from the scenario's start. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The text as a task's value, and as its exception. The text must be a literal. */
int value(const char *text);
int exception(const char *text);
/* A code as Python's repr of the exception or value: "ExceptionGroup(ValueError(1))" for a group. */
const char *describe(const struct async_error *error);
/* The keys that Python's exception handler is called with: "['exception', 'message', 'task']". */
const char *keys(const struct async_context *context);
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

/* A line of a scenario on real time: no turn, no time. Any thread may call it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One scenario is one test: its name in the golden file, and its body as the main task. */
struct scenario {
	const char *name;
	int (*run)(void *arg); /* on a loop with a virtual clock; */
	void (*real)(void);    /* or this, which makes its own */
	struct harness_test test;
	struct scenario *next;
};
void scenario_register(struct scenario *scenario);
const struct scenario *scenario_first(void);
/* The test: prints what CPython printed, line by line. */
void scenario_check(const struct scenario *scenario);

#define SCENARIO_ENTRY(title, ...)                                            \
	static void test_##title(void);                                       \
	static struct scenario entry_##title = {                              \
		.name = #title,                                               \
		__VA_ARGS__,                                                  \
		.test = { .name = #title, .run = test_##title, .limit = 10 }, \
	};                                                                    \
	static void test_##title(void)                                        \
	{                                                                     \
		scenario_check(&entry_##title);                               \
	}                                                                     \
	__attribute__((constructor)) static void register_##title(void)       \
	{                                                                     \
		scenario_register(&entry_##title);                            \
	}

#define SCENARIO(title)                           \
	static int run_##title(void *arg);        \
	SCENARIO_ENTRY(title, .run = run_##title) \
	static int run_##title(__attribute__((unused)) void *arg)

#define REAL_SCENARIO(title)                       \
	static void run_##title(void);             \
	SCENARIO_ENTRY(title, .real = run_##title) \
	static void run_##title(void)

#endif
