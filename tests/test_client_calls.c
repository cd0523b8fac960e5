/* SPDX-License-Identifier: MIT */
/*
 * test_client_calls.c - what the caller of the client sees beside the response: the request as it was
 * sent, times and failures on record, a session that is closed, a call that is cancelled or short of
 * memory.
 */
#include <stdlib.h>

#include "http/decode.h"
#include "runtime/base.h"
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static char large[300 * 1024];

/* ---- Requests -------------------------------------------------------------------------------- */

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

CLIENT_TEST(a_request_has_the_head_that_servers_expect)
{
	struct http_header headers[] = { { "X-One", "1" }, { "accept", "text/plain" } };

	serve(hello);
	CHECK_INT(ask("/a/../b?c=d#e", NULL), 0);
	CHECK_STR(server.requests[0].text,
		  format("GET /b?c=d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n"
			 "Accept-Encoding: %s\r\nUser-Agent: loophound/0.1\r\n\r\n",
			 server.port, decode_accepted()));
	CHECK_INT(ask("/", &(struct http_options){ .method = "POST" }), 0);
	CHECK_CONTAINS(server.requests[1].text, "\r\nContent-Length: 0\r\n");
	CHECK_INT(ask("/", &(struct http_options){ .headers = headers, .header_count = 2 }), 0);
	CHECK_CONTAINS(server.requests[2].text, "\r\nX-One: 1\r\n");
	CHECK_CONTAINS(server.requests[2].text, "\r\naccept: text/plain\r\n");
	CHECK(!strstr(server.requests[2].text, "*/*"));
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(request_bodies_of_any_size_arrive_after_their_head)
{
	struct http_options options = { .method = "PUT", .body = large };

	serve(hello);
	memset(large, 'x', sizeof(large));
	for (size_t size = 1; size < 200 * 1024; size *= 5) {
		const char *end;

		options.body_size = size;
		CHECK_INT(ask("/", &options), 0);
		end = strstr(server.requests[server.request_count - 1].text, "\r\n\r\n");
		CHECK_INT(strlen(end + 4), size);
	}
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(what_cannot_be_sent_is_refused_before_anything_is_connected)
{
	static const struct {
		const char *url, *method;
		struct http_header header;
		int rc;
	} table[] = {
		{ "/", "GE T", { "A", "b" }, HTTP_EREQUEST },
		{ "/", "", { "A", "b" }, HTTP_EREQUEST },
		{ "/", "G\r\nX: y", { "A", "b" }, HTTP_EREQUEST },
		{ "/", "GET", { "A b", "c" }, HTTP_EREQUEST },
		{ "/", "GET", { "", "c" }, HTTP_EREQUEST },
		{ "/", "GET", { "A", "b\r\nX: y" }, HTTP_EREQUEST },
		{ "ftp://127.0.0.1/", "GET", { "A", "b" }, HTTP_EURL },
		{ "http://127.0.0.1:65536/", "GET", { "A", "b" }, HTTP_EURL },
		{ "http:///x", "GET", { "A", "b" }, HTTP_EURL },
		{ "http://a\r\nb/", "GET", { "A", "b" }, HTTP_EURL },
		{ "http://2130706433/", "GET", { "A", "b" }, HTTP_EURL },
	};

	serve(hello);
	for (size_t i = 0; i < array_size(table); i++) {
		struct http_options options = { .method = table[i].method,
						.headers = &table[i].header,
						.header_count = 1 };
		int rc = ask(table[i].url, &options);

		if (rc != table[i].rc)
			FAIL("%s %s: %s", table[i].method, table[i].url, async_errname(rc));
		CHECK_STR(failure.phase, "url");
	}
	CHECK_INT(server.accepted, 0);
}

CLIENT_TEST_VIRTUAL(an_answer_that_comes_before_the_body_was_taken_is_delivered)
{
	static const struct raw_step refuse[] = {
		RAW_SEND("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"), RAW_WAIT(1),
		RAW_RESET
	};
	struct http_options options = { .method = "POST", .body_size = 20 << 20 };
	char *body = calloc(1, options.body_size);

	CHECK(body != NULL);
	options.body = body;
	serve(refuse);
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(answer->status, 413);
	CHECK_INT(ask("/", &options), 0);
	CHECK_INT(server.accepted, 2);
	free(body);
}

/* ---- Records --------------------------------------------------------------------------------- */

static int64_t sum(const struct http_timing *timing)
{
	return timing->queue + timing->dns + timing->connect + timing->tls + timing->send +
	       timing->first_byte + timing->body;
}

CLIENT_TEST_VIRTUAL(the_phases_of_a_request_add_up_to_its_time)
{
	static const struct raw_step slow[] = {
		RAW_REQUEST,	RAW_WAIT(0.02),		  RAW_SEND(OK "Content-Length: 4\r\n\r\nh"),
		RAW_WAIT(0.01), RAW_TRICKLE("ohi", 0.01), RAW_AGAIN
	};
	int64_t start, whole;

	serve(slow);
	for (int i = 0; i < 2; i++) {
		start = async_time_ns();
		CHECK_INT(ask("/", NULL), 0);
		whole = async_time_ns() - start;
		CHECK_INT(sum(&answer->timing), whole);
		CHECK_NEAR((double)answer->timing.first_byte, 20e6, 1e5);
		CHECK_NEAR((double)answer->timing.body, 30e6, 1e5);
		CHECK_INT(answer->reused, i == 1);
		CHECK_INT(answer->connection, 1);
		CHECK_STR(answer->peer, format("127.0.0.1:%d", server.port));
		CHECK_STR(answer->url, server.url);
		CHECK_STR(answer->tls, NULL);
	}
}

CLIENT_TEST(a_failure_says_how_far_it_came)
{
	static const struct raw_step cut[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 203 X\r\nContent-Length: 5\r\n\r\nhi"), RAW_END
	};

	serve(cut);
	CHECK_INT(ask("/", NULL), HTTP_EBODY_TRUNCATED);
	CHECK_STR(failure.phase, "body");
	CHECK_INT(failure.status, 203);
	CHECK_INT(failure.body_bytes, 2);
	CHECK_INT(failure.content_length, 5);
	CHECK_STR(failure.peer, format("127.0.0.1:%d", server.port));
	CHECK(sum(&failure.timing) > 0 && failure.timing.connect > 0);
}

static int fail_to_get(void *arg)
{
	struct http_response *response;

	return async_http_get(session, arg, NULL, &response);
}

CLIENT_TEST(the_message_of_a_failure_names_the_peer_and_the_reason)
{
	static const struct raw_step cut[] = { RAW_REQUEST,
					       RAW_SEND(OK "Content-Length: 5\r\n\r\nhi"),
					       RAW_END };
	struct async_task *task;

	serve(cut);
	session = http_session_new(NULL);
	task = async_create_task(fail_to_get, server.url);
	CHECK_INT(async_await(task), HTTP_EBODY_TRUNCATED);
	CHECK_STR(async_task_error(task)->message,
		  format("127.0.0.1:%d closed the connection after 2 of 5 bytes of the body",
			 server.port));
	CHECK_INT(async_task_error(task)->code, HTTP_EBODY_TRUNCATED);
	async_task_release(task);
}

/* ---- Sessions -------------------------------------------------------------------------------- */

static int close_session(void *arg)
{
	(void)arg;
	return http_session_close(session);
}

CLIENT_TEST(closing_a_session_ends_its_requests_wherever_they_wait)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
	static const struct raw_step trickle[] = { RAW_REQUEST,
						   RAW_SEND(OK "Content-Length: 5\r\n\r\nhi"),
						   RAW_HOLD, RAW_END };
	struct asking asking[3] = { 0 };
	struct async_task *task;

	session = http_session_new(&(struct http_session_options){ .limit = 2 });
	serve(silent, trickle);
	for (int i = 0; i < 3; i++)
		ask_later(&asking[i], "/");
	while (server.request_count < 2)
		async_sleep(0);
	raw_settle();
	task = async_create_task(close_session, NULL);
	async_sleep(0);
	/* Under way, the session takes nothing new. */
	CHECK_INT(ask("/", NULL), HTTP_ESESSION_CLOSED);
	CHECK_INT(async_await(task), 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask_join(&asking[i]), HTTP_ESESSION_CLOSED);
		CHECK_STR(async_task_error(asking[i].task)->message, "Session is closed.");
		asking_free(&asking[i]);
	}
	CHECK_INT(ask("/", NULL), HTTP_ESESSION_CLOSED);
	async_task_release(task);
	session = NULL;
}

CLIENT_TEST(cancelling_a_request_is_a_cancellation_and_closes_its_connection)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
	struct asking asking = { 0 };

	serve(silent, hello);
	ask_later(&asking, "/");
	while (server.request_count < 1)
		async_sleep(0);
	async_cancel(asking.task);
	CHECK_INT(ask_join(&asking), ASYNC_ECANCELED);
	CHECK(async_task_cancelled(asking.task));
	CHECK_STR(asking.failure.phase, "head");
	asking_free(&asking);
	while (server.open > 0)
		async_sleep(0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 2);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static int get_in_need(void *arg)
{
	static const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nhi"),
		RAW_REQUEST, RAW_SEND(CHUNKED "2\r\nhi\r\n0\r\n\r\n"), RAW_AGAIN
	};
	struct http_header header = { "X", "y" };
	struct http_options options = {
		.method = "POST",
		.body = "x",
		.body_size = 1,
		.headers = &header,
		.header_count = 1,
		/* A send that only pretends to have failed leaves a peer that waits for the rest. */
		.timeout = 0.2,
	};
	int rc;

	(void)arg;
	if (raw_server_start(&server, script) < 0)
		return 0;
	rc = ask("/", &options);
	if (rc == 0)
		rc = ask("/", &(struct http_options){ .timeout = 0.2 });
	CHECK(rc == 0 || !answer);
	client_test_end();
	return 0;
}

static void run_in_need(void)
{
	(void)async_run(get_in_need, NULL);
}

TEST_WITH_LIMIT(any_one_allocation_may_fail, 60)
{
	for_each_failing_allocation(run_in_need);
}

TEST_WITH_LIMIT(any_one_system_call_may_fail, 60)
{
	for_each_failing_syscall(run_in_need);
}
