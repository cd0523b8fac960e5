/* SPDX-License-Identifier: MIT */
/*
 * test_dump_thread.c - a dump as the watchdog's thread makes it, while the loop does not hold still:
 * it may be wrong, but it ends, faults nowhere, and says when the loop has gone on.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "runtime/dump/dump.h"
#include "runtime/wait.h"
#include "tests/harness.h"

static atomic_bool over;
static atomic_int dumps;
static struct async_loop *loop;

/* Again and again, as long as main changes things. */
static void *dump_often(void *arg)
{
	const char *path = arg;

	while (!atomic_load(&over)) {
		uint32_t generation = atomic_load(&loop->heartbeat.generation);
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		struct dump_request request = {
			.loop = loop,
			.fd = fd,
			.tree = true,
			.generation = generation,
			.current = atomic_load(&loop->heartbeat.task),
		};

		if (generation & 1)
			CHECK_INT(dump_make(&request), 0);
		close(fd);
		if (generation & 1)
			atomic_fetch_add(&dumps, 1);
	}
	return NULL;
}

static int nothing(void *arg)
{
	(void)arg;
	return async_sleep(0);
}

/* In one slice, so that nothing tells the other thread to stop: slabs grow under its eyes. */
static void create_many(void)
{
	for (int i = 0; i < (UNDER_TSAN ? 20 : 200); i++)
		CHECK_INT(async_spawn_with(nothing, NULL,
					   &(struct async_task_options){ .stack_size = 16384 }),
			  0);
}

static int change_things(void *arg)
{
	pthread_t thread;

	loop = loop_current;
	CHECK_INT(pthread_create(&thread, NULL, dump_often, arg), 0);
	for (int round = 0; round < 20 || atomic_load(&dumps) < 20; round++) {
		int seen = atomic_load(&dumps);

		create_many();
		while (round % 2 && atomic_load(&dumps) == seen)
			async_blocking("the other thread looks meanwhile", 0)
				usleep(100);
		async_sleep(0);
		async_sleep(0);
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	return 0;
}

TEST(another_thread_may_look_while_tasks_come_and_go)
{
	struct async_watchdog_options off = { .limit = -1 };

	async_watchdog_configure(&off);
	CHECK_INT(async_run(change_things, (void *)temp_path("dump")), 0);
	CHECK(atomic_load(&dumps) >= 20);
}

/* ---- What is not there ----------------------------------------------------------------------- */

static const char stray[sizeof(struct async_future_kind)] = "no kind";

static int await_nothing(void *future)
{
	return async_future_await(future);
}

static void *dump_to(void *request)
{
	CHECK_INT(dump_make(request), 0);
	return NULL;
}

static const char *text_from_thread(const char *path)
{
	struct dump_request request = {
		.loop = loop_current,
		.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
		.tree = true,
		.generation = atomic_load(&loop_current->heartbeat.generation),
		.current = loop_current->current,
	};
	pthread_t thread;

	CHECK_INT(pthread_create(&thread, NULL, dump_to, &request), 0);
	pthread_join(thread, NULL);
	close(request.fd);
	return read_file(path, NULL);
}

/* As a stack may hold them that has just been left. */
static int spoil(void *arg)
{
	struct async_future future;
	struct async_task *handle = async_create_task(await_nothing, &future);
	struct task *task = task_of("?", "spoil", handle);

	async_future_init(&future);
	async_sleep(0);
	CHECK_CONTAINS(text_from_thread(arg), "\"Task-2\" [a future, ");
	future.kind = (const void *)stray;
	CHECK_CONTAINS(text_from_thread(arg), "\"Task-2\" [unknown] at ");
	future.kind = (const void *)8;
	CHECK_CONTAINS(text_from_thread(arg), "\"Task-2\" [unknown] at ");
	future.kind = NULL;
	task->waiting = (void *)16;
	task->limit = (void *)24;
	CHECK_CONTAINS(text_from_thread(arg), "\"Task-2\" [ready] at ");
	task->waiting = &future;
	task->limit = NULL;
	async_future_set_result(&future, 0);
	return async_await(handle);
}

TEST(what_is_not_there_is_not_read_and_a_stray_kind_is_not_believed)
{
	CHECK_INT(async_run(spoil, (void *)temp_path("dump")), 0);
}

/* ---- A loop that goes on --------------------------------------------------------------------- */

static int pipes[2];

static void *dump_into_pipe(void *arg)
{
	CHECK_INT(dump_make(arg), 0);
	close(pipes[1]);
	return NULL;
}

static int go_on(void *arg)
{
	struct dump_request request = { .loop = loop_current, .tree = true, .stacks = true };
	char text[4096];
	pthread_t thread;
	ssize_t n = 0;

	(void)arg;
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	request.fd = pipes[1];
	/* The slice before this one: it is over by the time anybody looks. */
	request.generation = atomic_load(&loop_current->heartbeat.generation) - 2;
	CHECK_INT(pthread_create(&thread, NULL, dump_into_pipe, &request), 0);
	async_blocking("the other thread writes", 0)
		n = read(pipes[0], text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = '\0';
	CHECK_CONTAINS(text, "The loop goes on; this is all that was seen until then.\n");
	CHECK(strstr(text, "task 1 ") == NULL);
	pthread_join(thread, NULL);
	close(pipes[0]);
	return 0;
}

TEST(a_dump_ends_when_the_loop_goes_on_and_says_so)
{
	CHECK_INT(async_run(go_on, NULL), 0);
}
