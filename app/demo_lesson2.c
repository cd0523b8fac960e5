/* SPDX-License-Identifier: MIT */
/*
 * demo_lesson2.c - lesson 2: gather, both ways.
 *
 * Three fetches, of which the second fails. With ASYNC_RETURN_EXCEPTIONS one gets every outcome.
 * With ASYNC_RAISE the first failure ends the wait, and only the wait: the siblings run on.
 */
#include <stdio.h>

#include "app/demo.h"

struct fetch {
	const char *api;
	char url[PRACTICE_URL + 32];
};

static struct http_session *session;

ASYNC_SUSPENDS
static int fetch_data(void *arg)
{
	const struct fetch *fetch = arg;
	struct http_response *response;

	int rc = async_http_get(session, fetch->url, NULL, &response);
	if (rc < 0)
		return rc;
	int status = response->status;
	http_response_free(response);
	return status == 200 ? 200 : async_raise(ASYNC_EFAILED, "%s: HTTP %d", fetch->api, status);
}

static const char *message_of(struct async_task *task)
{
	const struct async_error *error = async_task_error(task);

	return error ? error->message : "no failure";
}

static int create_three(struct async_task *tasks[3], struct fetch fetches[3])
{
	for (int i = 0; i < 3; i++) {
		tasks[i] = async_create_task(fetch_data, &fetches[i]);
		if (tasks[i] == NULL)
			return async_last_error();
	}
	return 0;
}

ASYNC_SUSPENDS
static int gather_everything(struct fetch fetches[3])
{
	struct async_task *tasks[3];
	double start = async_time();
	int results[3];

	int rc = create_three(tasks, fetches);
	if (rc == 0)
		rc = async_gather(tasks, 3, ASYNC_RETURN_EXCEPTIONS, results);
	if (rc < 0)
		return rc;
	printf("  return exceptions: back after %.2f s with all three: %d, %s, %d\n",
	       async_time() - start, results[0], async_errname(results[1]), results[2]);
	return 0;
}

ASYNC_SUSPENDS
static int gather_until_failure(struct fetch fetches[3])
{
	struct async_task *tasks[3];
	double start = async_time();

	int rc = create_three(tasks, fetches);
	if (rc < 0)
		return rc;
	rc = async_gather(tasks, 3, ASYNC_RAISE, NULL);
	printf("  raise: back after %.2f s with the first failure, %s (\"%s\")\n",
	       async_time() - start, async_errname(rc), message_of(tasks[1]));
	printf("  at this moment %s is %s, and %s is %s: nobody cancelled it\n", fetches[0].api,
	       async_task_done(tasks[0]) ? "done" : "running", fetches[2].api,
	       async_task_done(tasks[2]) ? "done" : "running");
	rc = async_await(tasks[2]);
	printf("  %s ran on, and ended after %.2f s with %d\n", fetches[2].api,
	       async_time() - start, rc);
	return rc < 0 ? rc : 0;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	static const char *const knobs[3] = { "delay=100ms", "delay=200ms&status=503",
					      "delay=400ms" };
	const struct demo *demo = arg;
	struct fetch fetches[3];

	for (int i = 0; i < 3; i++) {
		fetches[i].api = practice_apis[i].name;
		snprintf(fetches[i].url, sizeof(fetches[i].url), "%s?%s", demo->urls[i], knobs[i]);
	}
	session = http_session_new(NULL);
	if (session == NULL)
		return ASYNC_ENOMEM;
	int rc = gather_everything(fetches);
	if (rc == 0)
		rc = gather_until_failure(fetches);
	http_session_close(session);
	return rc;
}

int demo_lesson2(const struct demo *demo)
{
	demo_title(demo, "lesson 2  gather three: 0.1 s, 0.2 s and then a 503, 0.4 s");
	int rc = async_run(program, (void *)demo);
	printf("  so a gather is a way to wait. To stop the others, async_cancel() them\n");
	return rc;
}
