/* SPDX-License-Identifier: MIT */
/* test_tls_session.c - the second connection to a host resumes the session of the first. */
#include <openssl/ssl.h>
#include <stdlib.h>

#include "net/tls.h"
#include "tests/harness.h"
#include "tests/tls_pair.h"

struct visit {
	struct tls_pair pair;
	struct net_listener *listener;
};

static int serve(void *arg)
{
	struct visit *visit = arg;
	char byte;

	CHECK_INT(net_accept(visit->listener, &visit->pair.server), 0);
	CHECK_INT(net_start_tls_server(visit->pair.server, visit->pair.server_side), 0);
	CHECK_INT(net_read(visit->pair.server, &byte, 1), 1);
	CHECK_INT(net_write(visit->pair.server, "x", 1), 0);
	return 0;
}

/* One connection, on which a byte goes each way; was it resumed? */
static bool come(struct visit *visit, const char *name)
{
	struct net_connect_options options = { .tls = visit->pair.client_side, .tls_name = name };
	struct async_task *task = async_create_task(serve, visit);
	bool resumed;
	char byte;

	CHECK(task != NULL);
	CHECK_INT(net_connect(&visit->pair.client, "127.0.0.1", net_listener_port(visit->listener),
			      &options),
		  0);
	CHECK_INT(net_write(visit->pair.client, "x", 1), 0);
	CHECK_INT(net_read(visit->pair.client, &byte, 1), 1);
	CHECK_INT(async_await(task), 0);
	async_task_release(task);
	resumed = net_tls_resumed(visit->pair.client);
	CHECK_INT(net_tls_resumed(visit->pair.server), resumed);
	tls_pair_part(&visit->pair);
	return resumed;
}

static int come_again(void *arg)
{
	struct visit visit = { .pair = tls_pair_settings() };

	if (arg)
		SSL_CTX_set_max_proto_version(tls_context_settings(visit.pair.server_side),
					      TLS1_2_VERSION);
	CHECK_INT(net_listen(&visit.listener, "127.0.0.1", 0), 0);
	CHECK(!come(&visit, "localhost"));
	CHECK(come(&visit, "localhost"));
	CHECK(come(&visit, "localhost"));
	CHECK(!come(&visit, "127.0.0.1")); /* another name has sessions of its own */
	CHECK(come(&visit, "127.0.0.1"));
	CHECK(come(&visit, "localhost"));
	net_listener_close(visit.listener);
	tls_pair_end(&visit.pair);
	return 0;
}

TEST(the_second_connection_to_a_host_resumes_the_first)
{
	tls_pair_certificates();
	CHECK_INT(async_run(come_again, NULL), 0);
}

TEST(so_it_does_with_tls_1_2)
{
	tls_pair_certificates();
	CHECK_INT(async_run(come_again, "1.2"), 0);
}

TEST(at_most_256_sessions_are_kept_and_the_oldest_goes)
{
	struct tls_sessions sessions = { 0 };
	char name[32];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof name, "host%d:443", i);
		CHECK(tls_sessions_put(&sessions, name, SSL_SESSION_new()));
	}
	CHECK_INT(sessions.count, 256);
	CHECK(tls_sessions_put(&sessions, "host0:443", SSL_SESSION_new())); /* instead of the old */
	CHECK_INT(sessions.count, 256);
	CHECK(tls_sessions_put(&sessions, "new:443", SSL_SESSION_new()));
	CHECK_INT(sessions.count, 256);
	tls_sessions_clear(&sessions);
	CHECK_INT(sessions.count, 0);
}
