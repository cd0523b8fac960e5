/* SPDX-License-Identifier: MIT */
/* test_net_server.c - servers: many at once, no descriptors left, ends in every order. */
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"

#define RUN(body) CHECK_INT(async_run(body, NULL), 0)

static char heard[512];

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	strncat(heard, context->message, sizeof heard - strlen(heard) - 2);
	strcat(heard, "\n");
}

static struct net_server *serve(net_client_handler *handler, void *arg)
{
	struct net_server *server;

	CHECK_INT(net_start_server(&server, handler, arg, "127.0.0.1", 0, NULL), 0);
	return server;
}

struct client {
	struct net_reader *reader;
	struct net_writer *writer;
};

static struct client dial(const struct net_server *server)
{
	struct client client;

	CHECK_INT(net_open_connection(&client.reader, &client.writer, "127.0.0.1",
				      net_server_port(server, 0, NULL), NULL),
		  0);
	return client;
}

static int echo(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	int *served = arg;
	struct net_span span;
	int rc = net_reader_readline(reader, &span);

	if (rc < 0)
		return rc;
	++*served;
	net_writer_write(writer, span.ptr, span.len);
	return net_writer_drain(writer);
}

/* ---- Connections ------------------------------------------------------------------------------- */

static int ask(void *arg)
{
	struct client client = dial(arg);
	struct net_span span;

	CHECK_INT(net_writer_write(client.writer, "question\n", 9), 0);
	CHECK_INT(net_reader_readall(client.reader, &span), 0);
	CHECK_MEM(span.ptr, span.len, "question\n", 9);
	net_writer_free(client.writer);
	return 0;
}

static int crowd(void *arg)
{
	struct async_task *tasks[200];
	int served = 0, results[200];
	struct net_server *server = serve(echo, &served);

	(void)arg;
	for (size_t i = 0; i < array_size(tasks); i++)
		tasks[i] = async_create_task(ask, server);
	CHECK_INT(async_gather(tasks, array_size(tasks), 0, results), 0);
	CHECK_INT(served, array_size(tasks));
	net_server_close(server);
	CHECK_INT(net_server_wait_closed(server), 0);
	net_server_free(server);
	return 0;
}

TEST(two_hundred_clients_at_once)
{
	RUN(crowd);
}

static int be_short_of_descriptors(void *arg)
{
	int served = 0;
	struct net_server *server;
	struct client client;
	struct net_span span;

	(void)arg;
	heard[0] = '\0';
	async_set_exception_handler(hear, NULL);
	server = serve(echo, &served);
	fail_call("accept4", 1, EMFILE);
	client = dial(server);
	CHECK_INT(net_writer_write(client.writer, "late\n", 5), 0);
	CHECK_INT(net_reader_readall(client.reader, &span), 0);
	CHECK_INT(span.len, 5);
	CHECK_INT(fail_count(), 1);
	fail_none();
	CHECK_STR(heard, "socket.accept() out of system resource\n");
	net_writer_free(client.writer);
	net_server_free(server);
	return 0;
}

TEST(without_descriptors_it_says_so_and_tries_again_after_a_second)
{
	RUN(be_short_of_descriptors);
}

static int never(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	(void)reader;
	(void)writer;
	*(bool *)arg = true;
	return 0;
}

static int cancel_before_start(void *arg)
{
	bool ran = false;
	struct net_server *server = serve(never, &ran);
	struct net_address address;
	struct async_task *tasks[2];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	net_server_port(server, 0, &address);
	async_blocking("the queue of who listens has room", 0)
		CHECK_INT(connect(fd, &address.any, address.length), 0);
	/* We run again before the new task does: it was queued after us. */
	while (async_all_tasks(tasks, 2) == 1)
		CHECK_INT(async_sleep(0), 0);
	async_cancel(tasks[1]);
	net_server_close(server);
	CHECK_INT(net_server_wait_closed(server), 0);
	CHECK(!ran);
	async_blocking("the end is there", 0)
		CHECK_INT(recv(fd, &ran, 1, 0), 0);
	close(fd);
	net_server_free(server);
	return 0;
}

TEST(a_handler_cancelled_before_it_began_closes_its_connection)
{
	RUN(cancel_before_start);
}

static int hold(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct async_event *go = arg;

	(void)reader;
	CHECK_INT(async_event_wait(go), 0);
	CHECK_INT(net_writer_write(writer, "bye", 3), 0);
	return 0;
}

static int free_under_handlers(void *arg)
{
	struct async_event go = { 0 };
	struct net_server *server = serve(hold, &go);
	struct client client = dial(server);
	struct net_span span;

	(void)arg;
	async_sleep(0.005);
	net_server_free(server);
	async_event_set(&go);
	CHECK_INT(net_reader_readall(client.reader, &span), 0);
	CHECK_MEM(span.ptr, span.len, "bye", 3);
	net_writer_free(client.writer);
	return 0;
}

TEST(connections_outlive_the_server)
{
	RUN(free_under_handlers);
}

static int free_own(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	(void)reader;
	(void)arg;
	net_writer_free(writer);
	return 0;
}

static int meet_free_own(void *arg)
{
	struct client client = dial(serve(free_own, NULL));

	(void)arg;
	return net_reader_read(client.reader, &(char){ 0 }, 1);
}

TEST(a_handler_that_frees_its_writer_aborts)
{
	EXPECT_ABORT(async_run(meet_free_own, NULL), "a handler's writer is freed by its server");
}

/* ---- Ends -------------------------------------------------------------------------------------- */

static int leave_open(void *arg)
{
	int served;
	struct net_server *server;
	struct client client;

	async_set_exception_handler(hear, NULL);
	server = serve(echo, &served);
	client = dial(server);
	async_sleep(0.005);
	*(int *)arg = net_server_port(server, 0, NULL);
	net_writer_free(client.writer);
	return 0;
}

TEST(a_server_that_is_left_open_is_reported_and_its_handlers_are_not)
{
	int port;

	heard[0] = '\0';
	CHECK_INT(async_run(leave_open, &port), 0);
	CHECK_STR(heard, format("unclosed server <Server sockets=127.0.0.1:%d>\n", port));
}

/* The connection is seen in the loop's last turn: its handler's task is made, and cancelled. */
static int leave_unstarted(void *arg)
{
	static bool ran;
	struct net_server *server = serve(never, &ran);
	struct net_address address;

	net_server_port(server, 0, &address);
	async_blocking("the queue of who listens has room", 0)
		CHECK_INT(connect(*(int *)arg, &address.any, address.length), 0);
	async_set_exception_handler(hear, NULL);
	return 0;
}

TEST(a_connection_whose_handler_never_began_is_not_reported)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	heard[0] = '\0';
	CHECK_INT(async_run_with(leave_unstarted, &fd,
				 &(struct async_run_options){ .virtual_clock = true }),
		  0);
	CHECK_CONTAINS(heard, "unclosed server");
	CHECK(!strstr(heard, "unclosed transport"));
	close(fd);
}

static int serve_forever(void *server)
{
	return net_server_serve_forever((struct net_server *)server);
}

static int serve_to_the_end(void *arg)
{
	int served;
	struct net_server *server = serve(echo, &served);
	struct async_task *task = async_create_task(serve_forever, server);
	struct client client = dial(server);

	(void)arg;
	async_sleep(0.005);
	async_cancel(task);
	async_sleep(0);
	async_sleep(0);
	CHECK(!net_server_is_serving(server));
	CHECK(!async_task_done(task)); /* it waits for the connection */
	net_writer_free(client.writer);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	net_server_free(server);
	return 0;
}

TEST(a_cancelled_serve_forever_waits_for_the_connections)
{
	RUN(serve_to_the_end);
}

/* ---- Failures ---------------------------------------------------------------------------------- */

static int serve_anyhow(void *arg)
{
	static int served; /* a handler may begin when main has ended */
	struct async_timeout limit;
	struct net_server *server;
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_span span;

	async_set_exception_handler(hear, NULL);
	heard[0] = '\0';
	if (arg ? net_start_unix_server(&server, echo, &served, arg, NULL) < 0
		: net_start_server(&server, echo, &served, "127.0.0.1", 0, NULL) < 0)
		return 0;
	if ((arg ? net_open_unix_connection(&reader, &writer, arg, NULL)
		 : net_open_connection(&reader, &writer, "127.0.0.1",
				       net_server_port(server, 0, NULL), NULL)) == 0) {
		net_writer_write(writer, "line\n", 5);
		async_timeout_begin(&limit, 0.05);
		async_timeout_end(&limit, net_reader_readall(reader, &span));
		net_writer_free(writer);
	}
	net_server_close(server);
	net_server_abort_clients(server);
	async_timeout_begin(&limit, 0.05);
	async_timeout_end(&limit, net_server_wait_closed(server));
	net_server_free(server);
	return 0;
}

static void run_anyhow(void)
{
	async_run(serve_anyhow, NULL);
}

static void run_on_path(void)
{
	async_run(serve_anyhow, (void *)temp_path("s"));
}

TEST_WITH_LIMIT(every_allocation_and_system_call_may_fail, 60)
{
	for_each_failing_allocation(run_anyhow);
	for_each_failing_syscall(run_anyhow);
	for_each_failing_allocation(run_on_path);
	for_each_failing_syscall(run_on_path);
}
