/* SPDX-License-Identifier: MIT */
/*
 * test_server_refuse.c - what the server answers with a refusal or a hang-up: what it cannot understand,
 * what is too large, too slow, or meant to smuggle.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/harness.h"
#include "tests/served.h"

static int refuse_broken(void)
{
	served_exchange("nonsense\r\n\r\n", REFUSED("400 Bad Request", "16"));
	served_exchange("GET / HTTP/1.1\r\n\r\n", REFUSED("400 Bad Request", "16"));
	served_exchange("GET / HTTP/1.1\r\nHost : h\r\n\r\n", REFUSED("400 Bad Request", "16"));
	served_exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
			"Transfer-Encoding: chunked\r\n\r\n",
			REFUSED("400 Bad Request", "16"));
	served_exchange(GET("/") "broken\r\n\r\n", HELLO REFUSED("400 Bad Request", "16"));
	served_exchange("GET /fail HTTP/1.1\r\nHost: h\r\n\r\n",
			REFUSED("500 Internal Server Error", "26"));
	served_exchange(GET("/broken"), REFUSED("500 Internal Server Error", "26"));
	served_exchange(GET("/framing"), REFUSED("500 Internal Server Error", "26"));
	served_exchange(GET("/100"), REFUSED("500 Internal Server Error", "26"));
	CHECK_INT(served.handled, 5);
	CHECK_INT(served.freed, 5);
	return 0;
}

TEST(what_cannot_be_understood_or_answered_is_refused)
{
	served_run(refuse_broken);
}

static int refuse_large(void)
{
	struct net_stream *stream = served_dial();
	char *got;

	served_exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
			REFUSED("413 Payload Too Large", "22"));
	served_exchange("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
			REFUSED("413 Payload Too Large", "22"));
	served_exchange("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n"
			"Connection: close\r\n\r\n0123456789",
			"HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 15\r\n"
			"Connection: close\r\n\r\nPOST 0123456789");
	served_say(stream, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 101; i++)
		served_say(stream, "A: b\r\n");
	got = served_hear_all(stream, NULL);
	CHECK_STR(got, REFUSED("431 Request Header Fields Too Large", "36"));
	free(got);
	net_close(stream);
	return 0;
}

TEST(what_is_too_large_is_refused)
{
	served.options.max_body = 10;
	served_run(refuse_large);
}

static int time_out(void)
{
	double before = async_time();

	served_exchange("", "");
	CHECK_NEAR(async_time() - before, 10, 0.1);
	before = async_time();
	served_exchange("GET / HT", REFUSED("408 Request Timeout", "20"));
	CHECK_NEAR(async_time() - before, 11, 0.1); /* with a second of lingering */
	before = async_time();
	served_exchange(GET("/"), HELLO);
	CHECK_NEAR(async_time() - before, 60, 0.1);
	before = async_time();
	served_exchange(GET("/") "GET ", HELLO REFUSED("408 Request Timeout", "20"));
	CHECK_NEAR(async_time() - before, 11, 0.1);
	before = async_time();
	served_exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
			REFUSED("408 Request Timeout", "20"));
	CHECK_NEAR(async_time() - before, 61, 0.1);
	return 0;
}

TEST(nobody_holds_a_connection_by_being_slow)
{
	served_run(time_out);
}

/* A byte every ten seconds, for ever: what the served.server says, and how long it listened. */
static double drip(const char *head, const char *byte)
{
	struct net_stream *stream = served_dial();
	double began = async_time();
	char answer[512] = "";
	ssize_t n = ASYNC_ETIMEOUT;
	size_t size = 0;

	served_say(stream, head);
	/* The answer, to its end. */
	while (n > 0 || n == ASYNC_ETIMEOUT) {
		struct async_timeout limit;

		CHECK(async_time() - began < 1000);
		async_timeout_begin(&limit, 10);
		n = net_read(stream, answer + size, sizeof(answer) - 1 - size);
		n = async_timeout_end(&limit, (int)n);
		size += n > 0 ? (size_t)n : 0;
		if (n == ASYNC_ETIMEOUT)
			served_say(stream, byte);
	}
	CHECK_CONTAINS(answer, "HTTP/1.1 408 ");
	net_close(stream);
	return async_time() - began;
}

static int drip_all(void)
{
	const char *chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

	CHECK_NEAR(drip("GET / HTTP/1.1\r\nHost: h\r\nX: ", "y"), 10, 1);
	CHECK_NEAR(drip("\r\n", "\r\n"), 10, 1);
	CHECK_NEAR(drip("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n", "x"), 60, 5);
	CHECK_NEAR(drip(chunked, "1\r\nx\r\n"), 60, 5);
	CHECK_NEAR(drip(format("%s1;", chunked), "x"), 60, 5);
	CHECK_NEAR(drip(format("%s0\r\nX: ", chunked), "y"), 60, 5);
	CHECK_INT(served.handled, 0);
	return 0;
}

TEST(nobody_holds_a_connection_by_dripping)
{
	served_run(drip_all);
}

static int flood_ahead(void)
{
	struct net_stream *stream = served_dial();
	char *many = malloc(4000 * strlen(GET("/")) + 1);

	for (int i = 0; i < 4000; i++)
		strcpy(many + i * strlen(GET("/")), GET("/"));
	served_say(stream, many);
	free(many);
	served_exchange(LAST("/"), HELLO_LAST);
	CHECK(served.handled < 2000);
	net_close(stream);
	return 0;
}

TEST(requests_in_thousands_sent_ahead_do_not_keep_others_waiting)
{
	served_run(flood_ahead);
}

/* Two programs might see two ends in them; what follows must not become a request. */
static int smuggle(void)
{
#define POST(fields) "POST / HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
	static const char *const heads[] = {
		POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
		POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
		POST("Content-Length: 3\r\nContent-Length: 0\r\n"),
		POST("Content-Length: 3\r\nContent-Length: 3\r\n"),
		POST("Content-Length: 3, 3\r\n"),
		POST("Content-Length: +3\r\n"),
		POST("Content-Length : 3\r\n"),
		POST("Content-Length: 3\r\n \r\n"),
		POST("Transfer-Encoding : chunked\r\n"),
		POST("Transfer-Encoding: xchunked\r\n"),
		POST("Transfer-Encoding: chunked, identity\r\n"),
		POST("Transfer-Encoding: gzip, chunked\r\n"),
		POST("Transfer-Encoding:\x0b"
		     "chunked\r\n"),
		POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
		POST("Transfer-Encoding:\r\n chunked\r\n"),
		POST("X: a\rTransfer-Encoding: chunked\r\n"),
		POST("Host: other\r\n"),
		"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST /a b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST / HTTP/1.1\r\n\r\n",
		POST("Transfer-Encoding: chunked\r\n") "3\nabc\r\n0\r\n\r\n",
		POST("Transfer-Encoding: chunked\r\n") "3\r\nabcd\r\n0\r\n\r\n",
		POST("Transfer-Encoding: chunked\r\n") "0x3\r\nabc\r\n0\r\n\r\n",
		POST("Transfer-Encoding: chunked\r\n") "3 ;\r\nabc\r\n0\r\n\r\n\n",
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads) - 1; i++) {
		struct net_stream *stream = served_dial();
		char *got;

		served_say(stream, format("%s0\r\n\r\n%s", heads[i], GET("/smuggled")));
		got = served_hear_all(stream, NULL);
		if (strcmp(got, REFUSED("400 Bad Request", "16")) != 0 || served.handled)
			FAIL("%s: %u handled, %s", heads[i], served.handled, got);
		free(got);
		net_close(stream);
	}
	return 0;
}

TEST(what_could_smuggle_a_request_is_refused_with_all_that_follows)
{
	served_run(smuggle);
}

static int half_close(void)
{
	struct net_stream *stream = served_dial();
	char *got;

	served_say(stream, GET("/") GET("/"));
	shutdown(net_fd(stream), SHUT_WR);
	got = served_hear_all(stream, NULL);
	CHECK_STR(got, HELLO HELLO);
	free(got);
	net_close(stream);
	served_exchange(
		"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" LAST(
			"/"),
		HELLO HELLO_LAST);
	return 0;
}

TEST(a_half_closed_client_gets_its_answers_and_an_upgrade_is_not_taken)
{
	served_run(half_close);
}

static int half_requests(void)
{
	static const char *const halves[] = { "GET", "POST / HTTP/1.1\r\nHost: h\r\n",
					      ("POST / HTTP/1.1\r\nHost: h\r\n"
					       "Content-Length: 5\r\n\r\nhell") };
	struct net_stream *streams[3];

	for (size_t i = 0; i < 3; i++) {
		streams[i] = served_dial();
		served_say(streams[i], halves[i]);
	}
	async_sleep(0.1);
	CHECK_INT(http_server_connections(served.server), 3);
	for (size_t i = 0; i < 3; i++)
		net_close(streams[i]);
	async_sleep(0.1);
	CHECK_INT(served.handled, 0);
	CHECK_INT(http_server_connections(served.server), 0);
	CHECK_INT(http_server_peak_connections(served.server), 3);
	return 0;
}

TEST(a_client_that_leaves_in_the_middle_is_forgotten)
{
	served_run(half_requests);
}
