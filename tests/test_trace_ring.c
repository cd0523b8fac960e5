/* SPDX-License-Identifier: MIT */
/* test_trace_ring.c - the ring as it moves: full, read from another thread, short of memory. */
#include <pthread.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/loop.h"
#include "runtime/trace/names.h"
#include "runtime/trace/recorder.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void configure(size_t size)
{
	CHECK_INT(async_trace_configure(&(struct async_trace_options){
			  .size = size, .on = ASYNC_TRACE_ON_CRASH }),
		  0);
}

static int quick(void *arg)
{
	(void)arg;
	return 7;
}

/* ---- The ring -------------------------------------------------------------------------------- */

static int yield_much(void *arg)
{
	struct trace_record record;
	char name[TRACE_NAME_SIZE];
	uint64_t turn = 0;

	(void)arg;
	for (int i = 0; i < 1000; i++)
		async_sleep(0);
	trace_copy(loop_current->trace, &record);
	CHECK_INT(record.count, 63);
	CHECK(record.first > 2900);
	trace_replay_begin(&record);
	for (size_t i = 0; i < record.count; i++) {
		const struct trace_event *event = &record.events[i];

		trace_replay_note(&record, i);
		if (event->kind != TRACE_TURN)
			continue;
		CHECK(!turn || (uint64_t)event->value == turn + 1);
		turn = (uint64_t)event->value;
	}
	CHECK_INT(turn, async_loop_turns());
	trace_replay_name(&record, 1, name);
	CHECK_STR(name, "main");
	CHECK_STR(trace_replay_place(&record, 1), "async_run");
	return 0;
}

TEST(a_full_ring_keeps_the_latest_events_and_the_names)
{
	configure(64 * 24);
	CHECK_INT(async_run(yield_much, NULL), 0);
}

static int times(void *arg)
{
	int64_t before = async_time_ns(), last = 0;
	struct trace_record record;

	(void)arg;
	async_sleep(0.02);
	trace_copy(loop_current->trace, &record);
	for (size_t i = 0; i < record.count; i++) {
		CHECK(record.events[i].when >= last);
		last = record.events[i].when;
	}
	CHECK(last >= before + 19900000);
	CHECK(last <= async_time_ns());
	return 0;
}

TEST(times_are_of_the_monotonic_clock_and_do_not_decrease)
{
	configure(0);
	CHECK_INT(async_run(times, NULL), 0);
}

struct reader {
	struct trace *trace;
	atomic_bool stop;
	atomic_uint copies, moved; /* moved: the ring did while it was copied */
};

/* Turn, resume, yield, again and again: each whole event tells which has to come next. */
static void *read_on(void *arg)
{
	struct reader *reader = arg;

	while (!atomic_load(&reader->stop)) {
		struct trace_record record;
		uint64_t turn = 0, head = atomic_load(&reader->trace->head);

		trace_copy(reader->trace, &record);
		for (size_t i = 0; i < record.count; i++) {
			const struct trace_event *event = &record.events[i];

			CHECK(event->kind <= TRACE_OFFLOADED && event->id <= 1);
			if (event->kind == TRACE_TURN) {
				CHECK(!turn || (uint64_t)event->value == turn + 1);
				turn = (uint64_t)event->value;
			}
		}
		atomic_fetch_add(&reader->copies, 1);
		atomic_fetch_add(&reader->moved, atomic_load(&reader->trace->head) != head);
	}
	return NULL;
}

static int be_read(void *arg)
{
	struct reader reader = { .trace = loop_current->trace };
	pthread_t thread;

	(void)arg;
	CHECK_INT(pthread_create(&thread, NULL, read_on, &reader), 0);
	/* Valgrind runs one thread at a time. */
	while (under_valgrind() ? atomic_load(&reader.copies) < 2000
				: atomic_load(&reader.moved) < 300)
		async_sleep(0);
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	return 0;
}

TEST_WITH_LIMIT(a_reader_on_another_thread_sees_whole_events_only, 30)
{
	configure(256 * 24);
	CHECK_INT(async_run(be_read, NULL), 0);
}

/* ---- Without memory -------------------------------------------------------------------------- */

static void run_recorded(void)
{
	const char *path = temp_path("trace.json");
	int rc;

	async_trace_configure(&(struct async_trace_options){ .file = path });
	rc = async_run_with(quick, NULL, &virtual_clock);
	CHECK(rc == 7 || rc < 0);
	async_trace_configure(NULL);
}

TEST_WITH_LIMIT(whatever_allocation_fails_the_loop_runs, 60)
{
	for_each_failing_allocation(run_recorded);
}

TEST_WITH_LIMIT(whatever_system_call_fails_the_loop_runs, 60)
{
	for_each_failing_syscall(run_recorded);
}
