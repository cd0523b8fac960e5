/* SPDX-License-Identifier: MIT */
/* ports.c - see ports.h. */
#include "tests/ports.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "runtime/base.h"
#include "tests/harness.h"

int listen_here(struct net_listener **listener)
{
	CHECK_INT(net_listen(listener, "127.0.0.1", 0), 0);
	return net_listener_port(*listener);
}

int unused_port(void)
{
	struct net_listener *listener;
	int port = listen_here(&listener);

	net_listener_close(listener);
	return port;
}

struct deaf deaf_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	struct deaf deaf = { .fd = socket(AF_INET, SOCK_STREAM, 0) };

	CHECK(deaf.fd >= 0 && bind(deaf.fd, (struct sockaddr *)&at, sizeof at) == 0);
	CHECK(listen(deaf.fd, 0) == 0);
	CHECK(getsockname(deaf.fd, (struct sockaddr *)&at, &size) == 0);
	deaf.port = ntohs(at.sin_port);
	for (size_t i = 0; i < array_size(deaf.knocks); i++) {
		deaf.knocks[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(deaf.knocks[i], (struct sockaddr *)&at, sizeof at);
	}
	return deaf;
}

void deaf_stop(struct deaf *deaf)
{
	for (size_t i = 0; i < array_size(deaf->knocks); i++)
		close(deaf->knocks[i]);
	close(deaf->fd);
}
