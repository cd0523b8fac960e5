/* SPDX-License-Identifier: MIT */
/*
 * test_upgrade.c - TLS that begins in the middle of a connection, and TLS from its beginning, as
 * streams.
 * Long, because both ways are tried on one server, with what its handler found.
 */
#include <unistd.h>

#include "runtime/base.h"
#include "tests/harness.h"
#include "tests/stream_ends.h"
#include "tests/tls_pair.h"

static struct net_tls_context *server_side, *client_side;

/* What the server's handler found. */
static int found;
static char received[64];

static int with_contexts(void *body)
{
	struct tls_pair pair = tls_pair_settings();
	int (*const run)(void) = *(int (**)(void))body;
	int rc;

	server_side = pair.server_side;
	client_side = pair.client_side;
	rc = run();
	tls_pair_end(&pair);
	return rc;
}

static int run(int (*body)(void))
{
	tls_pair_certificates();
	return async_run(with_contexts, &body);
}

struct met {
	struct net_server *server;
	struct net_reader *reader;
	struct net_writer *writer;
};

static struct met meet(net_client_handler *handler, const struct net_stream_options *server,
		       const struct net_stream_options *client)
{
	struct met met;

	found = 1;
	received[0] = '\0';
	CHECK_INT(net_start_server(&met.server, handler, NULL, "127.0.0.1", 0, server), 0);
	CHECK_INT(net_open_connection(&met.reader, &met.writer, "127.0.0.1",
				      net_server_port(met.server, 0, NULL), client),
		  0);
	return met;
}

static void part(struct met *met)
{
	net_writer_free(met->writer);
	net_server_close(met->server);
	CHECK_INT(net_server_wait_closed(met->server), 0);
	net_server_free(met->server);
}

static void keep(const struct net_span *span)
{
	snprintf(received, sizeof received, "%.*s", (int)span->len, span->ptr);
}

/* STARTTLS, then an echo of one line. */
static int upgrade_and_echo(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;

	(void)arg;
	CHECK_INT(net_reader_readline(reader, &span), 0);
	CHECK_INT(net_writer_write(writer, "go\n", 3), 0);
	found = net_writer_start_tls(writer, server_side, NULL);
	if (found < 0)
		return 0;
	CHECK_CONTAINS(net_writer_tls_version(writer), "TLSv1.");
	found = net_reader_readline(reader, &span);
	if (found < 0)
		return 0;
	keep(&span);
	CHECK_INT(net_writer_write(writer, span.ptr, span.len), 0);
	return net_writer_drain(writer);
}

static void expect_line(struct net_reader *reader, const char *want)
{
	struct net_span span;

	CHECK_INT(net_reader_readline(reader, &span), 0);
	CHECK_MEM(span.ptr, span.len, want, strlen(want));
}

static int upgrade(void)
{
	struct met met = meet(upgrade_and_echo, NULL, NULL);

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\n", 9), 0);
	expect_line(met.reader, "go\n");
	CHECK_STR(net_writer_tls_version(met.writer), NULL);
	CHECK_INT(net_writer_start_tls(met.writer, client_side, "localhost"), 0);
	CHECK_CONTAINS(net_writer_tls_version(met.writer), "TLSv1.");
	CHECK(!net_writer_can_write_eof(met.writer));
	CHECK_INT(net_writer_write_eof(met.writer), -EOPNOTSUPP);
	CHECK_INT(net_writer_write(met.writer, "secret\n", 7), 0);
	expect_line(met.reader, "secret\n");
	part(&met);
	return 0;
}

TEST(tls_begins_in_the_middle)
{
	CHECK_INT(run(upgrade), 0);
}

/* The handshake follows the line at once, so the server's reader has it in hand. */
static int upgrade_and_sleep(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	async_sleep(0.02);
	return upgrade_and_echo(reader, writer, arg);
}

static int hurry(void)
{
	struct met met = meet(upgrade_and_sleep, NULL, NULL);
	struct net_span span;

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\n", 9), 0);
	/* As a client who knows the answer; "go" comes in the middle of the handshake otherwise. */
	CHECK_INT(net_reader_readexactly(met.reader, 0, &span), 0);
	CHECK_INT(net_writer_start_tls(met.writer, client_side, "localhost"), NET_ETLS_PROTOCOL);
	part(&met);
	return 0;
}

TEST(plain_text_in_the_handshake_is_no_tls)
{
	CHECK_INT(run(hurry), 0);
}

static int upgrade_silently(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;

	(void)arg;
	async_sleep(0.02);
	found = net_reader_readline(reader, &span);
	if (found == 0)
		found = net_writer_start_tls(writer, server_side, NULL);
	if (found < 0)
		return 0;
	found = net_reader_readline(reader, &span);
	keep(&span);
	return 0;
}

static int pipeline(void)
{
	struct met met = meet(upgrade_silently, NULL, NULL);

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\n", 9), 0);
	CHECK_INT(net_writer_start_tls(met.writer, client_side, "localhost"), 0);
	CHECK_INT(net_writer_write(met.writer, "secret\n", 7), 0);
	CHECK_INT(net_reader_read(met.reader, received + 32, 1), 0);
	part(&met);
	CHECK_INT(found, 0);
	CHECK_STR(received, "secret\n");
	return 0;
}

TEST(a_handshake_that_was_read_ahead_is_not_lost)
{
	CHECK_INT(run(pipeline), 0);
}

static int inject(void)
{
	struct met met = meet(upgrade_silently, NULL, NULL);

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\nEVIL\n", 14), 0);
	CHECK(net_writer_start_tls(met.writer, client_side, "localhost") < 0);
	part(&met);
	CHECK_INT(found, NET_ETLS_PROTOCOL);
	CHECK_STR(received, "");
	return 0;
}

TEST(plain_text_behind_starttls_is_never_taken_for_data)
{
	CHECK_INT(run(inject), 0);
}

static int read_line(void *reader)
{
	struct net_span span;
	int rc = net_reader_readline((struct net_reader *)reader, &span);

	keep(&span);
	return rc;
}

static int write_meanwhile(void)
{
	struct met met = meet(upgrade_and_echo, NULL, NULL);
	struct async_task *task;

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\n", 9), 0);
	expect_line(met.reader, "go\n");
	task = async_create_task(read_line, met.reader);
	async_sleep(0);
	async_sleep(0);
	/* The reader waits since before the handshake; what it gets comes after. */
	CHECK_INT(net_writer_start_tls(met.writer, client_side, "localhost"), 0);
	CHECK(!async_task_done(task));
	CHECK_INT(net_writer_write(met.writer, "again\n", 6), 0);
	CHECK_INT(async_await(task), 0);
	CHECK_STR(received, "again\n");
	part(&met);
	return 0;
}

TEST(who_reads_since_before_the_handshake_gets_what_comes_after)
{
	CHECK_INT(run(write_meanwhile), 0);
}

static int start_tls(void *writer)
{
	return net_writer_start_tls((struct net_writer *)writer, client_side, "localhost");
}

static int queue_meanwhile(void)
{
	struct met met = meet(upgrade_and_echo, NULL, NULL);
	struct async_task *task;

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\n", 9), 0);
	expect_line(met.reader, "go\n");
	task = async_create_task(start_tls, met.writer);
	async_sleep(0);
	CHECK_INT(net_writer_write(met.writer, "sec", 3), 0);
	async_sleep(0);
	CHECK_INT(net_writer_write(met.writer, "ret\n", 4), 0);
	CHECK_INT(async_await(task), 0);
	expect_line(met.reader, "secret\n");
	part(&met);
	return 0;
}

TEST(what_is_written_during_the_handshake_goes_out_encrypted)
{
	CHECK_INT(run(queue_meanwhile), 0);
}

/* ---- Handshakes that fail ---------------------------------------------------------------------- */

static int wait_for_ever(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;

	(void)writer;
	(void)arg;
	net_reader_readall(reader, &span);
	return 0;
}

static int cancel_handshake(void)
{
	struct met met = meet(wait_for_ever, NULL, NULL);
	struct async_task *task = async_create_task(start_tls, met.writer);

	async_sleep(0.005);
	async_cancel(task);
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	CHECK(net_writer_is_closing(met.writer));
	CHECK_INT(net_writer_wait_closed(met.writer), 0);

	part(&met);
	met = meet(wait_for_ever, NULL, NULL);
	task = async_create_task(start_tls, met.writer);
	async_sleep(0.005);
	net_writer_abort(met.writer);
	CHECK(async_await(task) < 0);
	CHECK_INT(net_writer_start_tls(met.writer, client_side, "localhost"), -ECONNRESET);
	part(&met);
	return 0;
}

TEST(a_handshake_that_is_cancelled_or_aborted_ends_the_connection)
{
	CHECK_INT(run(cancel_handshake), 0);
}

static char heard[512];

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	strncat(heard, context->message, sizeof heard - strlen(heard) - 2);
	strcat(heard, "\n");
}

static struct stream_ends left;
static int left_fd;
static struct tls_pair left_pair;

static int leave_handshake(void *arg)
{
	(void)arg;
	async_set_exception_handler(hear, NULL);
	left_pair = tls_pair_settings();
	client_side = left_pair.client_side;
	left = stream_pair(0);
	left_fd = net_writer_fd(left.writer);
	CHECK_INT(async_spawn(start_tls, left.writer), 0);
	return async_sleep(0);
}

TEST(a_loop_that_closes_in_the_middle_of_a_handshake_frees_the_connection)
{
	struct async_loop *loop;
	struct async_task *task;
	char byte;

	tls_pair_certificates();
	loop = async_loop_new(NULL);
	task = async_create_task(leave_handshake, NULL);
	CHECK_INT(async_loop_run_until_complete(loop, async_task_future(task)), 0);
	async_loop_close(loop);
	CHECK_STR(heard, format("Task was destroyed but it is pending!\n"
				"unclosed transport <net_writer fd=%d>\n",
				left_fd));
	while (recv(left.peer, &byte, 1, 0) > 0)
		continue;
	CHECK_INT(recv(left.peer, &byte, 1, 0), 0);
	close(left.peer);
	tls_pair_end(&left_pair);
}

static int misname(void)
{
	struct met met = meet(upgrade_and_echo, NULL, NULL);

	CHECK_INT(net_writer_write(met.writer, "STARTTLS\n", 9), 0);
	expect_line(met.reader, "go\n");
	CHECK_INT(net_writer_start_tls(met.writer, client_side, "other.test"), NET_ETLS_CERT_HOST);
	CHECK_INT(net_writer_wait_closed(met.writer), NET_ETLS_CERT_HOST);
	part(&met);
	CHECK(found < 0);
	return 0;
}

TEST(a_certificate_for_another_name_is_refused)
{
	CHECK_INT(run(misname), 0);
}

/* ---- TLS from the beginning -------------------------------------------------------------------- */

static int echo_all(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	static char buffer[30000];
	ssize_t n;
	int rc = 0;

	(void)arg;
	while (rc == 0 && (n = net_reader_read(reader, buffer, sizeof buffer)) > 0) {
		CHECK_INT(net_writer_write(writer, buffer, (size_t)n), 0);
		rc = net_writer_drain(writer);
	}
	return rc;
}

static int send_all(void *arg)
{
	struct net_writer *writer = arg;
	static char data[10000];
	int rc = 0;

	for (int i = 0; i < 100 && rc == 0; i++) {
		memset(data, 'a' + i % 26, sizeof data);
		CHECK_INT(net_writer_write(writer, data, sizeof data), 0);
		rc = net_writer_drain(writer);
	}
	return rc;
}

static int echo_over_tls(void)
{
	struct net_stream_options server = { .tls = server_side };
	struct net_stream_options client = { .tls = client_side, .tls_name = "localhost" };
	struct met met = meet(echo_all, &server, &client);
	struct async_task *task = async_create_task(send_all, met.writer);
	struct net_span span;

	CHECK_CONTAINS(net_writer_tls_version(met.writer), "TLSv1.");
	for (int i = 0; i < 100; i++) {
		CHECK_INT(net_reader_readexactly(met.reader, 10000, &span), 0);
		CHECK_INT(span.ptr[0], 'a' + i % 26);
		CHECK_INT(span.ptr[9999], 'a' + i % 26);
	}
	CHECK_INT(async_await(task), 0);
	part(&met);
	return 0;
}

TEST(a_megabyte_goes_both_ways_over_tls)
{
	CHECK_INT(run(echo_over_tls), 0);
}

static int speak_plain(void)
{
	struct net_stream_options server = { .tls = server_side };
	struct met met;
	struct net_span span;

	async_set_exception_handler(hear, NULL);
	met = meet(echo_all, &server, NULL);
	CHECK_INT(net_writer_write(met.writer, "GET / HTTP/1.0\r\n\r\n", 18), 0);
	net_reader_readall(met.reader, &span);
	part(&met);
	CHECK_STR(heard, "");
	async_set_exception_handler(NULL, NULL);
	return 0;
}

TEST(a_client_that_speaks_no_tls_meets_no_handler_and_is_not_reported)
{
	CHECK_INT(run(speak_plain), 0);
}

static int stay_silent(void)
{
	struct net_stream_options server = { .tls = server_side, .tls_timeout = 0.02 };
	struct met met = meet(echo_all, &server, NULL);

	CHECK_INT(net_reader_read(met.reader, received, 1), 0);
	part(&met);
	return 0;
}

TEST(a_client_that_never_speaks_is_sent_away)
{
	CHECK_INT(run(stay_silent), 0);
}

static int tls_over_unix(void)
{
	struct net_stream_options server = { .tls = server_side };
	struct net_stream_options client = { .tls = client_side, .tls_name = "localhost" };
	struct met met;

	CHECK_INT(net_start_unix_server(&met.server, echo_all, NULL, temp_path("s"), &server), 0);
	CHECK_INT(net_open_unix_connection(&met.reader, &met.writer, temp_path("s"), &client), 0);
	CHECK_INT(net_writer_write(met.writer, "hi\n", 3), 0);
	expect_line(met.reader, "hi\n");
	part(&met);
	return 0;
}

TEST(tls_over_a_unix_socket)
{
	CHECK_INT(run(tls_over_unix), 0);
}

/* ---- Failures ---------------------------------------------------------------------------------- */

static int greet_over_tls(void)
{
	struct net_reader *reader;
	struct net_writer *writer;
	struct net_server *server;
	struct async_timeout limit;
	struct net_span span;

	if (net_start_server(&server, upgrade_silently, NULL, "127.0.0.1", 0, NULL) < 0)
		return 0;
	if (net_open_connection(&reader, &writer, "127.0.0.1", net_server_port(server, 0, NULL),
				NULL) == 0) {
		net_writer_write(writer, "STARTTLS\n", 9);
		async_timeout_begin(&limit, 0.2);
		if (async_timeout_end(
			    &limit, net_writer_start_tls(writer, client_side, "localhost")) == 0) {
			net_writer_write(writer, "secret\n", 7);
			async_timeout_begin(&limit, 0.2);
			async_timeout_end(&limit, net_reader_readall(reader, &span));
		}
		net_writer_free(writer);
	}
	net_server_close(server);
	net_server_abort_clients(server);
	async_timeout_begin(&limit, 0.2);
	async_timeout_end(&limit, net_server_wait_closed(server));
	net_server_free(server);
	return 0;
}

static int greet_anyhow(void *arg)
{
	(void)arg;
	async_set_exception_handler(hear, NULL);
	server_side = client_side = NULL;
	if (net_tls_server(&server_side, tls_pair_good.cert, tls_pair_good.key) == 0 &&
	    net_tls_client(&client_side,
			   &(struct net_tls_options){ .ca_file = tls_pair_ca.cert }) == 0)
		greet_over_tls();
	net_tls_context_free(server_side);
	net_tls_context_free(client_side);
	return 0;
}

static void run_anyhow(void)
{
	async_run(greet_anyhow, NULL);
}

TEST_WITH_LIMIT(every_allocation_and_system_call_may_fail, 90)
{
	tls_pair_certificates();
	for_each_failing_allocation(run_anyhow);
	for_each_failing_syscall(run_anyhow);
}
