/* SPDX-License-Identifier: MIT */
/* test_http_trace.c - what a session's on_trace is told, in which order, with what. */
#include <stdlib.h>

#include "http/pool.h"
#include "http/session.h"
#include "tests/raw_client.h"
#include "tests/tls_pair.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static const char *const names[] = {
	[HTTP_TRACE_REQUEST_START] = "start",	[HTTP_TRACE_QUEUED_START] = "queue",
	[HTTP_TRACE_QUEUED_END] = "queued",	[HTTP_TRACE_REUSE] = "reuse",
	[HTTP_TRACE_DNS_START] = "dns",		[HTTP_TRACE_DNS_END] = "resolved",
	[HTTP_TRACE_DNS_CACHE_HIT] = "cached",	[HTTP_TRACE_CONNECT_START] = "connect",
	[HTTP_TRACE_CONNECT_END] = "connected", [HTTP_TRACE_TLS_START] = "tls",
	[HTTP_TRACE_TLS_END] = "secure",	[HTTP_TRACE_HEADERS_SENT] = "sent",
	[HTTP_TRACE_CHUNK_SENT] = "chunk_sent", [HTTP_TRACE_HEAD_RECEIVED] = "head",
	[HTTP_TRACE_CHUNK_RECEIVED] = "chunk",	[HTTP_TRACE_CHUNK_DECODED] = "decoded",
	[HTTP_TRACE_REDIRECT] = "redirect",	[HTTP_TRACE_REQUEST_END] = "end",
	[HTTP_TRACE_EXCEPTION] = "exception",
};

static char told[1024];
/* Of each kind the last, with copies of what it pointed at. */
static struct noted {
	struct http_trace trace;
	char data[256], url[256], tls[16];
} last[HTTP_TRACE_EXCEPTION + 1];
static int64_t before;

static bool told_last(const char *words)
{
	size_t used = strlen(told), size = strlen(words);

	return used >= size && strcmp(told + used - size, words) == 0;
}

/* A body comes in as many pieces as reads: they are told as one here. */
static bool goes_on_with(enum http_trace_event event)
{
	return (event == HTTP_TRACE_CHUNK_RECEIVED &&
		(told_last(" chunk") || told_last(" chunk decoded"))) ||
	       (event == HTTP_TRACE_CHUNK_DECODED && told_last(" decoded"));
}

static void note(void *arg, const struct http_trace *trace)
{
	size_t used = strlen(told), size = trace->size;
	bool goes_on = goes_on_with(trace->event);

	CHECK(arg == told);
	CHECK(trace->time >= before);
	before = trace->time;
	CHECK(trace->context != NULL);
	CHECK(trace->event == HTTP_TRACE_REQUEST_START ? !*trace->context
						       : *trace->context == told);
	*trace->context = told;
	if (goes_on)
		size += last[trace->event].trace.size;
	else
		snprintf(told + used, sizeof told - used, "%s%s%s", used ? " " : "",
			 names[trace->event], trace->code < 0 ? "!" : "");
	last[trace->event] = (struct noted){ .trace = *trace };
	last[trace->event].trace.size = size;
	snprintf(last[trace->event].data, 256, "%.*s", (int)trace->size,
		 trace->data ? trace->data : "");
	snprintf(last[trace->event].url, 256, "%s", trace->url);
	snprintf(last[trace->event].tls, 16, "%s", trace->tls ? trace->tls : "");
}

static void open_session(struct http_session_options options)
{
	options.on_trace = note;
	options.on_trace_arg = told;
	session = http_session_new(&options);
	CHECK(session != NULL);
	told[0] = '\0';
	before = 0;
}

/* What was told since it was asked last. */
static const char *events(void)
{
	const char *text = format("%s", told);

	told[0] = '\0';
	return text;
}

CLIENT_TEST(a_new_connection_and_a_kept_one_are_told_apart)
{
	open_session((struct http_session_options){ 0 });
	serve(hello);
	CHECK_INT(ask("/a", NULL), 0);
	CHECK_STR(events(), "start queue queued connect connected sent head chunk decoded end");
	CHECK_CONTAINS(last[HTTP_TRACE_HEADERS_SENT].data, "GET /a HTTP/1.1\r\n");
	CHECK_INT(last[HTTP_TRACE_HEADERS_SENT].trace.connection, 1);
	CHECK_INT(last[HTTP_TRACE_HEAD_RECEIVED].trace.status, 200);
	CHECK_INT(last[HTTP_TRACE_HEAD_RECEIVED].trace.header_count, 1);
	CHECK_INT(last[HTTP_TRACE_CHUNK_RECEIVED].trace.size, 2);
	CHECK_INT(last[HTTP_TRACE_REQUEST_END].trace.request, 1);
	CHECK_INT(ask("/b", NULL), 0);
	CHECK_STR(events(), "start queue queued reuse sent head chunk decoded end");
	CHECK_INT(last[HTTP_TRACE_REQUEST_END].trace.request, 2);
	CHECK_INT(last[HTTP_TRACE_REUSE].trace.connection, 1);
}

CLIENT_TEST(a_name_is_looked_up_once_and_is_in_the_cache_then)
{
	open_session((struct http_session_options){ .family = AF_INET });
	serve(hello);
	CHECK_INT(ask(format("http://localhost:%d/", server.port), NULL), 0);
	CHECK_STR(events(),
		  "start queue queued dns resolved connect connected sent head chunk decoded end");
	pool_drop_idle(&session->pool);
	CHECK_INT(ask(format("http://LOCALHOST:%d/", server.port), NULL), 0);
	CHECK_STR(events(),
		  "start queue queued cached connect connected sent head chunk decoded end");
}

CLIENT_TEST(a_redirect_begins_anew_and_a_body_sent_in_pieces_is_told)
{
	static const struct raw_step redirect[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 307 F\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST,
		RAW_SEND(HI),
		RAW_HOLD,
		RAW_END
	};
	const char *file = temp_file("body", "12345");

	open_session((struct http_session_options){ 0 });
	serve(redirect);
	CHECK_INT(ask("/", &(struct http_options){ .method = "PUT", .body_file = file }), 0);
	CHECK_STR(events(), "start queue queued connect connected sent chunk_sent head redirect "
			    "queue queued reuse sent chunk_sent head chunk decoded end");
	CHECK_CONTAINS(last[HTTP_TRACE_REDIRECT].data, "/there");
	CHECK_INT(last[HTTP_TRACE_REDIRECT].trace.status, 307);
	CHECK_CONTAINS(last[HTTP_TRACE_REQUEST_END].url, "/there");
	CHECK_INT(last[HTTP_TRACE_CHUNK_SENT].trace.size, 5);
}

CLIENT_TEST(a_failure_is_told_where_it_arose_and_at_the_end)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_END };

	open_session((struct http_session_options){ 0 });
	serve(silent);
	CHECK_INT(ask("/", NULL), HTTP_ECLOSED_EARLY);
	CHECK_STR(events(), "start queue queued connect connected sent exception!");
	CHECK_INT(last[HTTP_TRACE_EXCEPTION].trace.code, HTTP_ECLOSED_EARLY);
	CHECK_INT(ask("ftp://x/", NULL), HTTP_EURL);
	CHECK_STR(events(), "start exception!");
	CHECK_STR(last[HTTP_TRACE_REQUEST_START].url, "ftp://x/");
	raw_server_stop(&server);
	CHECK_INT(ask("http://127.0.0.1:1/", NULL), -ECONNREFUSED);
	CHECK_STR(events(), "start queue queued connect connected! exception!");
}

static void over_tls(void)
{
	struct net_tls_context *tls;

	CHECK_INT(net_tls_server(&tls, tls_pair_good.cert, tls_pair_good.key), 0);
	server.tls = tls;
	serve(hello);
	open_session((struct http_session_options){ .ca_file = tls_pair_ca.cert });
	CHECK_INT(ask("/", NULL), 0);
	CHECK_STR(events(),
		  "start queue queued connect connected tls secure sent head chunk decoded end");
	CHECK_STR(last[HTTP_TRACE_HEAD_RECEIVED].tls, "TLSv1.3");
	client_test_end();
	open_session((struct http_session_options){ 0 });
	server.tls = tls;
	serve(hello);
	setenv("SSL_CERT_FILE", tls_pair_good.cert, 1);
	CHECK(ask("/", NULL) < 0);
	CHECK_STR(events(), "start queue queued connect connected tls secure! exception!");
	client_test_end();
	net_tls_context_free(tls);
}

TEST(a_handshake_has_a_beginning_and_an_end)
{
	tls_pair_certificates();
	client_test_run(over_tls, false);
}
