/* SPDX-License-Identifier: MIT */
/*
 * test_expect.c - Expect: 100-continue and servers that others wrote: nginx, and those whose folders
 * EXPECT_URLS names, with blanks between them, as tests/peers does. A folder takes PUT.
 */
#include <stdlib.h>

#include "runtime/base.h"
#include "tests/peer_nginx.h"
#include "tests/raw_client.h"

#define SIZE 300000

static struct nginx nginx;

/* When the head went out, when the body began to; how much of it went. */
static int64_t head_sent, body_begun;
static size_t body_sent;

static void note(void *arg, const struct http_trace *trace)
{
	(void)arg;
	if (trace->event == HTTP_TRACE_HEADERS_SENT)
		head_sent = trace->time;
	if (trace->event == HTTP_TRACE_CHUNK_SENT && body_sent == 0)
		body_begun = trace->time;
	if (trace->event == HTTP_TRACE_CHUNK_SENT)
		body_sent += trace->size;
}

static const char *body(void)
{
	char *text = format("%*s", SIZE, "");

	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)('a' + i % 26);
	return text;
}

/* The status. */
ASYNC_SUSPENDS
static int put(const char *url)
{
	struct http_options options = { .method = "PUT",
					.body_file = temp_file("sent", body()),
					.expect_continue = true };

	body_sent = 0;
	CHECK_INT(ask(url, &options), 0);
	return answer->status;
}

ASYNC_SUSPENDS
static void takes_what_it_wants(const char *folder)
{
	const char *url = format("%s/expected.txt", folder), *sent = body();
	int status;

	session = http_session_new(&(struct http_session_options){ .on_trace = note });
	status = put(url);
	if (status != 201 && status != 204)
		FAIL("PUT %s is answered with %d", url, status);
	CHECK_INT(body_sent, SIZE);
	/* It said so: nobody had to wait for a second to pass. */
	CHECK((double)(body_begun - head_sent) / 1e9 < 0.99);
	CHECK_INT(ask(url, NULL), 0);
	CHECK_MEM(answer->body.ptr, answer->body.len, sent, SIZE);
	CHECK(answer->reused);
}

static int put_to_nginx(void *arg)
{
	(void)arg;
	takes_what_it_wants(format("%s/put", nginx.url));
	/* What is refused for its length is not sent, and the connection goes. */
	CHECK_INT(put(format("%s/small/x", nginx.url)), 413);
	CHECK_INT(body_sent, 0);
	CHECK_INT(ask(format("%s/put/expected.txt", nginx.url), NULL), 0);
	CHECK(!answer->reused);
	client_test_end();
	return 0;
}

TEST(nginx_says_when_it_wants_a_body_and_when_not)
{
	nginx_start(&nginx, "location /put { dav_methods PUT; create_full_put_path on; }\n"
			    "location /small { dav_methods PUT; client_max_body_size 1000; }\n"
			    "client_max_body_size 1m;");
	CHECK_INT(async_run(put_to_nginx, NULL), 0);
	nginx_stop(&nginx);
}

static int put_to_others(void *arg)
{
	char *urls = format("%s", (const char *)arg), *url;

	while ((url = strsep(&urls, " "))) {
		takes_what_it_wants(url);
		client_test_end();
	}
	return 0;
}

TEST(other_servers_do_so_too)
{
	const char *urls = getenv("EXPECT_URLS");

	if (!urls)
		NOT_HERE("make test-peers has some, and names them in EXPECT_URLS");
	CHECK_INT(async_run(put_to_others, (void *)urls), 0);
}
