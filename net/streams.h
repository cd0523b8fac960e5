/* SPDX-License-Identifier: MIT */
/*
 * streams.h - asyncio's streams: a reader and a writer over a connection, servers, pipes. A chapter of
 * the manual of net/.
 *
 *     rc = net_open_connection(&reader, &writer, "example.org", 25, NULL);
 *     rc = net_reader_readline(reader, &line);
 *     net_writer_write(writer, "QUIT\r\n", 6);
 *     rc = net_writer_drain(writer);
 *     net_writer_close(writer);
 *     rc = net_writer_wait_closed(writer);
 *     net_writer_free(writer);
 *
 * Rules for users:
 *  - A connection's reader and writer are one object: net_writer_free() ends both. A read pipe has a
 *    reader alone, which net_reader_free() ends. Nobody may wait in them then; that aborts.
 *  - What is not freed when the loop closes is freed then, and its pointers are dead. One that is
 *    still open is reported first: "unclosed transport <...>", "unclosed server <...>".
 *  - Nothing here has a limit in time but the TLS handshake and the flush after a close: put
 *    async_timeout_begin/end around the rest. A cancelled wait loses no byte.
 *  - Over TLS an end without close_notify is NET_ETLS_TRUNCATED, where asyncio sees an end like any
 *    other; and the end of what the peer sends does not close the writer.
 *  - The socket is read only when a reader asks, so a peer's end or reset is noticed by the next read
 *    or write, not before; asyncio reads ahead by itself.
 */
#ifndef LOOPHOUND_NET_STREAMS_H
#define LOOPHOUND_NET_STREAMS_H

#include "net/net.h"

#ifdef __cplusplus
extern "C" {
#endif

struct net_reader;
struct net_writer;
struct net_server;

#define NET_STREAM_LIMIT (64 * 1024) /* asyncio's _DEFAULT_LIMIT */
#define NET_HANDSHAKE_TIMEOUT 60.0   /* asyncio's SSL_HANDSHAKE_TIMEOUT, seconds */
#define NET_CLOSE_TIMEOUT 30.0	     /* asyncio's SSL_SHUTDOWN_TIMEOUT, here of every close */

struct net_stream_options {
	size_t limit;		     /* of readline and readuntil, bytes; 0: NET_STREAM_LIMIT */
	struct net_tls_context *tls; /* NULL: plain */
	const char *tls_name;	     /* SNI and the name to verify; NULL: host */
	double tls_timeout;	     /* of a handshake, seconds; 0: NET_HANDSHAKE_TIMEOUT */
	double close_timeout;	     /* what is queued may take so long; 0: NET_CLOSE_TIMEOUT */
	size_t stack_size;	     /* of a server's handlers, bytes; 0: the run's default */
	const struct net_connect_options *connect; /* limits of the other steps; NULL: none */
};

/* ---- Connections ------------------------------------------------------------------------------- */

/*
 * asyncio.open_connection(): as net_connect(), whose codes it returns. options may be NULL and are
 * not needed afterwards.
 */
#define net_open_connection(reader, writer, host, port, ...) \
	net_open_connection_at(ASYNC_HERE, (reader), (writer), (host), (port), __VA_ARGS__)
ASYNC_SUSPENDS
int net_open_connection_at(const char *here, struct net_reader **reader, struct net_writer **writer,
			   const char *host, int port, const struct net_stream_options *options);

/*
 * asyncio.open_unix_connection(). 0, a negative errno (-ENOENT, -ECONNREFUSED; -EAGAIN: the server's
 * queue is full; -ENAMETOOLONG), ASYNC_ENOMEM, with TLS also its codes. TLS needs a tls_name.
 */
#define net_open_unix_connection(reader, writer, path, ...) \
	net_open_unix_connection_at(ASYNC_HERE, (reader), (writer), (path), __VA_ARGS__)
ASYNC_SUSPENDS
int net_open_unix_connection_at(const char *here, struct net_reader **reader,
				struct net_writer **writer, const char *path,
				const struct net_stream_options *options);

/*
 * open_connection(sock=...): over a socket that is connected already; it becomes non-blocking and the
 * stream's, also when the call fails. No TLS: net_writer_start_tls() begins it.
 * 0, ASYNC_ENOMEM or a negative errno.
 */
#define net_open_socket(reader, writer, fd, ...) \
	net_open_socket_at(ASYNC_HERE, (reader), (writer), (fd), __VA_ARGS__)
int net_open_socket_at(const char *here, struct net_reader **reader, struct net_writer **writer,
		       int fd, const struct net_stream_options *options);

/*
 * loop.connect_read_pipe() and connect_write_pipe(), each with a stream: for pipes, sockets and
 * character devices. The fd becomes non-blocking and the stream's, which closes it; when the call
 * fails it is still the caller's. A read pipe closes itself at its end.
 * 0, ASYNC_EINVAL for anything else ("Pipe transport is for pipes/sockets only."), ASYNC_ENOMEM, or a
 * negative errno: -EPERM for a device that cannot be waited for.
 */
#define net_connect_read_pipe(reader, fd) net_connect_read_pipe_at(ASYNC_HERE, (reader), (fd))
int net_connect_read_pipe_at(const char *here, struct net_reader **reader, int fd);
/*
 * A pipe whose reader has gone ends the writer by itself. write(2) would raise SIGPIPE then: it is
 * blocked in this thread around each write, and eaten when the write was its cause. No disposition
 * is changed.
 */
#define net_connect_write_pipe(writer, fd) net_connect_write_pipe_at(ASYNC_HERE, (writer), (fd))
int net_connect_write_pipe_at(const char *here, struct net_writer **writer, int fd);

/* ---- Reading ----------------------------------------------------------------------------------- */

/* Bytes in the reader's own buffer: valid until the next call of the reader or its end. */
struct net_span {
	const char *ptr;
	size_t len;
};

/*
 * All of these return ASYNC_ECANCELED without having lost a byte, ASYNC_ENOMEM likewise, and
 * ASYNC_ERUNTIME when another task waits already ("read() called while another coroutine is already
 * waiting for incoming data"). A connection that failed returns its code from then on; one that was
 * closed is at its end.
 */

/* reader.read(n): at most size bytes, as soon as there is one. The count; 0: the end, or size is 0. */
#define net_reader_read(reader, buffer, size) \
	net_reader_read_at(ASYNC_HERE, (reader), (buffer), (size))
ASYNC_SUSPENDS
ssize_t net_reader_read_at(const char *here, struct net_reader *reader, void *buffer, size_t size);

/* reader.read(-1): everything up to the end, however much that is. 0. */
#define net_reader_readall(reader, span) net_reader_readall_at(ASYNC_HERE, (reader), (span))
ASYNC_SUSPENDS
int net_reader_readall_at(const char *here, struct net_reader *reader, struct net_span *span);

/*
 * reader.readexactly(n): 0. NET_EINCOMPLETE when the end comes first: *span is what there was, which
 * is taken. Not limited by the limit.
 */
#define net_reader_readexactly(reader, size, span) \
	net_reader_readexactly_at(ASYNC_HERE, (reader), (size), (span))
ASYNC_SUSPENDS
int net_reader_readexactly_at(const char *here, struct net_reader *reader, size_t size,
			      struct net_span *span);

/*
 * reader.readuntil(): up to and with the separator, one byte or more: 0. NET_EINCOMPLETE: the end
 * came first, *span is what there was, which is taken. NET_ELIMITOVERRUN: more than limit bytes
 * without or before a separator; *span has the length that asyncio calls consumed, and nothing is
 * taken. ASYNC_EINVAL for an empty separator.
 */
#define net_reader_readuntil(reader, separator, size, span) \
	net_reader_readuntil_at(ASYNC_HERE, (reader), (separator), (size), (span))
ASYNC_SUSPENDS
int net_reader_readuntil_at(const char *here, struct net_reader *reader, const void *separator,
			    size_t size, struct net_span *span);

/*
 * reader.readline(): a line with its \n; the last one may have none, and at the end the span is
 * empty: 0. A line over the limit is ASYNC_EINVAL, asyncio's ValueError: it is dropped if its end
 * is known already, else all that is buffered is.
 */
#define net_reader_readline(reader, span) net_reader_readline_at(ASYNC_HERE, (reader), (span))
ASYNC_SUSPENDS
int net_reader_readline_at(const char *here, struct net_reader *reader, struct net_span *span);

/* reader.at_eof(): the end was seen and nothing is buffered. Looks at the socket, never waits. */
bool net_reader_at_eof(struct net_reader *reader);
/* reader.exception(): the code that every read returns; 0: none. */
int net_reader_exception(const struct net_reader *reader);
/* Closes a read pipe and frees it. NULL is fine. */
#define net_reader_free(reader) net_reader_free_at(ASYNC_HERE, (reader))
void net_reader_free_at(const char *here, struct net_reader *reader);

/* ---- Writing ----------------------------------------------------------------------------------- */

/*
 * writer.write(): sends at once what the socket takes and queues a copy of the rest, which the loop
 * sends on. Never suspends. 0; ASYNC_ERUNTIME after write_eof ("Cannot call write() after
 * write_eof()"); ASYNC_ENOMEM, and then the connection is lost, for part of the data may have left.
 * Of no bytes, or to a lost connection, it does nothing and returns 0, as asyncio: drain says it. From
 * the fifth in vain on each is a warning (async_set_warning_handler): "socket.send() raised exception."
 */
int net_writer_write(struct net_writer *writer, const void *data, size_t size);
/* writer.writelines(): all of them, together if that can be. Codes as write's. */
int net_writer_writelines(struct net_writer *writer, const struct net_span *lines, size_t count);

/*
 * writer.drain(): returns at once unless more than the high-water mark is queued, else when no more
 * than the low-water mark is. 0, ASYNC_ECANCELED, the code of the connection's failure, or
 * -ECONNRESET ("Connection lost") of a writer that is closed. Any number of tasks may wait.
 */
#define net_writer_drain(writer) net_writer_drain_at(ASYNC_HERE, (writer))
ASYNC_SUSPENDS
int net_writer_drain_at(const char *here, struct net_writer *writer);

/*
 * transport.set_write_buffer_limits(): -1 is asyncio's None. high: 64 KiB, or four times low; low: a
 * quarter of high. 0, or ASYNC_EINVAL: "high (1) must be >= low (2) must be >= 0".
 */
int net_writer_set_write_buffer_limits(struct net_writer *writer, ssize_t high, ssize_t low);
size_t net_writer_get_write_buffer_size(const struct net_writer *writer);

/*
 * writer.write_eof(): no more writes; the peer sees the end once the queue is sent. A write pipe is
 * closed by it. 0, a negative errno, or -EOPNOTSUPP: TLS cannot (net_writer_can_write_eof).
 */
int net_writer_write_eof(struct net_writer *writer);
bool net_writer_can_write_eof(const struct net_writer *writer);

/*
 * writer.close(): never waits, for the peer least of all. Reading ends; what is queued is sent for at
 * most close_timeout and then dropped; then the fd is closed. Closing twice is fine.
 */
void net_writer_close(struct net_writer *writer);
bool net_writer_is_closing(const struct net_writer *writer);
/* transport.abort(): closed in the next turn, and what is queued is dropped. */
void net_writer_abort(struct net_writer *writer);
/*
 * writer.wait_closed(): until the connection is gone, for whatever reason. 0, ASYNC_ECANCELED, or the
 * code that it was lost with.
 */
#define net_writer_wait_closed(writer) net_writer_wait_closed_at(ASYNC_HERE, (writer))
ASYNC_SUSPENDS
int net_writer_wait_closed_at(const char *here, struct net_writer *writer);
/* Closes it if it is open, and frees writer and reader; the rest of the queue is still sent. */
#define net_writer_free(writer) net_writer_free_at(ASYNC_HERE, (writer))
void net_writer_free_at(const char *here, struct net_writer *writer);

/*
 * writer.start_tls(): once all that is queued has left, TLS begins on the connection: as a server
 * with a server's context, else as a client that verifies name (which is ignored by a server). What
 * the reader had buffered was sent before and unprotected: it is taken for the handshake's first
 * bytes, never for data. A task that reads or writes meanwhile waits for it.
 * 0 or a code of the handshake, ASYNC_ETIMEOUT after NET_HANDSHAKE_TIMEOUT, ASYNC_ECANCELED, and then
 * the connection is lost; -ECONNRESET ("Connection lost") of a writer that is closed.
 */
#define net_writer_start_tls(writer, context, name) \
	net_writer_start_tls_at(ASYNC_HERE, (writer), (context), (name))
ASYNC_SUSPENDS
int net_writer_start_tls_at(const char *here, struct net_writer *writer,
			    struct net_tls_context *context, const char *name);

/*
 * writer.get_extra_info(): 'peername' (length 0: no internet address), 'sockname' (0 or a negative
 * errno), the version of 'ssl_object' (NULL: plain), the fd (-1: closed).
 */
const struct net_address *net_writer_peer(const struct net_writer *writer);
int net_writer_sockname(const struct net_writer *writer, struct net_address *address);
const char *net_writer_tls_version(const struct net_writer *writer);
int net_writer_fd(const struct net_writer *writer);

/* ---- Servers ----------------------------------------------------------------------------------- */

/*
 * client_connected_cb: runs as a task of its own for each connection, after the TLS handshake. When
 * it has returned, the pair is closed, if it still is open, and freed. A failure is reported:
 * "Unhandled exception in client_connected_cb".
 */
typedef int net_client_handler(struct net_reader *reader, struct net_writer *writer, void *arg);

/*
 * asyncio.start_server(): listens on every address of host, a name or a number, and accepts at once.
 * port 0: the kernel picks one, for each address. options may be NULL; tls is a server's context.
 * 0, the codes of net_resolve(), a negative errno (-EADDRINUSE, ...), ASYNC_ENOMEM.
 * When accept has no descriptor or memory left, that is reported ("socket.accept() out of system
 * resource") and accepting pauses for a second.
 */
#define net_start_server(server, handler, arg, host, port, ...) \
	net_start_server_at(ASYNC_HERE, (server), (handler), (arg), (host), (port), __VA_ARGS__)
ASYNC_SUSPENDS
int net_start_server_at(const char *here, struct net_server **server, net_client_handler *handler,
			void *arg, const char *host, int port,
			const struct net_stream_options *options);
/*
 * asyncio.start_unix_server(). A socket that lies about at path is replaced; path is removed when
 * the server closes, if it is still the server's. -ENAMETOOLONG, other codes as above.
 */
#define net_start_unix_server(server, handler, arg, path, ...) \
	net_start_unix_server_at(ASYNC_HERE, (server), (handler), (arg), (path), __VA_ARGS__)
int net_start_unix_server_at(const char *here, struct net_server **server,
			     net_client_handler *handler, void *arg, const char *path,
			     const struct net_stream_options *options);

/* server.sockets: how many, and the port of the i-th with its address, which may be NULL. */
int net_server_sockets(const struct net_server *server);
int net_server_port(const struct net_server *server, int i, struct net_address *address);
bool net_server_is_serving(const struct net_server *server);
/* server.close(): accepts no more; connections live on. Twice is fine. */
void net_server_close(struct net_server *server);
/* server.close_clients(), abort_clients(): as writer.close() and abort() of each connection. */
void net_server_close_clients(struct net_server *server);
void net_server_abort_clients(struct net_server *server);
/* server.wait_closed(): until it is closed and all its connections are gone. 0 or ASYNC_ECANCELED. */
#define net_server_wait_closed(server) net_server_wait_closed_at(ASYNC_HERE, (server))
ASYNC_SUSPENDS
int net_server_wait_closed_at(const char *here, struct net_server *server);
/*
 * server.serve_forever(): until cancelled or closed. A cancellation closes the server and waits for
 * its connections. ASYNC_ECANCELED in both cases; ASYNC_ERUNTIME: "server <...> is closed", "... is
 * already being awaited on serve_forever()".
 */
#define net_server_serve_forever(server) net_server_serve_forever_at(ASYNC_HERE, (server))
ASYNC_SUSPENDS
int net_server_serve_forever_at(const char *here, struct net_server *server);
/* Closes it and frees it; its connections live on. NULL is fine. */
#define net_server_free(server) net_server_free_at(ASYNC_HERE, (server))
void net_server_free_at(const char *here, struct net_server *server);

#ifdef __cplusplus
}
#endif
#endif
