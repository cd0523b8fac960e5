/* SPDX-License-Identifier: MIT */
/*
 * demo_lesson4.c - lesson 4: a cap on connections.
 *
 * Sixty fetches at an API that takes a hundred requests a second, twenty of them at once, and needs
 * a quarter of a second for each. Without a cap most are turned away. With a session limited to
 * twenty connections all are answered, and twenty connections serve sixty requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/demo.h"

#define FETCHES 60
#define KNOBS "rate=100/s,burst=20&delay=250ms"

struct run {
	char url[PRACTICE_URL + 64];
	int limit;
	struct http_session *session;
	int answered, turned_away;
	struct http_session_stats stats;
	double seconds;
};

ASYNC_SUSPENDS
static int fetch_data(void *arg)
{
	struct run *run = arg;
	struct http_response *response;

	int rc = async_http_get(run->session, run->url, NULL, &response);
	if (rc < 0)
		return rc;
	run->answered += response->status == 200;
	run->turned_away += response->status == 429;
	http_response_free(response);
	return 0;
}

ASYNC_SUSPENDS
static int program(void *arg)
{
	struct run *run = arg;
	struct async_task *tasks[FETCHES];

	run->session = http_session_new(&(struct http_session_options){ .limit = run->limit });
	if (run->session == NULL)
		return ASYNC_ENOMEM;
	double start = async_time();
	for (int i = 0; i < FETCHES; i++) {
		tasks[i] = async_create_task(fetch_data, run);
		if (tasks[i] == NULL)
			return async_last_error();
	}
	int rc = async_gather(tasks, FETCHES, ASYNC_RAISE, NULL);
	run->seconds = async_time() - start;
	http_session_stats(run->session, &run->stats);
	http_session_close(run->session);
	return rc;
}

/* Each of the two runs has an API of its own, so that neither uses up the other's rate. */
static int fetch_all(const struct demo *demo, int api, int limit, const char *name)
{
	struct run run = { .limit = limit };

	snprintf(run.url, sizeof(run.url), "%s?" KNOBS, demo->urls[api]);
	int rc = async_run(program, &run);
	printf("  %-18s %6u %10lu %9d %12d %8.2f s\n", name, run.stats.peak_connections,
	       run.stats.reused, run.answered, run.turned_away, run.seconds);
	return rc;
}

int demo_lesson4(const struct demo *demo)
{
	demo_title(demo, "lesson 4  sixty fetches at an API that takes 100 a second, 20 at once");
	printf("  %-18s %6s %10s %9s %12s\n", "connections:", "peak", "reused", "answered",
	       "turned away");
	int rc = fetch_all(demo, 4, FETCHES, "no cap");
	if (rc == 0)
		rc = fetch_all(demo, 5, 20, "limit 20");
	printf("  each answer takes 0.25 s, so 20 connections ask 80 times a second: within the rate\n"
	       "  all at once is quicker only at being refused\n");
	return rc;
}
