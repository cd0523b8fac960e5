/* SPDX-License-Identifier: MIT */
/* streams_servers.c - servers and their ends, Unix sockets, pipes. Names as in streams_probe.py. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/conformance/streams_trace.h"

#define READER(r, ...) ((struct call){ __VA_ARGS__, .reader = (r) })
#define WRITER(w, what) ((struct call){ what, .writer = (w) })
#define SERVER(s, what) ((struct call){ what, .server = (s) })

struct meeting {
	struct net_server *server;
	struct net_reader *reader; /* the client's */
	struct net_writer *writer;
};

static struct net_server *serve(net_client_handler *handler, void *arg)
{
	struct net_server *server;

	CHECK_INT(net_start_server(&server, handler, arg, "127.0.0.1", 0, NULL), 0);
	return server;
}

static struct meeting meet(net_client_handler *handler, void *arg)
{
	struct meeting m = { .server = serve(handler, arg) };

	CHECK_INT(net_open_connection(&m.reader, &m.writer, "127.0.0.1",
				      net_server_port(m.server, 0, NULL), NULL),
		  0);
	return m;
}

static void part(struct meeting *m)
{
	net_writer_free(m->writer);
	net_server_free(m->server);
	settle();
}

static void hear(const struct async_context *context, void *arg)
{
	(void)arg;
	say("handler: %s %s", context->message,
	    context->error->code == ASYNC_EINVAL ? "ValueError" : "?");
}

/* ---- Servers ----------------------------------------------------------------------------------- */

static int struggle(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct async_event *reset = arg;

	attempt("readline", READER(reader, LINE));
	attempt("read", READER(reader, READ, .size = 1));
	attempt("drain", WRITER(writer, DRAIN));
	attempt("wait_closed", WRITER(writer, WAIT_CLOSED));
	say("closing %s exception %s", truth(net_writer_is_closing(writer)),
	    net_reader_exception(reader) == -ECONNRESET ? "ConnectionResetError" : "?");
	async_event_set(reset);
	return 0;
}

STREAMS(reset_by_the_peer)
{
	struct linger none = { .l_onoff = 1 };
	struct async_event over = { 0 };
	struct meeting m;

	m = meet(struggle, &over);
	settle();
	setsockopt(net_writer_fd(m.writer), SOL_SOCKET, SO_LINGER, &none, sizeof none);
	net_writer_abort(m.writer);
	async_event_wait(&over);
	part(&m);
	return 0;
}

static int echo(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;

	(void)arg;
	CHECK_INT(net_reader_readline(reader, &span), 0);
	say("server got %.*s\\n", (int)span.len - 1, span.ptr);
	CHECK_INT(net_writer_write(writer, span.ptr, span.len), 0);
	CHECK_INT(net_writer_drain(writer), 0);
	CHECK_INT(net_reader_readall(reader, &span), 0);
	say("server saw the end");
	net_writer_close(writer);
	return 0;
}

STREAMS(a_server_and_its_end)
{
	struct meeting m = meet(echo, NULL);
	struct call closed = SERVER(m.server, SERVER_CLOSED);

	say("serving %s", truth(net_server_is_serving(m.server)));
	net_writer_write(m.writer, "hello\n", 6);
	attempt("readline", READER(m.reader, LINE));
	start(&closed);
	settle();
	say("done %s", truth(async_task_done(closed.task)));
	net_server_close(m.server);
	net_server_close(m.server);
	say("serving %s %d", truth(net_server_is_serving(m.server)), net_server_sockets(m.server));
	settle();
	say("done %s", truth(async_task_done(closed.task)));
	net_writer_close(m.writer);
	finish("wait_closed", &closed);
	attempt("wait_closed", SERVER(m.server, SERVER_CLOSED));
	part(&m);
	return 0;
}

static int fail(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;

	(void)writer;
	(void)arg;
	net_reader_readline(reader, &span);
	return async_raise(ASYNC_EINVAL, "x");
}

STREAMS(a_handler_that_fails)
{
	struct meeting m;

	async_set_exception_handler(hear, NULL);
	m = meet(fail, NULL);
	net_writer_write(m.writer, "go\n", 3);
	attempt("read", READER(m.reader, READ_ALL));
	net_writer_close(m.writer);
	net_server_close(m.server);
	attempt("wait_closed", SERVER(m.server, SERVER_CLOSED));
	part(&m);
	return 0;
}

static int wait_for_a_line(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct async_task **task = arg;
	struct net_span span;

	(void)writer;
	*task = async_current_task();
	say("handler starts");
	return net_reader_readline(reader, &span);
}

STREAMS(a_handler_that_is_cancelled)
{
	struct async_task *task = NULL;
	struct meeting m;

	async_set_exception_handler(hear, NULL);
	m = meet(wait_for_a_line, &task);
	settle();
	async_cancel(task);
	attempt("read", READER(m.reader, READ_ALL));
	net_writer_close(m.writer);
	net_server_close(m.server);
	attempt("wait_closed", SERVER(m.server, SERVER_CLOSED));
	part(&m);
	return 0;
}

static int read_on(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	(void)arg;
	attempt("handler read", READER(reader, READ_ALL));
	net_writer_close(writer);
	return 0;
}

STREAMS(closing_the_clients)
{
	struct meeting m = meet(read_on, NULL);

	settle();
	net_server_close(m.server);
	net_server_close_clients(m.server);
	attempt("wait_closed", SERVER(m.server, SERVER_CLOSED));
	attempt("read", READER(m.reader, READ_ALL));
	part(&m);
	return 0;
}

static int pour(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	(void)reader;
	(void)arg;
	for (int i = 0; i < 4; i++)
		stream_write_big(writer);
	attempt("handler drain", WRITER(writer, DRAIN));
	attempt("handler drain", WRITER(writer, DRAIN));
	return 0;
}

STREAMS(aborting_the_clients)
{
	struct meeting m = meet(pour, NULL);

	settle();
	net_server_close(m.server);
	net_server_abort_clients(m.server);
	attempt("wait_closed", SERVER(m.server, SERVER_CLOSED));
	settle();
	part(&m);
	return 0;
}

static int ends_with(const char *text, const char *part)
{
	size_t n = strlen(text), k = strlen(part);

	return n >= k && strcmp(text + n - k, part) == 0;
}

static const char *complaint(struct net_server *server, const char *end)
{
	int rc = net_server_serve_forever(server);

	return truth(rc == ASYNC_ERUNTIME && ends_with(async_raised(rc)->message, end));
}

STREAMS(serving_for_ever)
{
	struct net_server *server = serve(read_on, NULL);
	struct call forever = SERVER(server, SERVE_FOREVER);

	start(&forever);
	settle();
	say("done %s", truth(async_task_done(forever.task)));
	say("second %s", complaint(server, "is already being awaited on serve_forever()"));
	async_cancel(forever.task);
	finish("serve_forever", &forever);
	say("serving %s", truth(net_server_is_serving(server)));
	attempt("wait_closed", SERVER(server, SERVER_CLOSED));
	say("closed %s", complaint(server, "is closed"));
	net_server_free(server);

	server = serve(read_on, NULL);
	forever = SERVER(server, SERVE_FOREVER);
	start(&forever);
	settle();
	net_server_close(server);
	finish("serve_forever", &forever);
	net_server_free(server);
	return 0;
}

/* ---- Unix sockets and pipes -------------------------------------------------------------------- */

static int shout(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span span;
	char line[16];

	(void)arg;
	CHECK_INT(net_reader_readline(reader, &span), 0);
	for (size_t i = 0; i < span.len; i++)
		line[i] = span.ptr[i] >= 'a' ? (char)(span.ptr[i] - 'a' + 'A') : span.ptr[i];
	return net_writer_write(writer, line, span.len);
}

STREAMS(unix_sockets)
{
	const char *path = temp_path("s");
	struct meeting m;
	int rc;

	CHECK_INT(net_start_unix_server(&m.server, shout, NULL, path, NULL), 0);
	CHECK_INT(net_open_unix_connection(&m.reader, &m.writer, path, NULL), 0);
	net_writer_write(m.writer, "abc\n", 4);
	attempt("read", READER(m.reader, READ_ALL));
	net_writer_close(m.writer);
	net_server_close(m.server);
	CHECK_INT(net_server_wait_closed(m.server), 0);
	say("path %s", truth(access(path, F_OK) == 0));
	part(&m);
	rc = net_open_unix_connection(&m.reader, &m.writer, path, NULL);
	say("%s", rc == -ENOENT ? "FileNotFoundError" : async_errname(rc));
	return 0;
}

STREAMS(pipes)
{
	struct net_reader *reader;
	struct net_writer *writer;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_read_pipe(&reader, fds[0]), 0);
	CHECK_INT(net_connect_write_pipe(&writer, fds[1]), 0);
	CHECK_INT(net_writer_write(writer, "one\ntwo", 7), 0);
	attempt("readline", READER(reader, LINE));
	say("can %s", truth(net_writer_can_write_eof(writer)));
	CHECK_INT(net_writer_write_eof(writer), 0);
	say("closing %s", truth(net_writer_is_closing(writer)));
	CHECK_INT(net_writer_write(writer, "lost", 4), 0);
	attempt("read", READER(reader, READ_ALL));
	settle();
	attempt("drain", WRITER(writer, DRAIN));
	net_writer_free(writer);
	net_reader_free(reader);
	return 0;
}

STREAMS(a_pipe_without_a_reader)
{
	struct net_writer *writer;
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	CHECK_INT(net_connect_write_pipe(&writer, fds[1]), 0);
	settle();
	say("closing %s", truth(net_writer_is_closing(writer)));
	close(fds[0]);
	settle();
	say("closing %s", truth(net_writer_is_closing(writer)));
	CHECK_INT(net_writer_write(writer, "x", 1), 0);
	attempt("drain", WRITER(writer, DRAIN));
	net_writer_free(writer);
	return 0;
}

STREAMS(what_is_no_pipe)
{
	int fd = open(temp_file("plain", "text"), O_RDWR | O_CLOEXEC);
	struct net_reader *reader;
	struct net_writer *writer;

	CHECK_INT(net_connect_read_pipe(&reader, fd), ASYNC_EINVAL);
	say("ValueError: %s", async_raised(ASYNC_EINVAL)->message);
	CHECK_INT(net_connect_write_pipe(&writer, fd), ASYNC_EINVAL);
	say("ValueError: %s", async_raised(ASYNC_EINVAL)->message);
	close(fd);
	return 0;
}
