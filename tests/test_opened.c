/* SPDX-License-Identifier: MIT */
/* test_opened.c - responses whose bodies are read as their caller asks for them. */
#include <stdlib.h>

#include "runtime/base.h"
#include "tests/opened.h"
#include "tests/peer_certificate.h"

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
	CHECK_INT(opened_open("a", NULL), 0);
	CHECK_INT(opened->status, 200);
	CHECK_STR(http_response_header(opened, "x"), "y");
	CHECK_INT(opened->body.len, 0);
	async_event_set(&go);
	CHECK_INT(opened_rest(text, 4), 11);
	CHECK_STR(text, "hello world");
	CHECK_INT(http_response_read(opened, text, 1), 0);
	CHECK_INT(opened->wire_bytes, 11);
	CHECK(opened->timing.body > 0);
	CHECK_CONTAINS(opened->url, "/a");
	/* The end gave the connection back, before the response is freed. */
	CHECK_INT(ask("/", NULL), 0);
	CHECK(answer->reused);
	opened_end();
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
				CHECK_INT(
					opened_open("", &(struct http_options){ .method = method }),
					0);
				memset(method, 'x', 4);
				CHECK_INT(opened_rest(text, step), (int)strlen(table[i].body));
				CHECK_STR(text, table[i].body);
				opened_end();
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
	CHECK_INT(opened_open("a", &(struct http_options){ .method = method }), 0);
	strcpy(method, "xxx");
	CHECK_STR(told, "");
	CHECK_INT(opened_rest(text, 64), 2);
	CHECK_STR(told, "PUT /a 0;");
	opened_end();
	CHECK_INT(opened_open("b", NULL), 0);
	opened_end();
	CHECK_STR(told, "PUT /a 0;GET /b 0;");
	CHECK_INT(opened_open("c", &(struct http_options){ .method = "A B" }), HTTP_EREQUEST);
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
	CHECK_INT(opened_open("a", NULL), 0);
	CHECK_INT(opened->redirects, 1);
	CHECK_CONTAINS(opened->url, "/b");
	CHECK_INT(opened_rest(text, 64), 2);
	opened_end();
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
	CHECK_INT(opened_open("", &options), 0);
	do {
		before = sent;
		for (int i = 0; i < 100; i++)
			raw_settle();
	} while (sent > before);
	/* As much as the two sockets take, which is what the kernel likes; and no more. */
	CHECK(sent < (size_t)64 << 20);
	for (int i = 0; i < 4096; i++)
		CHECK(http_response_read(opened, piece, sizeof piece) > 0);
	for (int i = 0; i < 100; i++)
		raw_settle();
	CHECK(sent > before);
	CHECK(opened->wire_bytes == 0); /* not yet final */
	opened_end();
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
		CHECK_INT(opened_open("", &(struct http_options){ .max_body = 31 }), 0);
		CHECK_INT(opened_rest(text, 3), table[i].rc);
		/* And so it stays; its connection is gone. */
		CHECK_INT(http_response_read(opened, text, 1), table[i].rc);
		CHECK_INT(opened_connections(), 0);
		opened_end();
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
	CHECK_INT(opened_open("", NULL), 0);
	CHECK_STR(opened->tls, "TLSv1.3");
	CHECK_INT(opened_rest(text, 64), NET_ETLS_TRUNCATED);
	CHECK_STR(text, "hi");
	opened_end();
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
	CHECK_INT(opened_open("", NULL), HTTP_EPARSE);
	CHECK_INT(opened_open("", &(struct http_options){ .max_body = 9 }), HTTP_EBODY_TOO_LARGE);
	CHECK_INT(http_open(session, "http:///", NULL, &opened), HTTP_EURL);
	CHECK_INT(opened_connections(), 0);
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
	rc = opened_open("", &(struct http_options){ .timeout = 0.1 });
	if (rc == 0) {
		rc = opened_rest(text, 3);
		CHECK(rc < 0 || rc == 5);
		opened_end();
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
