/* SPDX-License-Identifier: MIT */
/*
 * test_trace.c - what the recorder keeps: each event with its fields.
 * Long, because it is one list: every kind of event and every cause of a wake-up once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/async.h"
#include "runtime/loop.h"
#include "runtime/trace/names.h"
#include "runtime/trace/recorder.h"
#include "runtime/wait.h"
#include "tests/harness.h"

static const struct async_run_options virtual_clock = { .virtual_clock = true };

static void configure(size_t size)
{
	CHECK_INT(async_trace_configure(&(struct async_trace_options){
			  .size = size, .on = ASYNC_TRACE_ON_CRASH }),
		  0);
}

/* ---- Events as text -------------------------------------------------------------------------- */

static int the_fd; /* its number is the system's choice */

static char *text_of(const struct trace_event *event)
{
	int64_t value = event->value;

	switch (event->kind) {
	case TRACE_POLL:
		return format("poll %lld", (long long)value);
	case TRACE_POLLED:
		return format("polled %lld", (long long)value);
	case TRACE_FD:
		return format("fd%s bits %d", value == the_fd ? "" : "?", event->why);
	case TRACE_TIMER:
		return format("timer late %lld", (long long)value);
	case TRACE_CALLBACK:
		return value ? "callback" : "callback?";
	case TRACE_CALLED:
		return "called";
	case TRACE_CREATE:
		return format("create %u by %d:%lld", event->id, event->why, (long long)value);
	case TRACE_LABEL:
		return format("label %u %s", event->id, (const char *)(intptr_t)value);
	case TRACE_NAME:
		return format("name %u %d %.8s", event->id, event->why, (const char *)&value);
	case TRACE_WAKE:
		return format(
			"wake %u by %s%s", event->id,
			event->why & TRACE_CANCELLED ? "cancelling " : "",
			trace_by_has_detail(event->why) && value != the_fd
				? format("%s%lld", trace_by_word(event->why), (long long)value)
				: trace_by_word(event->why));
	case TRACE_RESUME:
		return format("resume %u", event->id);
	case TRACE_YIELD:
		return format("yield %u %s%s", event->id, trace_wait_word(event),
			      event->why == TRACE_WAIT_TASK    ? format("%lld", (long long)value)
			      : event->why == TRACE_WAIT_SLEEP ? format(" %lld", (long long)value)
							       : "");
	case TRACE_END:
		return format("end %u %lld", event->id, (long long)value);
	case TRACE_OFFLOAD:
	case TRACE_OFFLOADED:
		return format("offload%s %u job %lld", event->kind == TRACE_OFFLOAD ? "" : "ed",
			      event->id, (long long)TRACE_JOB_NUMBER(value));
	default:
		return NULL;
	}
}

/* What the ring holds since the running task began, turns and places aside, one a line. */
static char *recorded(void)
{
	struct trace_record record;
	char *text = "";
	size_t from = 0;

	trace_copy(loop_current->trace, &record);
	while (from < record.count && record.events[from].kind != TRACE_RESUME)
		from++;
	for (size_t i = from; i < record.count; i++) {
		char *line = text_of(&record.events[i]);

		if (line)
			text = format("%s%s\n", text, line);
	}
	return text;
}

static void run(int (*fn)(void *arg))
{
	configure(0);
	CHECK_INT(async_run_with(fn, NULL, &virtual_clock), 0);
}

/* ---- Each event ------------------------------------------------------------------------------ */

static int nothing(void *arg)
{
	(void)arg;
	CHECK(loop_current->trace == NULL);
	return 0;
}

TEST(without_being_asked_nothing_is_recorded)
{
	CHECK_INT(async_run(nothing, NULL), 0);
	configure(0);
	CHECK_INT(async_trace_configure(NULL), 0);
	CHECK_INT(async_run(nothing, NULL), 0);
}

static int quick(void *arg)
{
	(void)arg;
	return 7;
}

static int creating(void *arg)
{
	struct async_task *task;

	(void)arg;
	task = async_create_task_with(quick, NULL,
				      &(struct async_task_options){ .name = "a name of 22 bytes" });
	CHECK_INT(async_await(task), 7);
	CHECK_STR(recorded(), "resume 1\n"
			      "create 2 by 1:1\nlabel 2 quick\n"
			      "name 2 0 a name o\nname 2 1 f 22 byt\nname 2 2 es\n"
			      "yield 1 task 2\n"
			      "resume 2\nwake 1 by task 2\nend 2 7\n"
			      "resume 1\n");
	return 0;
}

TEST(a_task_is_created_runs_and_ends)
{
	run(creating);
}

static int sleeping(void *arg)
{
	(void)arg;
	async_sleep(0);
	async_sleep(0.25);
	CHECK_STR(recorded(), "resume 1\nyield 1 its next turn\n"
			      "resume 1\nyield 1 sleep 250000000\n"
			      "poll 0\npolled 0\ntimer late 0\n"
			      "callback\nwake 1 by its timer\ncalled\n"
			      "resume 1\n");
	return 0;
}

TEST(a_yield_and_a_sleep)
{
	run(sleeping);
}

static int read_a_byte(void *arg)
{
	char byte;

	(void)arg;
	CHECK_INT(async_wait_readable(the_fd), 0);
	return read(the_fd, &byte, 1) == 1 ? 0 : -1;
}

static int reading(void *arg)
{
	struct async_task *task;
	int fds[2];

	(void)arg;
	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	the_fd = fds[0];
	task = async_create_task(read_a_byte, NULL);
	async_sleep(0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(async_await(task), 0);
	CHECK_CONTAINS(recorded(), "yield 2 readable fd \n");
	CHECK_CONTAINS(recorded(), "polled 1\nfd bits 1\nwake 2 by fd \nresume 2\n");
	close(fds[0]);
	close(fds[1]);
	return 0;
}

TEST(an_fd_becomes_ready_and_wakes)
{
	run(reading);
}

static int job(void *arg)
{
	(void)arg;
	return 3;
}

static int offloading(void *arg)
{
	(void)arg;
	CHECK_INT(async_to_thread(job, NULL), 3);
	CHECK_CONTAINS(recorded(), "resume 1\noffload 1 job 1\nyield 1 a thread\n");
	CHECK_CONTAINS(recorded(), "callback\nwake 1 by a thread\ncalled\n"
				   "resume 1\noffloaded 1 job 1\n");
	return 0;
}

TEST(a_job_goes_to_a_thread_and_comes_back)
{
	run(offloading);
}

static int hold_thread(void *arg)
{
	(void)arg;
	usleep(20000);
	return 0;
}

static int hand_over(void *pool)
{
	return async_pool_run(pool, hold_thread, NULL, 0, NULL);
}

/* One thread: the second job has to wait for the first. */
static int queueing(void *arg)
{
	struct async_pool *pool = async_pool_new(1);
	struct async_task *tasks[2];
	struct trace_record record;
	int64_t queued[2] = { -1, -1 };

	(void)arg;
	for (int i = 0; i < 2; i++)
		tasks[i] = async_create_task(hand_over, pool);
	CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
	trace_copy(loop_current->trace, &record);
	for (size_t i = 0; i < record.count; i++)
		if (record.events[i].kind == TRACE_OFFLOADED)
			queued[TRACE_JOB_NUMBER(record.events[i].value) - 1] =
				TRACE_JOB_QUEUED(record.events[i].value);
	CHECK(queued[0] >= 0 && queued[1] >= 10000000);
	return 0;
}

TEST(a_job_that_no_thread_is_free_for_is_queued)
{
	run(queueing);
}

static int for_ever(void *arg)
{
	(void)arg;
	return async_sleep(1e6);
}

static int cancelling(void *arg)
{
	struct async_task *early, *late;

	(void)arg;
	late = async_create_task(for_ever, NULL);
	async_sleep(0);
	early = async_create_task(for_ever, NULL);
	async_cancel(early);
	async_cancel(late);
	async_sleep(0);
	CHECK_CONTAINS(recorded(), "wake 2 by cancelling task 1\n");
	CHECK_CONTAINS(recorded(), format("end 2 %d\n", ASYNC_ECANCELED));
	/* It never ran, and yet its end has a begin. */
	CHECK_CONTAINS(recorded(), format("resume 3\nend 3 %d\n", ASYNC_ECANCELED));
	return 0;
}

TEST(a_cancellation_wakes_and_ends)
{
	run(cancelling);
}

static int eager(void *arg)
{
	(void)arg;
	CHECK(async_create_task_with(for_ever, NULL,
				     &(struct async_task_options){ .eager_start = true }));
	CHECK_CONTAINS(recorded(), "label 2 for_ever\nyield 1 a task that it starts at once\n"
				   "resume 2\nyield 2 sleep 1000000000000000\nresume 1\n");
	return 0;
}

TEST(an_eager_start_interrupts_its_creator)
{
	run(eager);
}

static int limited(void *arg)
{
	(void)arg;
	CHECK_INT(async_wait_for(async_create_task(for_ever, NULL), 1), ASYNC_ETIMEOUT);
	CHECK_CONTAINS(recorded(), "callback\nwake 2 by cancelling its timer\ncalled\n");
	return 0;
}

TEST(a_timeout_cancels_as_a_timer)
{
	run(limited);
}

static int gathering(void *arg)
{
	struct async_task *tasks[2];

	(void)arg;
	for (int i = 0; i < 2; i++)
		tasks[i] = async_create_task(quick, NULL);
	CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
	CHECK_CONTAINS(recorded(), "yield 1 gather\n");
	CHECK_CONTAINS(recorded(), "wake 1 by task 3\n");
	return 0;
}

TEST(who_gathers_is_woken_by_the_last_to_end)
{
	run(gathering);
}

static struct async_lock lock;
static struct async_semaphore semaphore;
static struct async_event event;

static int wait_lock(void *arg)
{
	(void)arg;
	return async_lock_acquire(&lock);
}

static int wait_semaphore(void *arg)
{
	(void)arg;
	return async_semaphore_acquire(&semaphore);
}

static int wait_event(void *arg)
{
	(void)arg;
	return async_event_wait(&event);
}

static int waiting(void *arg)
{
	(void)arg;
	async_semaphore_init(&semaphore, 0);
	CHECK_INT(async_lock_acquire(&lock), 0);
	async_spawn(wait_lock, NULL);
	async_spawn(wait_semaphore, NULL);
	async_spawn(wait_event, NULL);
	async_sleep(0);
	CHECK_CONTAINS(recorded(), "yield 2 Lock\n");
	CHECK_CONTAINS(recorded(), "yield 3 Semaphore\n");
	CHECK_CONTAINS(recorded(), "yield 4 Event\n");
	async_lock_release(&lock);
	async_semaphore_release(&semaphore);
	async_event_set(&event);
	CHECK_CONTAINS(recorded(), "wake 2 by task 1\nwake 3 by task 1\nwake 4 by task 1\n");
	async_sleep(0);
	return 0;
}

TEST(what_a_task_waits_for_has_a_name)
{
	run(waiting);
}

static const struct async_future_kind moon_kind = { &moon_kind, "full moon", NULL, NULL };
static struct async_future moon = { .kind = &moon_kind };

static int wait_for_the_moon(void *arg)
{
	(void)arg;
	return async_future_await(&moon);
}

static int inventing(void *arg)
{
	struct async_future plain;

	(void)arg;
	async_spawn(wait_for_the_moon, NULL);
	async_future_init(&plain);
	CHECK_INT(async_wait_for_future(&plain, 0.001), ASYNC_ETIMEOUT);
	CHECK_CONTAINS(recorded(), "yield 1 a future\n");
	CHECK_CONTAINS(recorded(), "yield 2 full moon\n");
	async_future_set_result(&moon, 0);
	async_sleep(0);
	return 0;
}

TEST(a_kind_of_wait_that_the_recorder_never_saw_has_its_word)
{
	run(inventing);
}

/* ---- Who wakes ------------------------------------------------------------------------------- */

static void readable(void *arg)
{
	(void)arg;
	async_remove_reader(the_fd);
	async_event_set(&event);
}

static int watching(void *arg)
{
	int fds[2];

	(void)arg;
	CHECK_INT(pipe2(fds, O_NONBLOCK), 0);
	the_fd = fds[0];
	CHECK_INT(async_add_reader(the_fd, readable, NULL), 0);
	CHECK_INT(write(fds[1], "x", 1), 1);
	CHECK_INT(async_event_wait(&event), 0);
	CHECK_CONTAINS(recorded(), "callback\nwake 1 by fd \ncalled\n");
	close(fds[0]);
	close(fds[1]);
	return 0;
}

TEST(a_reader_wakes_as_its_fd)
{
	run(watching);
}

static int posting(void *arg)
{
	struct async_concurrent *job;

	(void)arg;
	job = async_run_coroutine_threadsafe(async_get_running_loop(), for_ever, NULL);
	async_sleep(0);
	async_sleep(0);
	async_concurrent_cancel(job);
	async_sleep(0);
	async_sleep(0);
	CHECK_CONTAINS(recorded(), format("callback\ncreate 2 by %d:0\nlabel 2 for_ever\ncalled\n",
					  TRACE_BY_THREAD));
	CHECK_CONTAINS(recorded(), "callback\nwake 2 by cancelling a thread\ncalled\n");
	async_concurrent_release(job);
	return 0;
}

TEST(what_a_thread_posts_is_by_the_thread)
{
	run(posting);
}

static int bearing(void *arg)
{
	static const char *const argv[] = { "true", NULL };
	struct async_process *process;

	(void)arg;
	CHECK_INT(async_create_subprocess_exec(&process, argv, NULL), 0);
	the_fd = (int)async_process_pid(process);
	CHECK_INT(async_process_wait(process, NULL), 0);
	CHECK_CONTAINS(recorded(), "yield 1 subprocess\n");
	CHECK_CONTAINS(recorded(), "wake 1 by process \n");
	async_process_close(process);
	return 0;
}

TEST(who_waits_for_a_process_is_woken_by_its_end)
{
	configure(0);
	CHECK_INT(async_run(bearing, NULL), 0);
}

static int completing(void *arg)
{
	struct async_task *tasks[2];
	struct async_completion *completion;
	size_t first;

	(void)arg;
	tasks[0] = async_create_task(quick, NULL);
	tasks[1] = async_create_task(for_ever, NULL);
	completion = async_as_completed(tasks, 2, 1);
	CHECK_INT(async_as_completed_next(completion, &first), 1);
	CHECK_INT(async_as_completed_next(completion, NULL), ASYNC_ETIMEOUT);
	CHECK_CONTAINS(recorded(), "callback\nwake 1 by task 2\ncalled\n");
	CHECK_CONTAINS(recorded(), "callback\nwake 1 by its timer\ncalled\n");
	async_as_completed_end(completion);
	return 0;
}

TEST(as_completed_is_woken_by_who_completed_or_by_its_timer)
{
	run(completing);
}
