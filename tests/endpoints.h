/* SPDX-License-Identifier: MIT */
/* endpoints.h - datagram endpoints, and one who receives. */
#ifndef LOOPHOUND_TESTS_ENDPOINTS_H
#define LOOPHOUND_TESTS_ENDPOINTS_H

#include "net/datagram.h"
#include "tests/harness.h"

typedef struct net_datagram_options options;

static inline int run(int (*fn)(void *arg))
{
	return async_run(fn, NULL);
}

static inline struct net_endpoint *open_local(const char *host)
{
	struct net_endpoint *endpoint;

	CHECK_INT(net_create_datagram_endpoint(&endpoint, &(options){ .local_host = host }), 0);
	return endpoint;
}

static inline struct net_endpoint *open_remote(const char *host, int port)
{
	struct net_endpoint *endpoint;

	CHECK_INT(net_create_datagram_endpoint(
			  &endpoint, &(options){ .remote_host = host, .remote_port = port }),
		  0);
	return endpoint;
}

struct reception {
	struct net_endpoint *endpoint;
	char buffer[64];
	ssize_t got;
};

static inline int receive(void *arg)
{
	struct reception *reception = arg;

	reception->got = net_datagram_receive(reception->endpoint, reception->buffer,
					      sizeof reception->buffer, NULL);
	return (int)reception->got;
}

#endif
