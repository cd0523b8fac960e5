/* SPDX-License-Identifier: MIT */
/* raw_client.c - the frame of the client's tests. */
#include "tests/raw_client.h"

#include <stdlib.h>

struct raw_server server;
struct http_session *session;
struct http_response *answer;
struct http_failure failure;

static int finished;

static int run_body(void *arg)
{
	void (*body)(void) = *(void (**)(void))arg;

	body();
	client_test_end();
	return 0;
}

void client_test_run(void (*body)(void), bool virtual_clock)
{
	struct async_run_options options = { .virtual_clock = virtual_clock };

	CHECK_INT(async_run_with(run_body, &body, &options), 0);
}

static void forget_failure(struct http_failure *of)
{
	free(of->url);
	of->url = NULL;
}

void client_test_end(void)
{
	http_response_free(answer);
	answer = NULL;
	forget_failure(&failure);
	if (session)
		http_session_close(session);
	session = NULL;
	if (server.listener)
		raw_server_stop(&server);
}

/* An absolute URL is used as it is. */
static const char *url_of(const char *path, char *text, size_t size)
{
	if (strstr(path, "://"))
		return path;
	snprintf(text, size, "%s%s", server.url, *path == '/' ? path + 1 : path);
	return text;
}

int ask(const char *path, const struct http_options *options)
{
	char url[256];
	int rc;

	if (!session)
		session = http_session_new(NULL);
	if (!session)
		return ASYNC_ENOMEM;
	http_response_free(answer);
	answer = NULL;
	forget_failure(&failure);
	rc = http_request_with(session, url_of(path, url, sizeof(url)), options, &answer, &failure);
	if (rc < 0)
		CHECK(!answer);
	return rc;
}

static int run_asking(void *arg)
{
	struct asking *asking = arg;
	char url[256];

	asking->rc = http_request_with(session, url_of(asking->path, url, sizeof(url)),
				       &asking->options, &asking->response, &asking->failure);
	asking->finished = ++finished;
	return asking->rc;
}

void ask_later(struct asking *asking, const char *path)
{
	if (!session)
		session = http_session_new(NULL);
	CHECK(session != NULL);
	asking->path = path;
	asking->task = async_create_task(run_asking, asking);
	CHECK(asking->task != NULL);
}

int ask_join(struct asking *asking)
{
	return async_await(asking->task);
}

void asking_free(struct asking *asking)
{
	http_response_free(asking->response);
	asking->response = NULL;
	forget_failure(&asking->failure);
	async_task_release(asking->task);
}
