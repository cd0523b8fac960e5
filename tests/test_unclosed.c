/* SPDX-License-Identifier: MIT */
/* test_unclosed.c - what is still open when its loop closes: reported, with its place, and freed. */
#include <stdio.h>
#include <stdlib.h>

#include "http/http.h"
#include "net/net.h"
#include "tests/harness.h"
#include "tests/raw_server.h"

static char heard[2048];

static void hear(const struct async_context *context, void *arg)
{
	size_t used = strlen(heard);

	(void)arg;
	snprintf(heard + used, sizeof heard - used, "%s | %s\n", context->message,
		 context->opened_at ? context->opened_at : "?");
}

/* Every line that was heard begins as the next of these and names this file. */
static void check_heard(const char *const *beginnings)
{
	char *rest = heard, *line;

	for (; *beginnings; beginnings++) {
		line = strsep(&rest, "\n");
		CHECK(line != NULL);
		CHECK_MEM(line, strnlen(line, strlen(*beginnings)), *beginnings,
			  strlen(*beginnings));
		CHECK_CONTAINS(line, "| tests/test_unclosed.c:");
	}
	CHECK_STR(rest, "");
}

/* ---- What is left open by each ------------------------------------------------------------------ */

static struct raw_server server;
static const struct raw_step hello[] = {
	RAW_REQUEST,
	RAW_SEND("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
	RAW_HOLD,
	RAW_END,
};
static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };

static int leave_session(void *arg)
{
	async_set_exception_handler(hear, arg);
	CHECK(http_session_new(NULL) != NULL);
	return 0;
}

static int get(struct http_session *session)
{
	struct http_response *response;
	int rc = http_request(session, server.url, NULL, &response);

	if (rc == 0)
		http_response_free(response);
	return rc;
}

static int leave_connector(void *arg)
{
	struct http_session *session;

	async_set_exception_handler(hear, arg);
	CHECK_INT(raw_server_start(&server, hello), 0);
	session = http_session_new(&(struct http_session_options){ .limit = 2 });
	CHECK_INT(get(session), 0);
	raw_server_stop(&server);
	return 0;
}

static int leave_response(void *arg)
{
	struct http_response *response;
	struct http_session *session;

	async_set_exception_handler(hear, arg);
	CHECK_INT(raw_server_start(&server, hello), 0);
	session = http_session_new(NULL);
	CHECK_INT(http_open(session, server.url, NULL, &response), 0);
	raw_server_stop(&server);
	return 0;
}

static int leave_listener(void *arg)
{
	struct net_listener *listener;

	async_set_exception_handler(hear, arg);
	return net_listen(&listener, "127.0.0.1", 0);
}

static int handle(void *arg, const struct http_server_request *request,
		  struct http_server_response *response)
{
	(void)arg;
	(void)request;
	response->status = 204;
	return 0;
}

/* One connection is idle, and another one has been accepted and not looked at. */
static int leave_server(void *arg)
{
	struct net_listener *listener;
	struct net_stream *idle, *fresh;
	struct http_server *left;
	char byte;

	async_set_exception_handler(hear, arg);
	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	CHECK_INT(http_server_start(&left, listener, NULL, handle, NULL), 0);
	CHECK_INT(net_connect(&idle, "127.0.0.1", net_listener_port(listener), NULL), 0);
	CHECK_INT(net_write(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27), 0);
	CHECK_INT(net_read(idle, &byte, 1), 1);
	CHECK_INT(net_connect(&fresh, "127.0.0.1", net_listener_port(listener), NULL), 0);
	while (http_server_connections(left) < 2)
		async_sleep(0);
	net_close(idle);
	net_close(fresh);
	return 0;
}

static int leave_streams(void *arg)
{
	struct net_listener *listener;
	struct net_stream *client, *accepted;

	async_set_exception_handler(hear, arg);
	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	CHECK_INT(net_connect(&client, "127.0.0.1", net_listener_port(listener), NULL), 0);
	CHECK_INT(net_accept(listener, &accepted), 0);
	net_listener_close(listener);
	return 0;
}

static int close_everything(void *arg)
{
	struct http_session *session;

	async_set_exception_handler(hear, arg);
	CHECK_INT(raw_server_start(&server, hello), 0);
	session = http_session_new(NULL);
	CHECK_INT(get(session), 0);
	CHECK_INT(http_session_close(session), 0);
	raw_server_stop(&server);
	return 0;
}

TEST(what_is_open_when_its_loop_closes_is_reported_and_freed)
{
	static const struct {
		int (*run)(void *arg);
		const char *heard[4];
	} table[] = {
		{ leave_session, { "Unclosed client session |" } },
		{ leave_connector, { "Unclosed client session |", "Unclosed connector |" } },
		{ leave_response,
		  { "Unclosed client session |", "Unclosed response <http://127.0.0.1:" } },
		{ leave_server, { "unclosed server <http_server port=" } },
		{ leave_listener, { "unclosed transport <net_listener fd=" } },
		{ leave_streams,
		  { "unclosed transport <net_stream fd=", "unclosed transport <net_stream fd=" } },
		{ close_everything, { NULL } },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		heard[0] = '\0';
		CHECK_INT(async_run(table[i].run, NULL), 0);
		check_heard(table[i].heard);
	}
}

static int leave_to_stderr(void *arg)
{
	(void)arg;
	CHECK(http_session_new(NULL) != NULL);
	return 0;
}

static void say_and_die(void)
{
	async_run(leave_to_stderr, NULL);
	abort();
}

TEST(without_a_handler_it_is_said_on_stderr)
{
	EXPECT_ABORT(say_and_die(), "Unclosed client session\n  opened  at tests/test_unclosed.c:");
}

/* ---- Tasks that are destroyed in the middle ------------------------------------------------------ */

static struct net_stream *client;

static int request_for_ever(void *arg)
{
	return get(arg);
}

static int read_for_ever(void *arg)
{
	char byte;

	(void)arg;
	return (int)net_read(client, &byte, 1);
}

static int leave_reader(void *arg)
{
	struct net_listener *listener;

	async_set_exception_handler(hear, arg);
	CHECK_INT(net_listen(&listener, "127.0.0.1", 0), 0);
	CHECK_INT(net_connect(&client, "127.0.0.1", net_listener_port(listener), NULL), 0);
	CHECK_INT(async_spawn(read_for_ever, NULL), 0);
	return async_sleep(0);
}

static void run_and_close(int (*fn)(void *arg))
{
	struct async_loop *loop = async_loop_new(NULL);
	struct async_task *task = async_create_task(fn, NULL);

	CHECK_INT(async_loop_run_until_complete(loop, async_task_future(task)), 0);
	heard[0] = '\0';
	async_loop_close(loop);
}

TEST(a_stream_whose_reader_was_destroyed_is_freed)
{
	run_and_close(leave_reader);
	CHECK_CONTAINS(heard, "Task was destroyed but it is pending! |");
	CHECK_CONTAINS(heard, "unclosed transport <net_stream fd=");
	CHECK_CONTAINS(heard, "unclosed transport <net_listener fd=");
}

static int leave_request(void *arg)
{
	struct http_session *session;

	(void)arg;
	CHECK_INT(raw_server_start(&server, silent), 0);
	session = http_session_new(NULL);
	CHECK_INT(async_spawn(request_for_ever, session), 0);
	while (server.request_count == 0)
		async_sleep(0.001);
	return 0;
}

/* What the request itself had on the heap is lost with its task: hence in a child that dies. */
static void leave_request_and_die(void)
{
	run_and_close(leave_request);
	abort();
}

TEST(a_connection_whose_request_was_destroyed_is_reported)
{
	EXPECT_ABORT(leave_request_and_die(), "Task was destroyed but it is pending!",
		     "Unclosed client session\n  opened  at tests/test_unclosed.c:",
		     "Unclosed connection <127.0.0.1:");
}
