/* SPDX-License-Identifier: MIT */
/*
 * test_trace_format.c - events in, text out: prose and the Chrome format, whatever a record holds.
 * Long, because both formats tell the same records, which are written down here event by event.
 */
#include <stdlib.h>

#include "runtime/async.h"
#include "runtime/base.h"
#include "runtime/loop.h"
#include "runtime/poll.h"
#include "runtime/trace/names.h"
#include "runtime/trace/recorder.h"
#include "tests/chrome_trace.h"
#include "tests/harness.h"

#define MS 1000000
#define FOR_EVER (-1)
#define PLACE(text) ((intptr_t)(text))

static char text[1 << 20];
static struct trace_task tasks[256];

static int64_t part(const char *name)
{
	int64_t value = 0;

	memcpy(&value, name, strlen(name));
	return value;
}

static const char *prose(struct trace_record record)
{
	struct trace_out out = { .buffer = text, .size = sizeof text - 1 };

	record.tasks = tasks;
	record.slots = record.slots ? record.slots : 256;
	trace_prose(&out, &record);
	text[out.used] = '\0';
	return text;
}

/* A whole file with this record alone. */
static const char *chrome(struct trace_record record)
{
	struct trace_out out = { .buffer = text, .size = sizeof text - 1 };

	record.tasks = tasks;
	record.slots = record.slots ? record.slots : 256;
	out_text(&out, "{\"traceEvents\":[\n");
	trace_chrome(&out, &record, true);
	out_text(&out, "\n]}\n");
	text[out.used] = '\0';
	return text;
}

#define RECORD(list)            \
	((struct trace_record){ \
		.events = (list), .count = sizeof(list) / sizeof(list)[0], .loop = 1 })

/* ---- Prose ----------------------------------------------------------------------------------- */

static const struct trace_event fetch[] = {
	{ 10 * MS, 40, 0, TRACE_TURN, true, 0 },
	{ 10 * MS, 0, 0, TRACE_CALLBACK, 0, 0 },
	{ 10 * MS, 0, 3, TRACE_CREATE, TRACE_BY_CALLBACK, 0 },
	{ 10 * MS, PLACE("main.c:12"), 3, TRACE_PLACE, 0, 0 },
	{ 10 * MS, PLACE("fetch"), 3, TRACE_LABEL, 0, 0 },
	{ 10 * MS, 0, 3, TRACE_NAME, 0, 0 }, /* "fetch-1" */
	{ 10 * MS, 0, 0, TRACE_CALLED, 0, 0 },
	{ 11 * MS, 300 * MS + 11 * MS, 0, TRACE_NEXT, 0, 0 },
	{ 11 * MS, 41, 0, TRACE_TURN, false, 0 },
	{ 11 * MS, 300 * MS, 0, TRACE_POLL, 0, 0 },
	{ 23 * MS, 2, 0, TRACE_POLLED, 0, 0 },
	{ 23 * MS, 7, 0, TRACE_FD, POLLER_READ, 0 },
	{ 23 * MS, 7, 3, TRACE_WAKE, TRACE_BY_FD, 0 },
	{ 23 * MS, 9, 0, TRACE_FD, POLLER_WRITE, 0 },
	{ 23 * MS, MS / 10, 0, TRACE_TIMER, 0, 0 },
	{ 23 * MS, 0, 3, TRACE_RESUME, 0, 0 },
	{ 23 * MS, 3, 2, TRACE_WAKE, TRACE_BY_TASK, 0 },
	{ 23 * MS + MS / 5, 7, 3, TRACE_YIELD, TRACE_WAIT_READABLE, 0 },
	{ 23 * MS + MS / 5, 23 * MS + 690 * 1000, 0, TRACE_NEXT, 0, 0 },
	{ 23 * MS + MS / 5, 42, 0, TRACE_TURN, true, 0 },
};

static struct trace_record fetch_record(void)
{
	static struct trace_event events[array_size(fetch)];

	memcpy(events, fetch, sizeof fetch);
	events[5].value = part("fetch-1");
	return (struct trace_record){
		.events = events, .count = array_size(events), .loop = 1, .until = 24 * MS
	};
}

TEST(a_turn_is_a_paragraph)
{
	CHECK_STR(prose(fetch_record()),
		  "loop 1: from its beginning.\n\n"
		  "turn 40 at 0.010 s: work was ready, so it did not poll. A callback created\n"
		  "  task 3 \"fetch-1\". The next deadline is in 300 ms.\n\n"
		  "turn 41 at 0.011 s: polled for at most 300 ms, woke after 12 ms with 2 ready\n"
		  "  fds (7 readable, 9 writable). Timers due: 1 (0.1 ms late). Ran task 3\n"
		  "  \"fetch-1\" (woken by fd 7) for 0.2 ms, which woke task 2; it now waits for\n"
		  "  fd 7 to become readable. The next deadline is in 0.49 ms.\n\n"
		  "turn 42 at 0.023 s: work was ready, so it did not poll.\n\n");
}

TEST(a_poll_says_what_ended_it)
{
	struct trace_event events[] = {
		{ 0, 1, 0, TRACE_TURN, 0, 0 },
		{ 0, 0, 0, TRACE_POLL, 0, 0 },
		{ 0, 0, 0, TRACE_POLLED, 0, 0 },
		{ 0, 2, 0, TRACE_TURN, 0, 0 },
		{ 0, FOR_EVER, 0, TRACE_POLL, 0, 0 },
		{ 5 * MS, 0, 0, TRACE_POLLED, 0, 0 },
		{ 5 * MS, 3, 0, TRACE_TURN, 0, 0 },
		{ 5 * MS, 2 * MS, 0, TRACE_POLL, 0, 0 },
		{ 8 * MS, 0, 0, TRACE_POLLED, 0, 0 },
		{ 8 * MS, 4, 0, TRACE_TURN, 0, 0 },
		{ 8 * MS, 0, 0, TRACE_POLL, 0, 0 },
		{ 8 * MS, 1, 0, TRACE_POLLED, 0, 0 },
		{ 8 * MS, 4, 0, TRACE_FD, POLLER_READ | POLLER_HANGUP, 0 },
		{ 8 * MS, 5, 0, TRACE_TURN, 0, 0 },
		{ 8 * MS, FOR_EVER, 0, TRACE_POLL, 0, 0 },
	};

	CHECK_STR(prose(RECORD(events)),
		  "loop 1: from its beginning.\n\n"
		  "turn 1 at 0.000 s: looked for ready fds and found none.\n\n"
		  "turn 2 at 0.000 s: polled with no limit, was woken from outside after 5 ms.\n\n"
		  "turn 3 at 0.005 s: polled for at most 2 ms, but no fd became ready in 3 ms.\n\n"
		  "turn 4 at 0.008 s: looked for ready fds and found 1 (4 hung up).\n\n"
		  "turn 5 at 0.008 s: polled with no limit, and still does.\n\n");
}

TEST(what_a_task_does_next_is_said)
{
	static const struct {
		struct trace_event end;
		const char *said;
	} cases[] = {
		{ { 2 * MS, 502 * MS, 3, TRACE_YIELD, TRACE_WAIT_SLEEP, 0 },
		  "it now waits for 500 ms to pass." },
		{ { 2 * MS, 0, 3, TRACE_YIELD, TRACE_WAIT_YIELD, 0 },
		  "it stepped aside for a turn." },
		{ { 2 * MS, 8, 3, TRACE_YIELD, TRACE_WAIT_TASK, 0 },
		  "it now waits for task 8 to end." },
		{ { 2 * MS, 8, 3, TRACE_YIELD, TRACE_WAIT_WRITABLE, 0 },
		  "it now waits for fd 8 to become writable." },
		{ { 2 * MS, PLACE("Lock"), 3, TRACE_YIELD, TRACE_WAIT_KIND, 0 },
		  "it now waits for Lock." },
		{ { 2 * MS, 0, 3, TRACE_YIELD, TRACE_WAIT_KIND, 0 }, "it now waits for a future." },
		{ { 2 * MS, 2, 3, TRACE_YIELD, TRACE_WAIT_FDS, 0 },
		  "it now waits for one of several fds." },
		{ { 2 * MS, 4, 3, TRACE_END, 0, 0 }, "it ended." },
		{ { 2 * MS, -5, 3, TRACE_END, 0, 0 },
		  "it ended with the error \"Input/output error\"." },
		{ { 2 * MS, 2, 0, TRACE_TURN, 0, 0 }, "it still runs." },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct trace_event events[] = { { 0, 1, 0, TRACE_TURN, 0, 0 },
						{ 1 * MS, 0, 3, TRACE_RESUME, 0, 0 },
						cases[i].end };

		CHECK_CONTAINS(prose(RECORD(events)),
			       format("Ran task 3 for 1 ms; %.20s", cases[i].said));
		/* Wherever the line breaks. */
		for (char *at = text; (at = strstr(at, "\n  ")); at++)
			memmove(at + 1, at + 3, strlen(at + 3) + 1), *at = ' ';
		CHECK_CONTAINS(text, cases[i].said);
	}
}

TEST(a_stall_is_told_with_its_report)
{
	struct trace_event events[] = { { 0, 1, 0, TRACE_TURN, 0, 0 },
					{ 0, 0, 3, TRACE_RESUME, 0, 0 },
					{ 300 * MS, 0, 3, TRACE_END, 0, 0 },
					{ 300 * MS, 2, 0, TRACE_TURN, 0, 0 } };
	struct trace_stall stall = { 0, 299 * MS, 3, "task 3\n  verdict   CPU\n" };
	struct trace_record record = RECORD(events);

	record.stalls = &stall;
	record.stall_count = 1;
	CHECK_STR(prose(record),
		  "loop 1: from its beginning.\n\n"
		  "turn 1 at 0.000 s: Ran task 3 for 300 ms; it ended. The watchdog saw a stall\n"
		  "  of 299 ms:\n    task 3\n      verdict   CPU\n\n"
		  "turn 2 at 0.300 s:\n\n");
}

TEST(durations_have_three_digits)
{
	static const struct {
		int64_t ns;
		const char *said;
	} cases[] = { { 0, "0 ns" },	       { 999, "999 ns" },	{ 1000, "1 µs" },
		      { 99950, "100 µs" },     { 35200, "35.2 µs" },	{ 490000, "0.49 ms" },
		      { 12345678, "12.3 ms" }, { 300 * MS, "300 ms" },	{ 999499999, "999 ms" },
		      { 999500000, "1 s" },    { 1203000000, "1.2 s" }, { 12340000000, "12.3 s" } };

	for (size_t i = 0; i < array_size(cases); i++) {
		struct trace_out out = { .buffer = text, .size = 64 };

		out_duration(&out, cases[i].ns);
		text[out.used] = '\0';
		CHECK_STR(text, cases[i].said);
	}
}

/* ---- The Chrome format ----------------------------------------------------------------------- */

TEST(spans_arrows_and_names)
{
	struct chrome_trace trace;
	json_t *run;

	chrome_trace_check(&trace, chrome(fetch_record()));
	CHECK_INT(trace.processes, 1);
	CHECK_INT(trace.arrows, 1);
	CHECK_STR(chrome_trace_arg(chrome_trace_find(&trace, "M", "thread_name"), "name"),
		  "the loop");
	run = chrome_trace_find(&trace, "X", "runs");
	CHECK_STR(chrome_trace_arg(run, "then"), "waits: readable fd 7");
	CHECK_INT(json_integer_value(json_object_get(run, "tid")), 13);
	CHECK_NEAR(json_real_value(json_object_get(run, "ts")), 23000, 1e-6);
	CHECK_NEAR(json_real_value(json_object_get(run, "dur")), 200, 1e-6);
	CHECK(chrome_trace_find(&trace, "X", "turn 41"));
	CHECK(chrome_trace_find(&trace, "X", "waits: readable fd 7"));
	CHECK_CONTAINS(text, "{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":13,"
			     "\"args\":{\"name\":\"fetch-1 fetch\"}}");
	chrome_trace_free(&trace);
}

TEST(nanoseconds_are_decimals)
{
	struct trace_event events[] = { { 1234567, 1, 0, TRACE_TURN, 0, 0 } };
	struct trace_record record = RECORD(events);

	record.until = 1234567 + 1001;
	CHECK_CONTAINS(chrome(record), "\"name\":\"turn 1\",\"pid\":1,\"tid\":1,\"ts\":1234.567,"
				       "\"dur\":1.001,");
}

TEST(names_are_escaped)
{
	struct trace_event events[] = { { 0, 0, 1, TRACE_CREATE, 0, 0 },
					{ 0, PLACE("a\"b\\c\n\x01.c:1"), 1, TRACE_PLACE, 0, 0 },
					{ 0, PLACE("f"), 1, TRACE_LABEL, 0, 0 },
					{ 0, part("\xff\xc3\xa9\xe2\x82"), 1, TRACE_NAME, 0, 0 } };
	struct chrome_trace trace;

	chrome_trace_check(&trace, chrome(RECORD(events)));
	CHECK_STR(chrome_trace_arg(chrome_trace_find(&trace, "i", "creates"), "at"),
		  "a\"b\\c\n\x01.c:1");
	/* A byte that is no UTF-8, an e with an accent, and half a character, which a cut may leave. */
	CHECK_STR(chrome_trace_arg(chrome_trace_find(&trace, "i", "creates"), "task"),
		  "\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
	chrome_trace_free(&trace);
}

TEST(an_end_without_its_begin_begins_with_the_record)
{
	struct trace_event events[] = { { 5 * MS, 0, 0, TRACE_POLLED, 0, 0 },
					{ 6 * MS, 0, 3, TRACE_RESUME, 0, 0 },
					{ 7 * MS, 0, 3, TRACE_END, 0, 0 } };
	struct trace_record record = RECORD(events);
	struct chrome_trace trace;

	record.first = 1000;
	record.until = 9 * MS;
	chrome_trace_check(&trace, chrome(record));
	/* The poll, the task, and the turn around them. */
	CHECK_INT(trace.spans, 3);
	CHECK_NEAR(json_real_value(json_object_get(chrome_trace_find(&trace, "X", "polls"), "ts")),
		   5000, 1e-6);
	chrome_trace_free(&trace);
}

TEST(a_job_is_queued_and_then_runs)
{
	struct trace_event events[] = {
		{ 1 * MS, 7, 3, TRACE_OFFLOAD, 0, 0 },
		{ 9 * MS, TRACE_JOB(7, 5000), 3, TRACE_OFFLOADED, 0, 0 },
	};
	struct trace_record record = RECORD(events);
	struct chrome_trace trace;

	record.until = 9 * MS;
	chrome_trace_check(&trace, chrome(record));
	CHECK_INT(trace.jobs, 2);
	CHECK_NEAR(json_real_value(json_object_get(chrome_trace_find(&trace, "b", "queued"), "ts")),
		   1000, 1e-6);
	CHECK_NEAR(json_real_value(json_object_get(chrome_trace_find(&trace, "e", "queued"), "ts")),
		   6000, 1e-6);
	CHECK_NEAR(json_real_value(json_object_get(chrome_trace_find(&trace, "b", "job of"), "ts")),
		   6000, 1e-6);
	CHECK_NEAR(json_real_value(json_object_get(chrome_trace_find(&trace, "e", "job of"), "ts")),
		   9000, 1e-6);
	chrome_trace_free(&trace);
}

/* ---- Whatever a record holds ----------------------------------------------------------------- */

static int job(void *arg)
{
	(void)arg;
	return 0;
}

static int worker(void *arg)
{
	(void)arg;
	async_sleep(0.001);
	async_to_thread(job, NULL);
	async_sleep(0);
	return 0;
}

static int eager_parent(void *arg)
{
	struct async_task *task = async_create_task_with(
		worker, arg, &(struct async_task_options){ .eager_start = true, .name = "child" });

	return async_await(task);
}

static void check_cut(const struct trace_record *whole, size_t from, size_t to)
{
	struct trace_record record = *whole;
	struct chrome_trace trace;

	record.events += from;
	record.count = to - from;
	record.first += from;
	record.until = to < whole->count ? whole->events[to].when : whole->until;
	chrome_trace_check(&trace, chrome(record));
	chrome_trace_free(&trace);
	CHECK_CONTAINS(prose(record), "loop 1: ");
}

static struct trace_event kept[4096];
static struct trace_record whole;

static int record_a_life(void *arg)
{
	struct async_task *group[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		group[i] = async_create_task(eager_parent, NULL);
	CHECK_INT(async_gather(group, 3, ASYNC_RAISE, NULL), 0);
	trace_copy(loop_current->trace, &whole);
	CHECK(whole.count > 100 && whole.count < array_size(kept));
	memcpy(kept, whole.events, whole.count * sizeof *kept);
	whole.events = kept;
	whole.slots = 0;
	return 0;
}

TEST_WITH_LIMIT(cut_anywhere_a_record_can_be_shown, 30)
{
	async_trace_configure(&(struct async_trace_options){ .on = ASYNC_TRACE_ON_CRASH });
	CHECK_INT(async_run(record_a_life, NULL), 0);
	for (size_t i = 0; i <= whole.count; i++) {
		check_cut(&whole, i, whole.count);
		check_cut(&whole, 0, i);
		check_cut(&whole, i / 2, whole.count - i / 2);
	}
	/* With room for few tasks some names are missing, and nothing else. */
	whole.slots = 2;
	check_cut(&whole, 0, whole.count);
}

/* Numbers that no loop would write: the text is valid all the same. */
TEST(nonsense_is_still_json)
{
	struct trace_event events[200];
	json_error_t error;

	srand(1);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < array_size(events); i++) {
			unsigned kind = (unsigned)rand() % (TRACE_OFFLOADED + 3);

			bool literal =
				kind == TRACE_PLACE || kind == TRACE_LABEL || kind == TRACE_YIELD;

			events[i] = (struct trace_event){
				.when = (int64_t)i * 1000,
				.value = literal ? PLACE("x") : rand() % 9 - 1,
				.id = (uint32_t)rand() % 5,
				.kind = (uint8_t)kind,
				.why = (uint8_t)rand(),
			};
		}
		struct trace_record record = RECORD(events);

		record.first = (uint64_t)round % 2;
		record.until = 1000 * 1000;
		json_t *root = json_loads(chrome(record), 0, &error);

		if (!root)
			FAIL("line %d: %s", error.line, error.text);
		json_decref(root);
		prose(record);
	}
}
