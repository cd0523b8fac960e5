/* SPDX-License-Identifier: MIT */
/* test_opened.c - responses whose bodies are read as their caller asks for them. */
#include <stdlib.h>

#include "runtime/base.h"
#include "tests/peer_certificate.h"
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define GZIP_HEAD "\x1f\x8b\x08\0\0\0\0\0\0\x03"
#define GZIP_DATA "\xcb\x48\xcd\xc9\xc9\x07\0"
#define GZIP_HELLO GZIP_HEAD GZIP_DATA "\x86\xa6\x10\x36\5\0\0\0"

static struct http_response *response;

/* The session is made with the first. */
ASYNC_SUSPENDS
static int open_with(const char *path, const struct http_options *options)
{
	char url[256];

	if (!session)
		session = http_session_new(NULL);
	if (!session)
		return ASYNC_ENOMEM;
	snprintf(url, sizeof url, "%s%s", server.url, path);
	return http_open(session, url, options, &response);
}

static void end(void)
{
	http_response_free(response);
	response = NULL;
}

/* All that is left of the body, by so many bytes a read: its length, or the failure. */
ASYNC_SUSPENDS
static int read_rest(char text[256], size_t step)
{
	size_t size = 0;
	ssize_t n;

	while ((n = http_response_read(response, text + size, step)) > 0) {
		CHECK((size_t)n <= step);
		size += (size_t)n;
		CHECK(size + step < 256);
	}
	text[size] = '\0';
	return n < 0 ? (int)n : (int)size;
}

static unsigned connections(void)
{
	struct http_session_stats stats;

	http_session_stats(session, &stats);
	return stats.connections;
}

/* ---- What is right --------------------------------------------------------------------------- */

CLIENT_TEST(the_head_comes_first_and_then_the_body_as_it_is_asked_for)
{
	static struct async_event go;
	static const struct raw_step script[] = {
		RAW_REQUEST,	   RAW_SEND(OK "Content-Length: 11\r\nX: y\r\n\r\n"),
		RAW_AWAIT(&go),	   RAW_SEND("hello "),
		RAW_SEND("world"), RAW_AGAIN
	};
	char text[256];

	serve(script);
	CHECK_INT(open_with("a", NULL), 0);
	CHECK_INT(response->status, 200);
	CHECK_STR(http_response_header(response, "x"), "y");
	CHECK_INT(response->body.len, 0);
	async_event_set(&go);
	CHECK_INT(read_rest(text, 4), 11);
	CHECK_STR(text, "hello world");
	CHECK_INT(http_response_read(response, text, 1), 0);
	CHECK_INT(response->wire_bytes, 11);
	CHECK(response->timing.body > 0);
	CHECK_CONTAINS(response->url, "/a");
	/* The end gave the connection back, before the response is freed. */
	CHECK_INT(ask("/", NULL), 0);
	CHECK(answer->reused);
	end();
}

CLIENT_TEST(every_framing_ends_where_it_should_in_steps_of_any_size)
{
	static const struct {
		const char *method;
		struct raw_step answer;
		struct raw_step after;
		const char *body;
	} table[] = {
		{ "GET", RAW_SEND(HI), RAW_AGAIN, "hi" },
		{ "GET", RAW_SEND(CHUNKED "1\r\nh\r\n1;x\r\ni\r\n0\r\nT: r\r\n\r\n"), RAW_AGAIN,
		  "hi" },
		{ "GET", RAW_SEND(OK "\r\nhi"), RAW_END, "hi" },
		{ "GET", RAW_SEND("HTTP/1.1 204 N\r\n\r\n"), RAW_AGAIN, "" },
		{ "HEAD", RAW_SEND(OK "Content-Length: 9\r\n\r\n"), RAW_AGAIN, "" },
		{ "GET",
		  RAW_SEND(OK "Content-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" GZIP_HELLO),
		  RAW_AGAIN, "hello" },
	};
	char text[256], method[8];

	for (size_t i = 0; i < array_size(table); i++) {
		const struct raw_step script[] = { RAW_REQUEST, table[i].answer, table[i].after };

		serve(script);
		for (size_t step = 1; step < 8; step += 3)
			for (server.cut = 0; server.cut < table[i].answer.size; server.cut += 5) {
				/* Nothing that was given to http_open has to stay. */
				strcpy(method, table[i].method);
				CHECK_INT(open_with("", &(struct http_options){ .method = method }),
					  0);
				memset(method, 'x', 4);
				CHECK_INT(read_rest(text, step), (int)strlen(table[i].body));
				CHECK_STR(text, table[i].body);
				end();
			}
		if (table[i].after.verb == RAW_VERB_AGAIN)
			CHECK_INT(server.accepted, 1);
		client_test_end();
	}
}

static char told[256];

static void note(void *arg, const struct http_trace *trace)
{
	size_t used = strlen(told);

	(void)arg;
	if (trace->event == HTTP_TRACE_REQUEST_END || trace->event == HTTP_TRACE_EXCEPTION)
		snprintf(told + used, sizeof told - used, "%s %s %d;", trace->method,
			 strrchr(trace->url, '/'), trace->code);
}

CLIENT_TEST(the_trace_ends_with_the_body_and_not_with_the_head)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	char method[] = "PUT", text[256];

	serve(script);
	session = http_session_new(&(struct http_session_options){ .on_trace = note });
	CHECK_INT(open_with("a", &(struct http_options){ .method = method }), 0);
	strcpy(method, "xxx");
	CHECK_STR(told, "");
	CHECK_INT(read_rest(text, 64), 2);
	CHECK_STR(told, "PUT /a 0;");
	end();
	CHECK_INT(open_with("b", NULL), 0);
	end();
	CHECK_STR(told, "PUT /a 0;GET /b 0;");
	CHECK_INT(open_with("c", &(struct http_options){ .method = "A B" }), HTTP_EREQUEST);
	CHECK_CONTAINS(told, "A B /c -12022;");
}

CLIENT_TEST(redirects_are_followed_first)
{
	static const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 3\r\n\r\nbye"),
		RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN
	};
	char text[256];

	serve(script);
	CHECK_INT(open_with("a", NULL), 0);
	CHECK_INT(response->redirects, 1);
	CHECK_CONTAINS(response->url, "/b");
	CHECK_INT(read_rest(text, 64), 2);
	end();
}

/* ---- Backpressure ---------------------------------------------------------------------------- */

static size_t sent;

static int send_without_end(struct net_stream *stream)
{
	static const char piece[65536];
	int rc = 0;

	while (rc == 0) {
		rc = net_write(stream, piece, sizeof piece);
		sent += sizeof piece;
	}
	return rc;
}

CLIENT_TEST(the_socket_is_not_read_further_than_the_caller_asks)
{
	static const struct raw_step script[] = {
		RAW_REQUEST, RAW_SEND(OK "Content-Length: 99999999999\r\n\r\n"),
		RAW_CALL(send_without_end), RAW_END
	};
	struct http_options options = { .max_body = (size_t)1 << 40 };
	char piece[4096];
	size_t before;

	serve(script);
	CHECK_INT(open_with("", &options), 0);
	do {
		before = sent;
		for (int i = 0; i < 100; i++)
			raw_settle();
	} while (sent > before);
	/* As much as the two sockets take, which is what the kernel likes; and no more. */
	CHECK(sent < (size_t)64 << 20);
	for (int i = 0; i < 4096; i++)
		CHECK(http_response_read(response, piece, sizeof piece) > 0);
	for (int i = 0; i < 100; i++)
		raw_settle();
	CHECK(sent > before);
	CHECK(response->wire_bytes == 0); /* not yet final */
	end();
}

/* ---- What is not in order -------------------------------------------------------------------- */

CLIENT_TEST(the_end_is_an_error_unless_all_was_there_and_in_order)
{
	static const struct {
		struct raw_step answer;
		int rc;
	} table[] = {
		{ RAW_SEND(OK "Content-Length: 9\r\n\r\nhi"), HTTP_EBODY_TRUNCATED },
		{ RAW_SEND(CHUNKED "2\r\nhi\r\n"), HTTP_EBODY_TRUNCATED },
		{ RAW_SEND(CHUNKED "2\r\nhiXX"), HTTP_EPARSE },
		{ RAW_SEND(OK "Content-Encoding: gzip\r\nContent-Length: 17\r\n\r\n" GZIP_HEAD
				   GZIP_DATA),
		  HTTP_EDECODE_TRUNCATED },
		{ RAW_SEND(OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi"),
		  HTTP_EDECODE },
		{ RAW_SEND(CHUNKED "20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n"),
		  HTTP_EBODY_TOO_LARGE },
	};
	char text[256];

	for (size_t i = 0; i < array_size(table); i++) {
		const struct raw_step script[] = { RAW_REQUEST, table[i].answer, RAW_END };

		serve(script);
		CHECK_INT(open_with("", &(struct http_options){ .max_body = 31 }), 0);
		CHECK_INT(read_rest(text, 3), table[i].rc);
		/* And so it stays; its connection is gone. */
		CHECK_INT(http_response_read(response, text, 1), table[i].rc);
		CHECK_INT(connections(), 0);
		end();
		client_test_end();
	}
}

/* What TLS does not vouch for is no end: the certificate is made outside the loop. */
static struct certificate certificate;

static void read_what_was_cut(void)
{
	static const struct raw_step cut[] = { RAW_REQUEST, RAW_SEND(OK "\r\nhi"), RAW_CUT,
					       RAW_HOLD, RAW_END };
	struct net_tls_context *tls;
	char text[256];

	CHECK_INT(net_tls_server(&tls, certificate.cert, certificate.key), 0);
	server.tls = tls;
	serve(cut);
	session = http_session_new(&(struct http_session_options){ .ca_file = certificate.cert });
	snprintf(server.url, sizeof server.url, "https://127.0.0.1:%d/", server.port);
	CHECK_INT(open_with("", NULL), 0);
	CHECK_STR(response->tls, "TLSv1.3");
	CHECK_INT(read_rest(text, 64), NET_ETLS_TRUNCATED);
	CHECK_STR(text, "hi");
	end();
	client_test_end();
	net_tls_context_free(tls);
}

TEST(the_end_without_close_notify_is_none)
{
	certificate = make_certificate(NULL, 1);
	client_test_run(read_what_was_cut, false);
}

CLIENT_TEST(what_fails_before_the_body_fails_in_open)
{
	static const struct raw_step rude[] = { RAW_REQUEST, RAW_SEND("what?"), RAW_END };
	static const struct raw_step large[] = { RAW_REQUEST,
						 RAW_SEND(OK "Content-Length: 99\r\n\r\n"),
						 RAW_HOLD, RAW_END };

	serve(rude, large);
	CHECK_INT(open_with("", NULL), HTTP_EPARSE);
	CHECK_INT(open_with("", &(struct http_options){ .max_body = 9 }), HTTP_EBODY_TOO_LARGE);
	CHECK_INT(http_open(session, "http:///", NULL, &response), HTTP_EURL);
	CHECK_INT(connections(), 0);
}

/* ---- Time ------------------------------------------------------------------------------------ */

#define TEN "0123456789"
static const struct raw_step slow[] = { RAW_REQUEST, RAW_SEND(OK "Content-Length: 20\r\n\r\n" TEN),
					RAW_WAIT(20), RAW_SEND(TEN), RAW_AGAIN };

CLIENT_TEST_VIRTUAL(only_while_somebody_reads_the_server_has_to_hurry)
{
	struct http_options options = { .idle_timeout = 5 };
	char text[256];

	serve(slow);
	CHECK_INT(open_with("", &options), 0);
	async_sleep(100);
	CHECK_INT(read_rest(text, 10), 20);
	end();
	CHECK_INT(open_with("", &options), 0);
	CHECK_INT(read_rest(text, 10), HTTP_EBODY_IDLE);
	CHECK_CONTAINS(async_raised(HTTP_EBODY_IDLE)->message, "no byte for 5 s after 10 of 20");
	end();
}

CLIENT_TEST_VIRTUAL(the_whole_time_passes_while_nobody_reads_too)
{
	struct http_options options = { .timeout = 15 };
	char text[256];

	serve(slow);
	CHECK_INT(open_with("", &options), 0);
	CHECK_INT(read_rest(text, 10), HTTP_ETOTAL_TIMEOUT);
	end();
	CHECK_INT(open_with("", &options), 0);
	async_sleep(16);
	CHECK_INT(http_response_read(response, text, 10), HTTP_ETOTAL_TIMEOUT);
	CHECK_CONTAINS(async_raised(HTTP_ETOTAL_TIMEOUT)->message,
		       "not done after 15 s, in phase body");
	CHECK_INT(connections(), 0);
	end();
}

CLIENT_TEST_VIRTUAL(the_callers_pauses_are_not_the_servers_slowness)
{
	static struct async_event go;
	static const struct raw_step script[] = {
		RAW_REQUEST,	RAW_SEND(OK "Content-Length: 20\r\n\r\n"),
		RAW_WAIT(1),	RAW_SEND(TEN),
		RAW_AWAIT(&go), RAW_WAIT(9),
		RAW_SEND(TEN),	RAW_AGAIN
	};
	struct http_options options = { .low_speed_limit = 20, .low_speed_time = 12 };
	char text[256];

	serve(script);
	async_sleep(1); /* at 0 no time has begun */
	CHECK_INT(open_with("", &options), 0);
	for (size_t i = 0; i < 10; i++)
		CHECK_INT(http_response_read(response, text, 1), 1);
	async_sleep(60);
	async_event_set(&go);
	CHECK_INT(read_rest(text, 10), 10);
	end();
	options.low_speed_time = 8;
	CHECK_INT(open_with("", &options), 0);
	CHECK_INT(read_rest(text, 10), HTTP_EBODY_SLOW);
	end();
}

CLIENT_TEST_VIRTUAL(a_cancelled_read_loses_nothing)
{
	struct async_timeout limit;
	char text[256];
	int rc = 0;

	serve(slow);
	CHECK_INT(open_with("", &(struct http_options){ .idle_timeout = 30 }), 0);
	async_timeout_begin(&limit, 3);
	rc = read_rest(text, 10);
	CHECK_INT(async_timeout_end(&limit, rc), ASYNC_ETIMEOUT);
	CHECK_INT(read_rest(text, 10), 10);
	CHECK_STR(text, TEN);
	CHECK_INT(connections(), 1);
	end();
}

/* ---- Closing --------------------------------------------------------------------------------- */

CLIENT_TEST(what_has_come_already_is_no_reason_to_close_the_connection)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	char text[4];

	serve(script);
	CHECK_INT(open_with("", NULL), 0);
	http_response_close(response);
	http_response_close(response);
	CHECK_INT(response->status, 200);
	CHECK_INT(http_response_read(response, text, 1), ASYNC_ECLOSED);
	CHECK_STR(async_raised(ASYNC_ECLOSED)->message, "Connection closed");
	end();
	/* Freeing one closes it as well. */
	CHECK_INT(open_with("", NULL), 0);
	CHECK_INT(http_response_read(response, text, 1), 1);
	end();
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(what_is_still_to_come_is_and_its_place_is_free)
{
	static const struct raw_step endless[] = { RAW_REQUEST,
						   RAW_SEND(OK "Content-Length: 99\r\n\r\nhi"),
						   RAW_HOLD, RAW_END };
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	struct asking asking = { 0 };

	serve(endless, script);
	session = http_session_new(&(struct http_session_options){ .limit = 1 });
	CHECK_INT(open_with("", NULL), 0);
	ask_later(&asking, "/");
	for (int i = 0; i < 50; i++)
		async_sleep(0);
	CHECK(!async_task_done(asking.task));
	end();
	CHECK_INT(ask_join(&asking), 0);
	CHECK_INT(server.accepted, 2);
	asking_free(&asking);
}

static int read_one(void *arg)
{
	return (int)http_response_read(response, arg, 1);
}

static const struct raw_step silent[] = { RAW_REQUEST, RAW_SEND(OK "Content-Length: 9\r\n\r\n"),
					  RAW_HOLD, RAW_END };

CLIENT_TEST(a_session_that_closes_ends_what_is_open_whether_it_is_being_read_or_not)
{
	struct http_response *idle;
	struct async_task *task;
	char byte;

	serve(silent);
	CHECK_INT(open_with("", NULL), 0);
	idle = response;
	CHECK_INT(open_with("", NULL), 0);
	task = async_create_task(read_one, &byte);
	raw_settle();
	CHECK_INT(http_response_read(response, &byte, 1), ASYNC_ERUNTIME);
	CHECK_INT(http_session_close(session), 0);
	session = NULL;
	CHECK_INT(async_await(task), HTTP_ESESSION_CLOSED);
	async_task_release(task);
	CHECK_INT(http_response_read(idle, &byte, 1), HTTP_ESESSION_CLOSED);
	CHECK_INT(http_response_read(response, &byte, 1), HTTP_ESESSION_CLOSED);
	http_response_free(idle);
	end();
}

static int close_session(void *arg)
{
	int rc = http_session_close(session);

	(void)arg;
	session = NULL;
	return rc;
}

CLIENT_TEST(a_reader_that_is_cancelled_while_its_session_closes_ends_it_too)
{
	struct async_task *reader, *closer;
	char byte;

	serve(silent);
	CHECK_INT(open_with("", NULL), 0);
	reader = async_create_task(read_one, &byte);
	raw_settle();
	closer = async_create_task(close_session, NULL);
	async_cancel(reader);
	CHECK_INT(async_await(closer), 0);
	CHECK(async_task_done(reader));
	CHECK_INT(http_response_read(response, &byte, 1), HTTP_ESESSION_CLOSED);
	async_task_release(reader);
	async_task_release(closer);
	end();
}

/* ---- Misuse ---------------------------------------------------------------------------------- */

static int on_body(void *arg, const void *data, size_t size)
{
	(void)arg;
	(void)data;
	return (int)size;
}

static int misuse(void *arg)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	int which = *(int *)arg;
	char byte;

	serve(which == 1 ? silent : script);
	if (which == 0) {
		CHECK_INT(ask("/", NULL), 0);
		http_response_read(answer, &byte, 1);
	}
	if (which == 2)
		open_with("", &(struct http_options){ .on_body = on_body });
	CHECK_INT(open_with("", NULL), 0);
	if (which == 3)
		http_response_read(response, &byte, 0);
	CHECK_INT(async_spawn(read_one, &byte), 0);
	raw_settle();
	http_response_close(response);
	return 0;
}

TEST(misuse_aborts)
{
	int which[4] = { 0, 1, 2, 3 };

	EXPECT_ABORT(async_run(misuse, &which[0]), "not one of http_open()");
	EXPECT_ABORT(async_run(misuse, &which[1]),
		     "a task is reading the response of tests/test_opened.c:");
	EXPECT_ABORT(async_run(misuse, &which[2]), "not for on_body or on_memory");
	EXPECT_ABORT(async_run(misuse, &which[3]), "0 would look like the end");
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static int open_in_need(void *arg)
{
	static const struct raw_step script[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nhi"),
		RAW_REQUEST,
		RAW_SEND(OK "Content-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" GZIP_HELLO),
		RAW_AGAIN
	};
	char text[256];
	int rc;

	(void)arg;
	if (raw_server_start(&server, script) < 0)
		return 0;
	rc = open_with("", &(struct http_options){ .timeout = 0.1 });
	if (rc == 0) {
		rc = read_rest(text, 3);
		CHECK(rc < 0 || rc == 5);
		end();
	}
	client_test_end();
	return 0;
}

static void run_in_need(void)
{
	(void)async_run(open_in_need, NULL);
}

TEST_WITH_LIMIT(any_one_allocation_may_fail, 60)
{
	for_each_failing_allocation(run_in_need);
}

TEST_WITH_LIMIT(any_one_system_call_may_fail, 60)
{
	for_each_failing_syscall(run_in_need);
}
