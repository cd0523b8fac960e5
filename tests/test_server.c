/* SPDX-License-Identifier: MIT */
/*
 * test_server.c - the server as raw clients see it, over loopback: what it answers, when it hangs
 * up, and how it stops.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/server.h"
#include "tests/certs.h"
#include "tests/harness.h"

/* ---- Peers ----------------------------------------------------------------------------------- */

static struct http_server *server;
static int port;
static struct http_server_options options;

static const char *const hello = "hello";
static char large[100000];
static unsigned freed, handled;

static void count_free(void *body)
{
	(void)body;
	freed++;
}

/* One handler for all tests; the path says what it shall do. */
static int handle(void *arg, const struct http_server_request *request,
		  struct http_server_response *response)
{
	static const struct http_header type = { "X-Type", "a" };
	static const struct http_header broken = { "X-Type", "a\r\nb" };
	static const struct http_header framing = { "Content-Length", "1" };
	const char *path = request->target;

	CHECK(arg == &server);
	handled++;
	response->headers = &type;
	response->header_count = 1;
	response->body = hello;
	response->body_size = 5;
	response->free_body = count_free;
	if (strcmp(path, "/echo") == 0) {
		response->body = format("%s %s", request->method, request->body.ptr);
		response->body_size = strlen(response->body);
		CHECK_INT(request->body.ptr[request->body.len], '\0');
	} else if (strcmp(path, "/large") == 0) {
		response->body = large;
		response->body_size = sizeof(large);
	} else if (strcmp(path, "/fail") == 0) {
		return -EIO;
	} else if (strcmp(path, "/slow") == 0) {
		return async_sleep(1);
	} else if (strcmp(path, "/close") == 0) {
		response->close = true;
	} else if (strcmp(path, "/broken") == 0) {
		response->headers = &broken;
	} else if (strcmp(path, "/framing") == 0) {
		response->headers = &framing;
	} else if (path[1] >= '0' && path[1] <= '9') {
		response->status = atoi(path + 1);
	}
	return 0;
}

static void start(void)
{
	struct net_listener *listener;

	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	port = net_listener_port(listener);
	CHECK_INT(http_server_start(&server, listener, &options, handle, &server), 0);
}

static struct net_stream *dial(void)
{
	struct net_stream *stream;

	CHECK_INT(net_connect(&stream, "127.0.0.1", port, NULL), 0);
	return stream;
}

static void say(struct net_stream *stream, const char *text)
{
	CHECK_INT(net_write(stream, text, strlen(text)), 0);
}

/* Everything until the server hangs up, without Date headers; the caller frees it. */
static char *hear_all(struct net_stream *stream, size_t *size)
{
	char *text = malloc(400000), *date;
	size_t used = 0;
	ssize_t n;

	while ((n = net_read(stream, text + used, 399999 - used)) > 0)
		used += n;
	CHECK(n == 0 || n == -ECONNRESET);
	text[used] = '\0';
	while ((date = strstr(text, "Date: "))) {
		size_t length = strstr(date, "\r\n") + 2 - date;

		memmove(date, date + length, used + 1 - (date + length - text));
		used -= length;
	}
	if (size)
		*size = used;
	return text;
}

/* Up to the end of a head, in however many pieces it comes. */
static size_t hear_head(struct net_stream *stream, char *buffer, size_t size)
{
	size_t used = 0;

	do {
		ssize_t n = net_read(stream, buffer + used, size - 1 - used);

		CHECK(n > 0);
		used += (size_t)n;
		buffer[used] = '\0';
	} while (!strstr(buffer, "\r\n\r\n"));
	return used;
}

/* Sends text on a connection of its own and compares all that comes back. */
static void exchange(const char *text, const char *want)
{
	struct net_stream *stream = dial();
	char *got;

	say(stream, text);
	got = hear_all(stream, NULL);
	CHECK_STR(got, want);
	free(got);
	net_close(stream);
}

/* Runs fn as the main task, under a virtual clock, with the server running. */
static int (*body_of_test)(void);

static int with_server(void *arg)
{
	(void)arg;
	start();
	CHECK_INT(body_of_test(), 0);
	CHECK_INT(http_server_stop(server, 10), 0);
	return 0;
}

static void run(int (*fn)(void))
{
	body_of_test = fn;
	CHECK_INT(async_run_with(with_server, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define HELLO "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 5\r\n\r\nhello"
#define HELLO_LAST                                                                       \
	"HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\n" \
	"hello"
#define REFUSED(line, length)                                                             \
	"HTTP/1.1 " line "\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n" \
	"Connection: close\r\n\r\n" line "\n"

/* ---- Answers --------------------------------------------------------------------------------- */

static int answer_in_turn(void)
{
	exchange(GET("/") GET("/a") LAST("/b"), HELLO HELLO HELLO_LAST);
	CHECK_INT(handled, 3);
	CHECK_INT(freed, 3);
	exchange(GET("/") GET("/close") GET("/never"), HELLO HELLO_LAST);
	CHECK_INT(handled, 5);
	return 0;
}

TEST(requests_sent_ahead_are_answered_in_turn)
{
	run(answer_in_turn);
}

static int answer_bytewise(void)
{
	static const char text[] =
		"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nworld"
		"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
		"Connection: close\r\n\r\n3\r\nfoo\r\n3\r\nbar\r\n0\r\n\r\n";
	struct net_stream *stream = dial();
	char *got;

	for (const char *c = text; *c; c++) {
		CHECK_INT(net_write(stream, c, 1), 0);
		async_sleep(0);
	}
	got = hear_all(stream, NULL);
	CHECK_STR(got, "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 10\r\n\r\nPOST world"
		       "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 11\r\n"
		       "Connection: close\r\n\r\nPOST foobar");
	free(got);
	net_close(stream);
	return 0;
}

TEST(a_request_may_come_byte_by_byte)
{
	run(answer_bytewise);
}

static int answer_without_body(void)
{
	exchange("HEAD /large HTTP/1.1\r\nHost: h\r\n\r\n" GET("/204") GET("/304") GET("/205")
			 LAST("/404"),
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
	run(answer_without_body);
}

static int answer_large(void)
{
	struct net_stream *stream = dial();
	size_t size;
	char *got;

	memset(large, 'x', sizeof(large));
	say(stream, GET("/large") LAST("/large"));
	got = hear_all(stream, &size);
	CHECK_INT(size,
		  2 * (strlen("HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 100000\r\n\r\n") +
		       sizeof(large)) +
			  strlen("Connection: close\r\n"));
	CHECK_MEM(got + size - sizeof(large), sizeof(large), large, sizeof(large));
	free(got);
	net_close(stream);
	CHECK_INT(freed, 2);
	return 0;
}

TEST(a_large_body_arrives_whole)
{
	run(answer_large);
}

static int answer_old(void)
{
	exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
		 "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 5\r\n"
		 "Connection: keep-alive\r\n\r\nhello" HELLO_LAST);
	return 0;
}

TEST(http_1_0_is_kept_alive_only_when_it_asks)
{
	run(answer_old);
}

static int answer_expectation(void)
{
	struct net_stream *stream = dial();
	char buffer[64];
	size_t n;
	char *got;

	say(stream, "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
		    "Connection: close\r\nContent-Length: 3\r\n\r\n");
	n = hear_head(stream, buffer, sizeof(buffer));
	CHECK_MEM(buffer, n, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	say(stream, "abc");
	got = hear_all(stream, NULL);
	CHECK_CONTAINS(got, "\r\n\r\nPOST abc");
	free(got);
	net_close(stream);
	return 0;
}

TEST(a_client_that_waits_for_leave_gets_it)
{
	run(answer_expectation);
}

static int date_is_there(void)
{
	struct net_stream *stream = dial();
	char buffer[256], want[SERVER_DATE];

	say(stream, GET("/"));
	hear_head(stream, buffer, sizeof(buffer));
	CHECK_CONTAINS(buffer, "\r\nDate: ");
	CHECK_CONTAINS(buffer, " GMT\r\n");
	server_response_date(want, 784111777);
	CHECK_STR(want, "Sun, 06 Nov 1994 08:49:37 GMT");
	net_close(stream);
	return 0;
}

TEST(responses_are_dated)
{
	run(date_is_there);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static int refuse_broken(void)
{
	exchange("nonsense\r\n\r\n", REFUSED("400 Bad Request", "16"));
	exchange("GET / HTTP/1.1\r\n\r\n", REFUSED("400 Bad Request", "16"));
	exchange("GET / HTTP/1.1\r\nHost : h\r\n\r\n", REFUSED("400 Bad Request", "16"));
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
		 REFUSED("400 Bad Request", "16"));
	exchange(GET("/") "broken\r\n\r\n", HELLO REFUSED("400 Bad Request", "16"));
	exchange("GET /fail HTTP/1.1\r\nHost: h\r\n\r\n",
		 REFUSED("500 Internal Server Error", "26"));
	exchange(GET("/broken"), REFUSED("500 Internal Server Error", "26"));
	exchange(GET("/framing"), REFUSED("500 Internal Server Error", "26"));
	exchange(GET("/100"), REFUSED("500 Internal Server Error", "26"));
	CHECK_INT(handled, 5);
	CHECK_INT(freed, 5);
	return 0;
}

TEST(what_cannot_be_understood_or_answered_is_refused)
{
	run(refuse_broken);
}

static int refuse_large(void)
{
	struct net_stream *stream = dial();
	char *got;

	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
		 REFUSED("413 Payload Too Large", "22"));
	exchange("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
		 REFUSED("413 Payload Too Large", "22"));
	exchange("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n"
		 "Connection: close\r\n\r\n0123456789",
		 "HTTP/1.1 200 OK\r\nX-Type: a\r\nContent-Length: 15\r\n"
		 "Connection: close\r\n\r\nPOST 0123456789");
	say(stream, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 101; i++)
		say(stream, "A: b\r\n");
	got = hear_all(stream, NULL);
	CHECK_STR(got, REFUSED("431 Request Header Fields Too Large", "36"));
	free(got);
	net_close(stream);
	return 0;
}

TEST(what_is_too_large_is_refused)
{
	options.max_body = 10;
	run(refuse_large);
}

static int time_out(void)
{
	double before = async_time();

	exchange("", "");
	CHECK_NEAR(async_time() - before, 10, 0.1);
	before = async_time();
	exchange("GET / HT", REFUSED("408 Request Timeout", "20"));
	CHECK_NEAR(async_time() - before, 11, 0.1); /* with a second of lingering */
	before = async_time();
	exchange(GET("/"), HELLO);
	CHECK_NEAR(async_time() - before, 60, 0.1);
	before = async_time();
	exchange(GET("/") "GET ", HELLO REFUSED("408 Request Timeout", "20"));
	CHECK_NEAR(async_time() - before, 11, 0.1);
	before = async_time();
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
		 REFUSED("408 Request Timeout", "20"));
	CHECK_NEAR(async_time() - before, 61, 0.1);
	return 0;
}

TEST(nobody_holds_a_connection_by_being_slow)
{
	run(time_out);
}

/* A byte every ten seconds, for ever: what the server says, and how long it listened. */
static double drip(const char *head, const char *byte)
{
	struct net_stream *stream = dial();
	double began = async_time();
	char answer[512] = "";
	ssize_t n = ASYNC_ETIMEOUT;
	size_t size = 0;

	say(stream, head);
	/* The answer, to its end. */
	while (n > 0 || n == ASYNC_ETIMEOUT) {
		struct async_timeout limit;

		CHECK(async_time() - began < 1000);
		async_timeout_begin(&limit, 10);
		n = net_read(stream, answer + size, sizeof(answer) - 1 - size);
		n = async_timeout_end(&limit, (int)n);
		size += n > 0 ? (size_t)n : 0;
		if (n == ASYNC_ETIMEOUT)
			say(stream, byte);
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
	CHECK_INT(handled, 0);
	return 0;
}

TEST(nobody_holds_a_connection_by_dripping)
{
	run(drip_all);
}

static int flood_ahead(void)
{
	struct net_stream *stream = dial();
	char *many = malloc(4000 * strlen(GET("/")) + 1);

	for (int i = 0; i < 4000; i++)
		strcpy(many + i * strlen(GET("/")), GET("/"));
	say(stream, many);
	free(many);
	exchange(LAST("/"), HELLO_LAST);
	CHECK(handled < 2000);
	net_close(stream);
	return 0;
}

TEST(requests_in_thousands_sent_ahead_do_not_keep_others_waiting)
{
	run(flood_ahead);
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
		struct net_stream *stream = dial();
		char *got;

		say(stream, format("%s0\r\n\r\n%s", heads[i], GET("/smuggled")));
		got = hear_all(stream, NULL);
		if (strcmp(got, REFUSED("400 Bad Request", "16")) != 0 || handled)
			FAIL("%s: %u handled, %s", heads[i], handled, got);
		free(got);
		net_close(stream);
	}
	return 0;
}

TEST(what_could_smuggle_a_request_is_refused_with_all_that_follows)
{
	run(smuggle);
}

static int half_close(void)
{
	struct net_stream *stream = dial();
	char *got;

	say(stream, GET("/") GET("/"));
	shutdown(net_fd(stream), SHUT_WR);
	got = hear_all(stream, NULL);
	CHECK_STR(got, HELLO HELLO);
	free(got);
	net_close(stream);
	exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" LAST(
			 "/"),
		 HELLO HELLO_LAST);
	return 0;
}

TEST(a_half_closed_client_gets_its_answers_and_an_upgrade_is_not_taken)
{
	run(half_close);
}

static int half_requests(void)
{
	static const char *const halves[] = { "GET", "POST / HTTP/1.1\r\nHost: h\r\n",
					      ("POST / HTTP/1.1\r\nHost: h\r\n"
					       "Content-Length: 5\r\n\r\nhell") };
	struct net_stream *streams[3];

	for (size_t i = 0; i < 3; i++) {
		streams[i] = dial();
		say(streams[i], halves[i]);
	}
	async_sleep(0.1);
	CHECK_INT(http_server_connections(server), 3);
	for (size_t i = 0; i < 3; i++)
		net_close(streams[i]);
	async_sleep(0.1);
	CHECK_INT(handled, 0);
	CHECK_INT(http_server_connections(server), 0);
	CHECK_INT(http_server_peak_connections(server), 3);
	return 0;
}

TEST(a_client_that_leaves_in_the_middle_is_forgotten)
{
	run(half_requests);
}

/* ---- Limits and stopping --------------------------------------------------------------------- */

static int crowd(void)
{
	struct net_stream *streams[5];
	char *got;

	for (int i = 0; i < 5; i++)
		streams[i] = dial();
	async_sleep(0.01);
	CHECK_INT(http_server_connections(server), 2);
	for (int i = 0; i < 5; i++) {
		say(streams[i], LAST("/"));
		got = hear_all(streams[i], NULL);
		CHECK_STR(got, HELLO_LAST);
		free(got);
		net_close(streams[i]);
	}
	CHECK_INT(http_server_peak_connections(server), 2);
	return 0;
}

TEST(connections_beyond_the_limit_wait_their_turn)
{
	options.max_connections = 2;
	run(crowd);
}

static int stop_gracefully(void *arg)
{
	struct net_stream *busy, *idle, *half;
	double before;
	char *got;

	(void)arg;
	start();
	busy = dial();
	idle = dial();
	half = dial();
	say(busy, GET("/slow"));
	say(half, "GET / HTTP/1.1\r\n");
	async_sleep(0.1);
	before = async_time();
	CHECK_INT(http_server_stop(server, 5), 0);
	/* The idle one went at once, the slow handler was waited for, the half head was not. */
	CHECK_NEAR(async_time() - before, 5, 0.1);
	got = hear_all(busy, NULL);
	CHECK_STR(got, HELLO_LAST);
	free(got);
	got = hear_all(idle, NULL);
	CHECK_STR(got, "");
	free(got);
	got = hear_all(half, NULL);
	CHECK_STR(got, "");
	free(got);
	net_close(busy);
	net_close(idle);
	net_close(half);
	CHECK(net_connect(&busy, "127.0.0.1", port, NULL) < 0);
	return 0;
}

TEST(a_stop_lets_requests_finish_within_the_grace)
{
	CHECK_INT(async_run_with(stop_gracefully, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}

static int stop_at_once(void *arg)
{
	struct net_stream *busy;
	double before;
	char *got;

	(void)arg;
	start();
	busy = dial();
	say(busy, GET("/slow"));
	async_sleep(0.1);
	before = async_time();
	CHECK_INT(http_server_stop(server, 0), 0);
	CHECK_NEAR(async_time() - before, 0, 0.1);
	got = hear_all(busy, NULL);
	CHECK_STR(got, "");
	free(got);
	net_close(busy);
	CHECK_INT(freed, 1);
	return 0;
}

TEST(a_stop_without_grace_cancels_the_handlers)
{
	CHECK_INT(async_run_with(stop_at_once, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}

static int stop_while_starting(void *arg)
{
	struct net_stream *stream;

	(void)arg;
	start();
	CHECK_INT(http_server_stop(server, 1), 0);
	start();
	stream = dial();
	CHECK_INT(http_server_stop(server, 1), 0);
	net_close(stream);
	return 0;
}

TEST(a_server_may_be_stopped_before_it_has_run)
{
	CHECK_INT(async_run(stop_while_starting, NULL), 0);
}

static int stop_it(void *arg)
{
	(void)arg;
	return http_server_stop(server, 100);
}

static int cancel_the_stop(void *arg)
{
	struct net_stream *busy;
	struct async_task *task;

	(void)arg;
	start();
	busy = dial();
	say(busy, GET("/slow"));
	async_sleep(0.1);
	task = async_create_task(stop_it, NULL);
	CHECK(task);
	async_sleep(0.1);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	async_task_release(task);
	net_close(busy);
	return 0;
}

TEST(a_cancelled_stop_still_cleans_up)
{
	CHECK_INT(async_run_with(cancel_the_stop, NULL,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static struct certs_pair certificate;

static int over_tls(void *arg)
{
	struct net_tls_context *client;
	struct net_stream *stream, *plain;
	char *got;

	(void)arg;
	CHECK_INT(net_tls_server(&options.tls, certificate.cert, certificate.key), 0);
	CHECK_INT(net_tls_client(&client, &(struct net_tls_options){ .ca_file = certificate.cert }),
		  0);
	start();
	/* One that never shakes hands is in nobody's way. */
	plain = dial();
	CHECK_INT(net_connect(&stream, "127.0.0.1", port,
			      &(struct net_connect_options){ .tls = client }),
		  0);
	say(stream, GET("/") LAST("/"));
	got = hear_all(stream, NULL);
	CHECK_STR(got, HELLO HELLO_LAST);
	free(got);
	net_close(stream);
	net_close(plain);
	CHECK_INT(http_server_stop(server, 1), 0);
	net_tls_context_free(options.tls);
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
	port = net_listener_port(listener);
	if (http_server_start(&server, listener, &options, handle, &server) < 0) {
		net_listener_close(listener);
		return 0;
	}
	if (net_connect(&stream, "127.0.0.1", port, NULL) == 0) {
		static const char text[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
					   "Connection: close\r\n\r\nhi";

		if (net_write(stream, text, sizeof(text) - 1) == 0)
			while (net_read(stream, buffer, sizeof(buffer)) > 0)
				;
		net_close(stream);
	}
	http_server_stop(server, 1);
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

/* More than the server reads at once: what it has not read when it closes must not cost the answer. */
static int send_far_ahead(void)
{
	static char text[100000];
	size_t used = (size_t)sprintf(text, "%s", GET("/close"));

	while (used + 100 < sizeof(text))
		used += (size_t)sprintf(text + used, "%s", GET("/never"));
	exchange(text, HELLO_LAST);
	CHECK_INT(handled, 1);
	return 0;
}

TEST(requests_sent_ahead_of_a_close_do_not_cost_its_answer)
{
	run(send_far_ahead);
}
