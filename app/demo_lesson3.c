/* SPDX-License-Identifier: MIT */
/*
 * demo_lesson3.c - lesson 3: a task fails, and nobody asks.
 *
 * Errors never pass silently: when a failed task is freed and nobody has read its outcome, the loop
 * says so, with the place where the failure was raised.
 */
#include <stdio.h>
#include <string.h>

#include "app/demo.h"

static const struct demo *demo;

ASYNC_SUSPENDS
static int fetch_data(void *arg)
{
	struct http_session *session = arg;
	struct http_response *response;
	char url[PRACTICE_URL + 32];

	snprintf(url, sizeof(url), "%s?status=500", demo->urls[3]);
	int rc = async_http_get(session, url, NULL, &response);
	if (rc < 0)
		return rc;
	int status = response->status;
	http_response_free(response);
	return status == 200 ? 0 : async_raise(ASYNC_EFAILED, "stocks: HTTP %d", status);
}

static int reports;

static void say(const struct async_context *context, void *arg)
{
	const struct async_error *error = context->error;

	(void)arg;
	reports++;
	printf("  the loop says: %s: %s\n", context->message,
	       context->task ? async_task_name(context->task) : "?");
	if (error != NULL)
		printf("  raised in %s() at %s:%d: %s\n", error->function, demo_source(error->file),
		       error->line, error->message);
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	struct async_task_options named = { .name = "stocks" };
	struct http_session *session = http_session_new(NULL);

	(void)arg;
	if (session == NULL)
		return ASYNC_ENOMEM;
	async_set_exception_handler(say, NULL);
	struct async_task *task = async_create_task_with(fetch_data, session, &named);
	if (task == NULL)
		return async_last_error();
	while (!async_task_done(task))
		async_sleep(0.01);
	printf("  the task has failed; main saw that it is done, and did not look\n");
	async_task_release(task);
	async_sleep(0);
	printf("  after that release: %d report; main itself is fine\n", reports);
	async_set_exception_handler(NULL, NULL);
	return http_session_close(session);
}

int demo_lesson3(const struct demo *the_demo)
{
	demo = the_demo;
	demo_title(demo, "lesson 3  a task fails, and nobody asks");
	int rc = async_run(program, NULL);
	printf("  async_await() it, or read async_task_error(), and it is yours to handle\n");
	return rc;
}
