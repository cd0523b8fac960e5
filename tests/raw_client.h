/* SPDX-License-Identifier: MIT */
/*
 * raw_client.h - what the client's tests share: a scripted server, a session, one loop around them.
 *
 * CLIENT_TEST(name) { ... } is a TEST whose body runs as the main task. server and session are
 * there for it; the session is made by the first ask() unless the test made its own, and both are
 * closed at the end.
 */
#ifndef LOOPHOUND_TESTS_RAW_CLIENT_H
#define LOOPHOUND_TESTS_RAW_CLIENT_H

#include "http/http.h"
#include "runtime/async.h"
#include "tests/harness.h"
#include "tests/raw_server.h"

extern struct raw_server server;
extern struct http_session *session;

#define CLIENT_TEST(name) CLIENT_TEST_(name, false)
/* The same on the virtual clock: for waits that end by themselves, however long. */
#define CLIENT_TEST_VIRTUAL(name) CLIENT_TEST_(name, true)
#define CLIENT_TEST_(name, virtual_clock)                           \
	static void client_body_##name(void);                       \
	TEST(name)                                                  \
	{                                                           \
		client_test_run(client_body_##name, virtual_clock); \
	}                                                           \
	static void client_body_##name(void)

void client_test_run(void (*body)(void), bool virtual_clock);

/* Starts the server; a failure ends the test. */
#define serve(...) CHECK_INT(raw_server_start(&server, __VA_ARGS__), 0)
/* Ends the server of now, so that another may be started, and the session. */
ASYNC_SUSPENDS void client_test_end(void);

/* http_request() for path at the server; the response is freed by the next ask() or at the end. */
ASYNC_SUSPENDS int ask(const char *path, const struct http_options *options);
/* Of the last ask(): NULL after a failure. */
extern struct http_response *answer;
extern struct http_failure failure;

/* Asks in a task of its own, and what came of it. */
struct asking {
	const char *path;
	struct http_options options;
	struct async_task *task;
	int rc;
	struct http_response *response;
	struct http_failure failure;
	int finished; /* 1: the first of all to finish, and so on */
};
void ask_later(struct asking *asking, const char *path);
ASYNC_SUSPENDS int ask_join(struct asking *asking);
void asking_free(struct asking *asking);

/* Header text with a Content-Length response of two bytes. */
#define HI "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

#endif
