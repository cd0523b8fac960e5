/* SPDX-License-Identifier: MIT */
/* trace.c - the log, the table of texts, and the worker of the scenarios. */
#include "tests/conformance/trace.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	harness_register(&scenario->test);
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

void say(const char *format, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	va_list arguments;

	pthread_mutex_lock(&lock);
	print("   ");
	va_start(arguments, format);
	append(format, arguments);
	va_end(arguments);
	print("\n");
	pthread_mutex_unlock(&lock);
}

static int intern(const char *text)
{
	int i = 0;

	while (texts[i] && strcmp(texts[i], text) != 0)
		if (++i == TEXTS)
			abort();
	texts[i] = format("%s", text);
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

/* Texts that outlive the call, for a while. */
static char *scratch(void)
{
	static char ring[16][256];
	static unsigned turn;

	return ring[turn++ % 16];
}

const char *describe(const struct async_error *error)
{
	char *text = scratch();
	size_t length;

	if (error->code == ASYNC_ECANCELED) {
		const char *quote = error->message ? "'" : "";

		snprintf(text, 256, "CancelledError(%s%s%s)", quote,
			 error->message ? error->message : "", quote);
		return text;
	}
	if (!error->member_count)
		return outcome(error->code);
	length = (size_t)snprintf(text, 256, "ExceptionGroup(");
	for (size_t i = 0; i < error->member_count && length < 256; i++)
		length += (size_t)snprintf(text + length, 256 - length, "%s%s", i ? ", " : "",
					   describe(error->members[i].error));
	if (length < 256)
		snprintf(text + length, 256 - length, ")");
	return text;
}

const char *keys(const struct async_context *context)
{
	char *text = scratch();

	snprintf(text, 256, "[%s%s'message'%s]", context->error ? "'exception', " : "",
		 context->future ? "'future', " : "",
		 context->task && !context->future ? ", 'task'" : "");
	return text;
}

const char *status(struct async_task *task)
{
	char *text = scratch();
	int code;

	if (!async_task_done(task))
		return "pending";
	if (async_task_cancelled(task))
		return "cancelled";
	code = async_task_result(task);
	if (code >= VALUES)
		snprintf(text, 256, "result '%s'", outcome(code));
	else if (code >= 0)
		snprintf(text, 256, "result None");
	else
		snprintf(text, 256, "raised %s", describe(async_task_error(task)));
	return text;
}

static int cancelled_worker(const struct worker *worker)
{
	struct async_error error = { .code = ASYNC_ECANCELED,
				     .message = async_cancelled_message() };
	char *text = scratch();

	trace("%s got %s", worker->name, describe(&error));
	yield(worker->cleanup);
	if (worker->cleanup)
		trace("%s cleanup done", worker->name);
	if (!worker->swallow)
		return ASYNC_ECANCELED;
	snprintf(text, 256, "%s-swallowed", worker->name);
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

void wait_all(struct async_task *const *tasks, size_t n)
{
	async_wait(tasks, n, ASYNC_ALL_COMPLETED, ASYNC_NO_TIMEOUT, NULL);
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

static const char *run(const struct scenario *scenario)
{
	if (scenario->real)
		scenario->real();
	else
		async_run_with(start, (void *)scenario,
			       &(struct async_run_options){ .virtual_clock = true });
	return buffer;
}

/* The lines of one scenario that are its log, without the sentence that says what it shows. */
static char *lines_of(const char *file, const struct scenario *scenario)
{
	const char *text = read_file(in_source(file), NULL);
	const char *line = strstr(text, format("## %s\n", scenario->name));
	const char *prefix = scenario->real ? "   " : "   [";
	char *lines = format("%s", text);
	size_t used = 0;

	if (!line)
		return NULL;
	line += strcspn(line, "\n") + 1;
	while (*line && strncmp(line, "## ", 3) != 0) {
		size_t length = strcspn(line, "\n") + 1;

		if (strncmp(line, prefix, strlen(prefix)) == 0) {
			memcpy(lines + used, line, length);
			used += length;
		}
		line += length;
	}
	lines[used] = '\0';
	return lines;
}

/* What differs on purpose has a file of its own, beside the reason (README.md). */
void scenario_check(const struct scenario *scenario)
{
	const char *differs = format("tests/conformance/differs/%s.txt", scenario->name);
	const char *want;

	if (scenario->real && under_valgrind())
		NOT_HERE("real time is compared to a tenth of a second");
	if (access(in_source(differs), R_OK) == 0)
		want = lines_of(differs, scenario);
	else
		want = lines_of("tests/conformance/golden-3.13.txt", scenario);
	if (!want)
		want = lines_of("tests/conformance/further-3.13.txt", scenario);
	if (!want)
		want = lines_of("tests/conformance/streams-3.13.txt", scenario);
	if (!want)
		FAIL("no scenario %s in the golden files", scenario->name);
	CHECK_STR(run(scenario), want);
}
