/* SPDX-License-Identifier: MIT */
/*
 * blocking_loop.c - the ways with a loop: coroutines that block it, that step aside, that let a thread
 * of a pool block.
 *
 * The three coroutines differ in one line. The watchdog is on, as it is in every program; what it
 * would have written is counted. Each request has a connection of its own, as in blocking_plain.c: what
 * is compared is waiting, not keep-alive.
 */
#include <stdlib.h>

#include "bench/blocking.h"
#include "http/loophound.h"

static struct http_session *session;
static struct async_pool *pool;

ASYNC_SUSPENDS
static int finish(struct blocking_task *task)
{
	static const struct http_header close = { .name = "Connection", .value = "close" };
	struct http_options options = { .headers = &close, .header_count = 1 };
	struct http_response *response;

	if (task->url != NULL) {
		int rc = async_http_get(session, task->url, &options, &response);
		task->failed = rc < 0 || response->status != 200;
		if (rc == 0)
			http_response_free(response);
	}
	task->done = blocking_now();
	return 0;
}

ASYNC_SUSPENDS
static int block(void *arg)
{
	blocking_pause(arg);
	return finish(arg);
}

ASYNC_SUSPENDS
static int yield(void *arg)
{
	struct blocking_task *task = arg;

	task->begun = blocking_now();
	if (task->pauses)
		async_sleep((double)task->cell->pause / 1e9);
	task->ended = blocking_now();
	return finish(task);
}

static int pause_on_a_thread(void *arg)
{
	blocking_pause(arg);
	return 0;
}

ASYNC_SUSPENDS
static int offload(void *arg)
{
	struct blocking_task *task = arg;

	task->called = task->begun = task->ended = blocking_now();
	if (task->pauses)
		task->failed = async_pool_run(pool, pause_on_a_thread, task, 0, NULL) < 0;
	return finish(task);
}

/* ---- The run --------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
static int beat_on(void *arg)
{
	struct blocking *cell = arg;
	int rc = 0;

	while (rc == 0) {
		rc = async_sleep((double)(cell->beat.next - blocking_now()) / 1e9);
		if (rc == 0)
			beat_run_due(&cell->beat, blocking_now());
	}
	return rc;
}

ASYNC_SUSPENDS
static int run_tasks(struct blocking *cell, struct async_task **tasks)
{
	int rc = 0;

	cell->start = blocking_now();
	beat_begin(&cell->beat, cell->start);
	struct async_task *beat = async_create_task(beat_on, cell);
	if (beat == NULL)
		return async_last_error();
	for (int i = 0; i < cell->tasks && rc == 0; i++) {
		cell->task[i].called = cell->start;
		tasks[i] = async_create_task(cell->mode->task, &cell->task[i]);
		rc = tasks[i] ? 0 : async_last_error();
	}
	if (rc == 0)
		rc = async_gather(tasks, (size_t)cell->tasks, ASYNC_RAISE, NULL);
	cell->end = blocking_now();
	beat_end(&cell->beat, cell->end);
	async_cancel(beat);
	return rc;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	struct blocking *cell = arg;
	struct async_task **tasks = calloc((size_t)cell->tasks, sizeof(struct async_task *));

	pool = async_pool_new(cell->threads);
	session = cell->urls != NULL ? http_session_new(NULL) : NULL;
	if (tasks == NULL || pool == NULL || (session == NULL && cell->urls != NULL)) {
		free(tasks);
		return ASYNC_ENOMEM;
	}
	int rc = run_tasks(cell, tasks);
	if (session != NULL)
		http_session_close(session);
	free(tasks);
	return rc;
}

static void say_nothing(const struct async_stall *stall, void *arg)
{
	(void)stall;
	(void)arg;
}

static int run_loop(struct blocking *cell)
{
	async_watchdog_configure(&(struct async_watchdog_options){ .report = say_nothing });
	int rc = async_run(program, cell);
	cell->stalls = async_watchdog_stalls();
	return rc;
}

const struct blocking_mode blocking_loop_modes[3] = {
	{ "block", HOLDS_ALL, run_loop, block },
	{ "yield", HOLDS_NOBODY, run_loop, yield },
	{ "offload", HOLDS_A_WORKER, run_loop, offload },
};
