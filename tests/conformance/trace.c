/* SPDX-License-Identifier: MIT */
/* trace.c - the log, the table of texts, and the worker of the scenarios. */
#include "tests/conformance/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS 256
#define VALUES 1000
#define EXCEPTIONS (-30000)

static const char *texts[TEXTS];
static char buffer[16384];
static size_t used;
static uint64_t base;
static struct scenario *first, **last = &first;

void scenario_register(struct scenario *scenario)
{
	*last = scenario;
	last = &scenario->next;
}

const struct scenario *scenario_first(void)
{
	return first;
}

static void append(const char *format, va_list arguments)
{
	used += (size_t)vsnprintf(buffer + used, sizeof buffer - used, format, arguments);
	if (used >= sizeof buffer)
		abort();
}

static void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(format, arguments);
	va_end(arguments);
}

void trace(const char *format, ...)
{
	va_list arguments;
	double now = async_time();

	print("   [%llu", (unsigned long long)(async_loop_turns() - base));
	if (now > 0)
		print("@%g", now);
	print("] ");
	va_start(arguments, format);
	append(format, arguments);
	va_end(arguments);
	print("\n");
}

static int intern(const char *text)
{
	int i = 0;

	while (texts[i] && strcmp(texts[i], text) != 0)
		if (++i == TEXTS)
			abort();
	texts[i] = text;
	return i;
}

int value(const char *text)
{
	return VALUES + intern(text);
}

int exception(const char *text)
{
	return EXCEPTIONS - intern(text);
}

const char *outcome(int code)
{
	if (code >= VALUES)
		return texts[code - VALUES];
	if (code <= EXCEPTIONS)
		return texts[EXCEPTIONS - code];
	if (code == ASYNC_ECANCELED)
		return "CancelledError('')";
	return code == ASYNC_ETIMEOUT ? "TimeoutError" : async_errname(code);
}

const char *status(struct async_task *task)
{
	static char ring[8][64];
	static unsigned turn;
	char *text = ring[turn++ % 8];
	int code = async_task_result(task);

	if (!async_task_done(task))
		return "pending";
	if (async_task_cancelled(task))
		return "cancelled";
	if (code >= 0)
		snprintf(text, sizeof ring[0], "result '%s'", outcome(code));
	else
		snprintf(text, sizeof ring[0], "raised %s", outcome(code));
	return text;
}

static int cancelled_worker(const struct worker *worker)
{
	static char swallowed[8][32];
	static unsigned turn;
	char *text = swallowed[turn++ % 8];

	trace("%s got CancelledError()", worker->name);
	yield(worker->cleanup);
	if (worker->cleanup)
		trace("%s cleanup done", worker->name);
	if (!worker->swallow)
		return ASYNC_ECANCELED;
	snprintf(text, sizeof swallowed[0], "%s-swallowed", worker->name);
	return value(text);
}

int worker(void *arg)
{
	const struct worker *worker = arg;

	trace("%s start", worker->name);
	for (int i = 0; i < worker->n; i++)
		if (async_sleep(worker->dt) == ASYNC_ECANCELED)
			return cancelled_worker(worker);
	if (worker->raises) {
		trace("%s raises %s", worker->name, worker->raises);
		return exception(worker->raises);
	}
	trace("%s end", worker->name);
	return value(worker->name);
}

struct count {
	struct async_future future;
	size_t left;
};

static void one_done(void *arg)
{
	struct count *count = arg;

	if (--count->left == 0)
		async_future_set_result(&count->future, 0);
}

/* A callback for each task, also for those that are done: asyncio.wait() always takes two turns. */
void wait_all(struct async_task *const *tasks, size_t n)
{
	struct async_handle handles[8] = { 0 };
	struct count count = { .left = n };

	if (n > 8)
		abort();
	async_future_init(&count.future);
	for (size_t i = 0; i < n; i++)
		async_task_add_done_callback(tasks[i], &handles[i], one_done, &count);
	async_future_await(&count.future);
}

void wait_one(struct async_task *task)
{
	wait_all(&task, 1);
}

void yield(int times)
{
	while (times-- > 0)
		async_sleep(0);
}

static int start(void *arg)
{
	const struct scenario *scenario = arg;

	base = async_loop_turns();
	return scenario->run(NULL);
}

const char *scenario_trace(const struct scenario *scenario)
{
	memset(texts, 0, sizeof texts);
	used = 0;
	buffer[0] = '\0';
	async_run_with(start, (void *)scenario,
		       &(struct async_run_options){ .virtual_clock = true });
	return buffer;
}
