/* SPDX-License-Identifier: MIT */
/*
 * test_dump.c - what each task waits for, in words. On the virtual clock, so that each second is exact.
 * Long, because each kind of wait is made once to be looked at.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/async.h"
#include "tests/dumped.h"
#include "tests/harness.h"

/* ---- What a task waits for ------------------------------------------------------------------- */

static struct async_event never;
static struct async_future nothing;
static struct async_lock lock;
static struct async_condition condition;
static struct async_semaphore semaphore = ASYNC_SEMAPHORE(0);
static struct async_barrier barrier = ASYNC_BARRIER(3);
static struct async_queue empty, full;
static struct async_task *sleeper, *quick, *stubborn, *late;
static int sockets[2];

static int sleep_long(void *arg)
{
	(void)arg;
	return async_sleep(5);
}

static int end_at_once(void *arg)
{
	(void)arg;
	return 0;
}

static int wait_readable(void *arg)
{
	(void)arg;
	return async_wait_readable(sockets[0]);
}

static int wait_writable(void *arg)
{
	(void)arg;
	return async_wait_writable(sockets[0]);
}

static int wait_for_task(void *arg)
{
	(void)arg;
	return async_await(sleeper);
}

static int wait_for_future(void *arg)
{
	(void)arg;
	return async_future_await(&nothing);
}

static int wait_gather(void *arg)
{
	struct async_task *tasks[] = { sleeper, quick, sleeper };

	(void)arg;
	return async_gather(tasks, 3, ASYNC_RETURN_EXCEPTIONS, NULL);
}

static int wait_wait(void *arg)
{
	struct async_task *tasks[] = { sleeper, late };

	(void)arg;
	return async_wait(tasks, 2, ASYNC_ALL_COMPLETED, 7.5, NULL);
}

static int wait_as_completed(void *arg)
{
	struct async_completion *all = async_as_completed(&sleeper, 1, 4);
	int rc = async_as_completed_next(all, NULL);

	(void)arg;
	async_as_completed_end(all);
	return rc;
}

static int wait_shield(void *arg)
{
	(void)arg;
	return async_shield(sleeper);
}

static int wait_group(void *arg)
{
	struct async_task_group group = { 0 };

	(void)arg;
	async_task_group_enter(&group);
	CHECK(async_task_group_create_task(&group, sleep_long, NULL) != NULL);
	CHECK(async_task_group_create_task(&group, end_at_once, NULL) != NULL);
	return async_task_group_exit(&group, 0);
}

static int refuse_to_end(void *arg)
{
	(void)arg;
	async_sleep(100);
	return async_sleep(100);
}

static int wait_for_its_end(void *arg)
{
	(void)arg;
	return async_wait_for(stubborn, 0);
}

static int hold_lock(void *arg)
{
	(void)arg;
	async_lock_acquire(&lock);
	return async_sleep(5);
}

static int wait_lock(void *arg)
{
	(void)arg;
	return async_lock_acquire(&lock);
}

static int wait_event(void *arg)
{
	(void)arg;
	return async_event_wait(&never);
}

static int wait_condition(void *arg)
{
	int rc;

	(void)arg;
	async_condition_acquire(&condition);
	rc = async_condition_wait(&condition);
	async_condition_release(&condition);
	return rc;
}

static int wait_semaphore(void *arg)
{
	(void)arg;
	return async_semaphore_acquire(&semaphore);
}

static int wait_barrier(void *arg)
{
	(void)arg;
	return async_barrier_wait(&barrier);
}

static int wait_get(void *arg)
{
	void *item;

	(void)arg;
	return async_queue_get(&empty, &item);
}

static int wait_put(void *arg)
{
	(void)arg;
	return async_queue_put(&full, NULL);
}

static int wait_join(void *arg)
{
	(void)arg;
	return async_queue_join(&full);
}

static int wait_with_limits(void *arg)
{
	struct async_timeout outer, inner;
	int rc;

	(void)arg;
	async_timeout_begin(&outer, 3);
	async_timeout_begin(&inner, 9);
	rc = async_event_wait(&never);
	rc = async_timeout_end(&inner, rc);
	return async_timeout_end(&outer, rc);
}

static int wait_after_limits(void *arg)
{
	struct async_timeout limit;

	(void)arg;
	async_timeout_begin(&limit, 3);
	async_timeout_end(&limit, async_sleep(0));
	return async_event_wait(&never);
}

/* The words in brackets a second after the wait began; "%llu" is the id of the sleeper. */
static const struct {
	const char *name, *words;
	int (*fn)(void *arg);
} kinds[] = {
	{ "readable", "readable fd %d, 1.0 s", wait_readable },
	{ "writable", "writable fd %d, 1.0 s", wait_writable },
	{ "task", "awaiting task 2 \"sleeper\", 1.0 s", wait_for_task },
	{ "future", "a future, 1.0 s", wait_for_future },
	{ "gather", "gather of 2, 1 done, 1.0 s", wait_gather },
	{ "wait", "wait of 2, 0 done, at most 6.5 s, 1.0 s", wait_wait },
	{ "as_completed", "as_completed of 1, 0 done, at most 3.0 s, 1.0 s", wait_as_completed },
	{ "shield", "shield of task 2 \"sleeper\", 1.0 s", wait_shield },
	{ "group", "TaskGroup, 1 task left, 1.0 s", wait_group },
	{ "ending", "cancelled end of task 4 \"stubborn\", 1.0 s", wait_for_its_end },
	{ "holder", "sleep, wakes in 4.0 s, 1.0 s", hold_lock },
	{ "lock", "Lock held by task 16 \"holder\", 1.0 s", wait_lock },
	{ "event", "Event, 1.0 s", wait_event },
	{ "condition", "Condition, 1.0 s", wait_condition },
	{ "semaphore", "Semaphore, 1.0 s", wait_semaphore },
	{ "barrier", "Barrier, 1 of 3 are here, 1.0 s", wait_barrier },
	{ "get", "Queue.get, 0 items, 0 unfinished, 1.0 s", wait_get },
	{ "put", "Queue.put, 1 items, 1 unfinished, 1.0 s", wait_put },
	{ "join", "Queue.join, 1 items, 1 unfinished, 1.0 s", wait_join },
	{ "limited", "Event, 1.0 s, deadline in 2.0 s", wait_with_limits },
	{ "no longer limited", "Event, 1.0 s", wait_after_limits },
};

static void set_up(void)
{
	char bytes[4096] = { 0 };

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
	while (write(sockets[0], bytes, sizeof bytes) > 0)
		continue;
	async_future_init(&nothing);
	CHECK_INT(async_queue_init(&empty, 0), 0);
	CHECK_INT(async_queue_init(&full, 1), 0);
	CHECK_INT(async_queue_put_nowait(&full, NULL), 0);
}

static void tear_down(void)
{
	struct async_task *tasks[2];

	/* Main is the oldest. */
	while (async_all_tasks(tasks, 2) > 1) {
		async_cancel(tasks[1]);
		async_sleep(0);
	}
	async_queue_destroy(&empty);
	async_queue_destroy(&full);
	close(sockets[0]);
	close(sockets[1]);
}

static int describe_each_kind(void *arg)
{
	const char *text;

	(void)arg;
	set_up();
	sleeper = dumped_start(sleep_long, NULL, "sleeper");
	quick = dumped_start(end_at_once, NULL, "quick");
	stubborn = dumped_start(refuse_to_end, NULL, "stubborn");
	late = dumped_start(sleep_long, NULL, "late");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		dumped_start(kinds[i].fn, NULL, kinds[i].name);
	async_sleep(1);
	text = dumped(async_pstree);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *words = kinds[i].fn == wait_readable || kinds[i].fn == wait_writable
					    ? format(kinds[i].words, sockets[0])
					    : kinds[i].words;

		CHECK_CONTAINS(text,
			       format("\"%s\" [%s] at tests/test_dump.c:", kinds[i].name, words));
	}
	tear_down();
	return 0;
}

static int run_virtual(int (*fn)(void *arg), void *arg)
{
	return async_run_with(fn, arg, &(struct async_run_options){ .virtual_clock = true });
}

TEST(each_kind_of_wait_has_its_words_its_time_and_the_first_limit)
{
	CHECK_INT(run_virtual(describe_each_kind, NULL), 0);
}

/* ---- States that are no waits ---------------------------------------------------------------- */

static int yield_often(void *arg)
{
	(void)arg;
	while (async_sleep(0) == 0)
		continue;
	return ASYNC_ECANCELED;
}

static int eager(void *arg)
{
	const char **text = arg;

	*text = dumped(async_pstree);
	return 0;
}

static int describe_states(void *arg)
{
	struct async_task *ready = dumped_start(yield_often, NULL, "ready");
	struct async_task *woken = dumped_start(wait_event, NULL, "woken");
	struct async_task *doomed = dumped_start(refuse_to_end, NULL, "doomed");
	const char *text = NULL;

	(void)arg;
	async_sleep(0);
	async_event_set(&never);
	async_cancel(doomed);
	dumped_start(end_at_once, NULL, "new");
	async_create_task_with(eager, &text,
			       &(struct async_task_options){ .name = "eager", .eager_start = true })
		? (void)0
		: abort();
	CHECK_CONTAINS(text, "\"main\" [has started another task eagerly]");
	CHECK_CONTAINS(text, "\"eager\" [running]");
	CHECK_CONTAINS(text, "\"ready\" [ready] at ");
	CHECK_CONTAINS(text, "\"woken\" [ready] at ");
	CHECK_CONTAINS(text, "\"doomed\" [ready, being cancelled]");
	CHECK_CONTAINS(text, "\"new\" [not started] created at tests/dumped.c:");
	async_cancel(ready);
	async_cancel(doomed);
	CHECK_INT(async_await(woken), 0);
	async_sleep(0);
	return 0;
}

TEST(a_task_that_does_not_wait_runs_is_ready_or_not_started)
{
	CHECK_INT(run_virtual(describe_states, NULL), 0);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int pass_the_gate(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return 0;
}

static int wait_for_thread(void *arg)
{
	(void)arg;
	return async_to_thread(pass_the_gate, NULL);
}

static int describe_thread(void *arg)
{
	struct async_task *first, *second;
	const char *text;

	(void)arg;
	pthread_mutex_lock(&gate);
	first = dumped_start(wait_for_thread, NULL, "first");
	second = dumped_start(wait_for_thread, NULL, "second");
	async_sleep(0.01);
	while (!strstr(text = dumped(async_print_tasks), "\"first\" [a thread running"))
		async_sleep(0.01);
	CHECK_CONTAINS(text, "\"second\" [a thread running");
	CHECK_CONTAINS(text, ", queued: no thread is free");
	pthread_mutex_unlock(&gate);
	CHECK_INT(async_await(first), 0);
	CHECK_INT(async_await(second), 0);
	return 0;
}

TEST(a_job_says_what_the_thread_runs_and_whether_it_has_one)
{
	CHECK_INT(async_run_with(describe_thread, NULL,
				 &(struct async_run_options){ .max_threads = 1 }),
		  0);
}

static int communicate(void *arg)
{
	struct async_process *process = *(struct async_process **)arg;

	return async_process_communicate(process, NULL, 0, NULL, NULL);
}

static int wait_for_process(void *arg)
{
	return async_process_wait(*(struct async_process **)arg, NULL);
}

static int describe_process(void *arg)
{
	const char *const argv[] = { "sleep", "60", NULL };
	struct async_process *process;
	struct async_task *tasks[2];
	const char *text;

	(void)arg;
	CHECK_INT(async_create_subprocess_exec(
			  &process, argv,
			  &(struct async_process_options){ .stdout_to = ASYNC_PIPE,
							   .stderr_to = ASYNC_PIPE }),
		  0);
	tasks[0] = dumped_start(communicate, &process, "talker");
	tasks[1] = dumped_start(wait_for_process, &process, "waiter");
	async_sleep(0.001);
	text = dumped(async_pstree);
	CHECK_CONTAINS(text, format("\"talker\" [readable fd %d or readable fd %d, ",
				    async_process_stdout(process), async_process_stderr(process)));
	CHECK_CONTAINS(text,
		       format("\"waiter\" [subprocess %d, ", (int)async_process_pid(process)));
	async_process_kill(process);
	CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
	async_process_close(process);
	return 0;
}

TEST(a_subprocess_has_its_number_and_its_pipes_are_waited_for_together)
{
	CHECK_INT(async_run(describe_process, NULL), 0);
}
