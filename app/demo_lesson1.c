/* SPDX-License-Identifier: MIT */
/*
 * demo_lesson1.c - lesson 1: who waits?
 *
 * Ten fetches. Each is polite and lets half a second pass before it asks. Five ways to write that
 * differ in a line or two, and by a factor of ten in time.
 */
#include <string.h>

#include "app/demo_ways.h"

static struct http_session *session;
static struct async_semaphore three = ASYNC_SEMAPHORE(3);

ASYNC_SUSPENDS
static int get(struct demo_fetch *fetch)
{
	struct http_response *response;

	int rc = async_http_get(session, fetch->url, NULL, &response);
	if (rc < 0)
		return rc;
	fetch->done = demo_now();
	int status = response->status;
	http_response_free(response);
	return status == 200 ? 0 : async_raise(ASYNC_EFAILED, "%s said %d", fetch->url, status);
}

/* 2. A coroutine, but be_polite() blocks the thread, somewhere: nobody else can run. */
ASYNC_SUSPENDS
static int fetch_blocking(void *arg)
{
	be_polite(arg);
	return get(arg);
}

/* 3. The same delay, but this one steps aside: all ten wait at the same time. */
ASYNC_SUSPENDS
static int fetch_yielding(void *arg)
{
	struct demo_fetch *fetch = arg;

	fetch->begun = demo_now();
	async_sleep(fetch->politeness);
	fetch->polite = demo_now();
	return get(fetch);
}

/* 4. When the blocking function cannot be changed: it may block a thread of the pool. */
ASYNC_SUSPENDS
static int fetch_offloaded(void *arg)
{
	async_to_thread(be_polite, arg);
	return get(arg);
}

/* 5. As 3, but never more than three at once: concurrency is something one chooses. */
ASYNC_SUSPENDS
static int fetch_under_semaphore(void *arg)
{
	int rc = async_semaphore_acquire(&three);

	if (rc < 0)
		return rc;
	rc = fetch_yielding(arg);
	async_semaphore_release(&three);
	return rc;
}

/* 1. No loop at all. */
ASYNC_BLOCKS_THE_THREAD static int fetch_all_in_turn(struct demo_way *way)
{
	for (int i = 0; i < DEMO_FETCHES; i++) {
		struct demo_fetch *fetch = &way->fetches[i];

		be_polite(fetch);
		if (demo_plain_get(fetch->url) != 200)
			return ASYNC_EFAILED;
		fetch->done = demo_now();
	}
	return 0;
}

/* What the ways with a loop have in common: ten tasks, and one wait for all of them. */
ASYNC_SUSPENDS
static int fetch_all_at_once(void *arg)
{
	struct demo_way *way = arg;
	struct async_task *tasks[DEMO_FETCHES];

	if (way->at_once == 0)
		way->at_once = async_max_threads();
	for (int i = 0; i < DEMO_FETCHES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "fetch-%d", i);
		tasks[i] = async_create_task_with(way->fetch, &way->fetches[i],
						  &(struct async_task_options){ .name = name });
		if (tasks[i] == NULL)
			return async_last_error();
	}
	return async_gather(tasks, DEMO_FETCHES, ASYNC_RAISE, NULL);
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	session = http_session_new(NULL);
	if (session == NULL)
		return ASYNC_ENOMEM;
	int rc = fetch_all_at_once(arg);
	http_session_close(session);
	return rc;
}

static struct demo_way ways[] = {
	{ .name = "serial: no loop, one after another",
	  .key = "serial_s",
	  .mark = '#',
	  .at_once = 1 },
	{ .name = "coroutines that block (a buried usleep)",
	  .key = "blocking_s",
	  .fetch = fetch_blocking,
	  .mark = '#',
	  .at_once = 1 },
	{ .name = "coroutines that yield (async_sleep)",
	  .key = "yielding_s",
	  .fetch = fetch_yielding,
	  .mark = '-',
	  .at_once = DEMO_FETCHES },
	{ .name = "blocking, but in async_to_thread",
	  .key = "offloaded_s",
	  .fetch = fetch_offloaded,
	  .mark = '=' },
	{ .name = "yielding, under a semaphore of 3",
	  .key = "semaphore3_s",
	  .fetch = fetch_under_semaphore,
	  .mark = '-',
	  .at_once = 3 },
};
#define WAYS ((int)(sizeof(ways) / sizeof(ways[0])))

static int run(struct demo_way *way, const struct demo *demo)
{
	for (int i = 0; i < DEMO_FETCHES; i++)
		way->fetches[i] =
			(struct demo_fetch){ .url = demo->urls[i], .politeness = demo->politeness };
	demo_watch_begin();
	way->started = demo_now();
	int rc = way->fetch ? async_run(program, way) : fetch_all_in_turn(way);
	way->seconds = demo_now() - way->started;
	way->stall_count = demo_watch_end(&way->stalls, &way->stall_total);
	return rc;
}

double demo_way_expected(const struct demo *demo, const struct demo_way *way)
{
	return (DEMO_FETCHES + way->at_once - 1) / way->at_once * demo->politeness;
}

int demo_lesson1(const struct demo *demo)
{
	demo_show_heading(demo);
	for (int i = 0; i < WAYS; i++) {
		demo_show_name(demo, i + 1, &ways[i]);
		int rc = run(&ways[i], demo);
		if (rc < 0)
			return rc;
		demo_show_result(demo, &ways[i]);
	}
	return 0;
}

int demo_lesson1_json(const struct demo *demo)
{
	for (int i = 0; i < WAYS; i++) {
		int rc = run(&ways[i], demo);
		if (rc < 0)
			return rc;
	}
	demo_show_json(ways, WAYS);
	return 0;
}
