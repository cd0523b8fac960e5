/* SPDX-License-Identifier: MIT */
/* test_server.c - the server as raw clients see it, over loopback: what it answers, over TLS too. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/certs.h"
#include "tests/harness.h"
#include "tests/served.h"

/* ---- Answers --------------------------------------------------------------------------------- */

static int answer_in_turn(void)
{
	served_exchange(GET("/") GET("/a") LAST("/b"), HELLO HELLO HELLO_LAST);
	CHECK_INT(served.handled, 3);
	CHECK_INT(served.freed, 3);
	served_exchange(GET("/") GET("/close") GET("/never"), HELLO HELLO_LAST);
	CHECK_INT(served.handled, 5);
	return 0;
}

TEST(requests_sent_ahead_are_answered_in_turn)
{
	served_run(answer_in_turn);
}

static int answer_bytewise(void)
{
	static const char text[] =
		"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nworld"
		"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
		"Connection: close\r\n\r\n3\r\nfoo\r\n3\r\nbar\r\n0\r\n\r\n";
	struct net_stream *stream = served_dial();
	char *got;

	for (const char *c = text; *c; c++) {
		CHECK_INT(net_write(stream, c, 1), 0);
		async_sleep(0);
	}
	got = served_hear_all(stream, NULL);
	CHECK_STR(got, "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 10\r\n\r\nPOST world"
		       "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 11\r\n"
		       "Connection: close\r\n\r\nPOST foobar");
	free(got);
	net_close(stream);
	return 0;
}

TEST(a_request_may_come_byte_by_byte)
{
	served_run(answer_bytewise);
}

static int answer_without_body(void)
{
	served_exchange("HEAD /large HTTP/1.1\r\nHost: h\r\n\r\n" GET("/204") GET("/304")
				GET("/205") LAST("/404"),
			"HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 100000\r\n\r\n"
			"HTTP/1.1 204 No Content\r\nX-Type: a\r\n\r\n"
			"HTTP/1.1 304 Not Modified\r\nX-Type: a\r\n\r\n"
			"HTTP/1.1 205 Reset Content\r\nX-Type: a\r\nContent-Length: 0\r\n\r\n"
			"HTTP/1.1 404 Not Found\r\nX-Type: a\r\nContent-Length: 5\r\n"
			"Connection: close\r\n\r\nhello");
	return 0;
}

TEST(head_204_205_and_304_have_no_body)
{
	served_run(answer_without_body);
}

static int answer_large(void)
{
	struct net_stream *stream = served_dial();
	size_t size;
	char *got;

	memset(served.large, 'x', sizeof(served.large));
	served_say(stream, GET("/large") LAST("/large"));
	got = served_hear_all(stream, &size);
	CHECK_INT(size,
		  2 * (strlen("HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 100000\r\n\r\n") +
		       sizeof(served.large)) +
			  strlen("Connection: close\r\n"));
	CHECK_MEM(got + size - sizeof(served.large), sizeof(served.large), served.large,
		  sizeof(served.large));
	free(got);
	net_close(stream);
	CHECK_INT(served.freed, 2);
	return 0;
}

TEST(a_large_body_arrives_whole)
{
	served_run(answer_large);
}

static int answer_old(void)
{
	served_exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 5\r\n"
			"Connection: keep-alive\r\n\r\nhello" HELLO_LAST);
	return 0;
}

TEST(http_1_0_is_kept_alive_only_when_it_asks)
{
	served_run(answer_old);
}

static int answer_expectation(void)
{
	struct net_stream *stream = served_dial();
	char buffer[64];
	size_t n;
	char *got;

	served_say(stream, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
			   "Connection: close\r\nContent-Length: 3\r\n\r\n");
	n = served_hear_head(stream, buffer, sizeof(buffer));
	CHECK_MEM(buffer, n, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	served_say(stream, "abc");
	got = served_hear_all(stream, NULL);
	CHECK_CONTAINS(got, "\r\n\r\nPOST abc");
	free(got);
	net_close(stream);
	return 0;
}

TEST(a_client_that_waits_for_leave_gets_it)
{
	served_run(answer_expectation);
}

static int date_is_there(void)
{
	struct net_stream *stream = served_dial();
	char buffer[256], want[SERVER_DATE];

	served_say(stream, GET("/"));
	served_hear_head(stream, buffer, sizeof(buffer));
	CHECK_CONTAINS(buffer, "\r\nDate: ");
	CHECK_CONTAINS(buffer, " GMT\r\n");
	server_response_date(want, 784111777);
	CHECK_STR(want, "Sun, 06 Nov 1994 08:49:37 GMT");
	net_close(stream);
	return 0;
}

TEST(responses_are_dated)
{
	served_run(date_is_there);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static struct certs_pair certificate;

static int over_tls(void *arg)
{
	struct net_tls_context *client;
	struct net_stream *stream, *plain;
	char *got;

	(void)arg;
	CHECK_INT(net_tls_server(&served.options.tls, certificate.cert, certificate.key), 0);
	CHECK_INT(net_tls_client(&client, &(struct net_tls_options){ .ca_file = certificate.cert }),
		  0);
	served_start();
	/* One that never shakes hands is in nobody's way. */
	plain = served_dial();
	CHECK_INT(net_connect(&stream, "127.0.0.1", served.port,
			      &(struct net_connect_options){ .tls = client }),
		  0);
	served_say(stream, GET("/") LAST("/"));
	got = served_hear_all(stream, NULL);
	CHECK_STR(got, HELLO HELLO_LAST);
	free(got);
	net_close(stream);
	net_close(plain);
	CHECK_INT(http_server_stop(served.server, 1), 0);
	net_tls_context_free(served.options.tls);
	net_tls_context_free(client);
	return 0;
}

TEST(the_same_is_served_over_tls)
{
	certificate =
		certs_make(&(struct certs_request){ .name = "server", .san = "IP:127.0.0.1" });
	CHECK_INT(async_run(over_tls, NULL), 0);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static int serve_or_not(void *arg)
{
	struct net_listener *listener;
	struct net_stream *stream;
	char buffer[1000];

	(void)arg;
	if (net_listen(&listener, "127.0.0.1", 0) < 0)
		return 0;
	served.port = net_listener_port(listener);
	if (http_server_start(&served.server, listener, &served.options, served_handle,
			      &served.server) < 0) {
		net_listener_close(listener);
		return 0;
	}
	if (net_connect(&stream, "127.0.0.1", served.port, NULL) == 0) {
		static const char text[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
					   "Connection: close\r\n\r\nhi";

		if (net_write(stream, text, sizeof(text) - 1) == 0)
			while (net_read(stream, buffer, sizeof(buffer)) > 0)
				;
		net_close(stream);
	}
	http_server_stop(served.server, 1);
	return 0;
}

static void serve_with_failures(void)
{
	async_run(serve_or_not, NULL);
}

TEST_WITH_LIMIT(running_out_of_memory_hangs_and_leaks_nothing, 60)
{
	for_each_failing_allocation(serve_with_failures);
}

TEST_WITH_LIMIT(failing_system_calls_hang_and_leak_nothing, 60)
{
	for_each_failing_syscall(serve_with_failures);
}

/* More than the served.server reads at once: what it has not read when it closes must not cost the answer. */
static int send_far_ahead(void)
{
	static char text[100000];
	size_t used = (size_t)sprintf(text, "%s", GET("/close"));

	while (used + 100 < sizeof(text))
		used += (size_t)sprintf(text + used, "%s", GET("/never"));
	served_exchange(text, HELLO_LAST);
	CHECK_INT(served.handled, 1);
	return 0;
}

TEST(requests_sent_ahead_of_a_close_do_not_cost_its_answer)
{
	served_run(send_far_ahead);
}
