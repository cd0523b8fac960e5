/* SPDX-License-Identifier: MIT */
/* test_net_server_addresses.c - what a server listens on: names, and paths whose socket is its own. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/stream_ends.h"

#define RUN(body) CHECK_INT(async_run(body, NULL), 0)

static struct net_server *serve(net_client_handler *handler, void *arg)
{
	struct net_server *server;

	CHECK_INT(net_start_server(&server, handler, arg, "127.0.0.1", 0, NULL), 0);
	return server;
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

static int listen_by_name(void *arg)
{
	struct net_server *server, *second;
	struct net_address address;
	int served = 0, port;

	(void)arg;
	CHECK_INT(net_start_server(&server, echo, &served, "localhost", 0, NULL), 0);
	CHECK(net_server_sockets(server) >= 1);
	port = net_server_port(server, 0, &address);
	CHECK(port > 0);
	CHECK_INT(net_server_port(server, 8, NULL), 0);
	net_server_free(server);

	server = serve(echo, &served);
	port = net_server_port(server, 0, NULL);
	CHECK_INT(net_start_server(&second, echo, &served, "127.0.0.1", port, NULL), -EADDRINUSE);
	CHECK_CONTAINS(async_raised(-EADDRINUSE)->message,
		       "error while attempting to bind on address 127.0.0.1:");
	CHECK_INT(net_start_server(&second, echo, &served, "127.0.0.1", 65536, NULL), NET_EADDRESS);
	CHECK_INT(net_start_server(&second, echo, &served, "no..name", 0, NULL), NET_EDNS_NXDOMAIN);
	net_server_free(server);
	return 0;
}

TEST(a_server_listens_on_names_and_says_why_it_cannot)
{
	RUN(listen_by_name);
}

static int listen_on_paths(void *arg)
{
	const char *path = temp_path("socket"), *file = temp_file("file", "precious");
	struct net_server *server, *second;
	struct stat status;
	char longer[200];
	int served = 0;

	(void)arg;
	CHECK_INT(net_start_unix_server(&server, echo, &served, path, NULL), 0);
	CHECK_INT(net_server_port(server, 0, NULL), 0);
	/* It takes the path over; the first one then leaves it alone. */
	CHECK_INT(net_start_unix_server(&second, echo, &served, path, NULL), 0);
	net_server_free(server);
	CHECK_INT(stat(path, &status), 0);
	net_server_free(second);
	CHECK_INT(stat(path, &status), -1);

	CHECK_INT(net_start_unix_server(&server, echo, &served, file, NULL), -EADDRINUSE);
	CHECK_STR(read_file(file, NULL), "precious");
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	CHECK_INT(net_start_unix_server(&server, echo, &served, longer, NULL), -ENAMETOOLONG);
	CHECK_STR(async_raised(-ENAMETOOLONG)->message, "AF_UNIX path too long");
	return 0;
}

TEST(a_path_is_replaced_if_it_is_a_socket_and_removed_by_its_owner)
{
	RUN(listen_on_paths);
}
