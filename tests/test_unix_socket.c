/* SPDX-License-Identifier: MIT */
/* test_unix_socket.c - a client whose connections lead to a Unix socket, whatever its URLs name. */
#include "tests/peer_certificate.h"
#include "tests/raw_client.h"

static struct net_server *listening;
static const char *path;
static int accepted;
static char heard[1024]; /* the last request */

static int answer_all(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span request;
	int rc;

	accepted++;
	while ((rc = net_reader_readuntil(reader, "\r\n\r\n", 4, &request)) == 0) {
		snprintf(heard, sizeof heard, "%.*s", (int)request.len, request.ptr);
		rc = net_writer_write(writer, arg ? arg : HI, strlen(arg ? arg : HI));
		if (rc < 0 || (rc = net_writer_drain(writer)) < 0)
			break;
	}
	return rc == NET_EINCOMPLETE ? 0 : rc;
}

ASYNC_SUSPENDS
static void listen_there(struct net_tls_context *tls, const char *answer_text)
{
	accepted = 0;
	path = temp_path("socket");
	CHECK_INT(net_start_unix_server(&listening, answer_all, (void *)answer_text, path,
					&(struct net_stream_options){ .tls = tls }),
		  0);
}

ASYNC_SUSPENDS
static void stop(void)
{
	struct async_timeout limit;

	client_test_end();
	net_server_close(listening);
	net_server_abort_clients(listening);
	async_timeout_begin(&limit, 0.1);
	async_timeout_end(&limit, net_server_wait_closed(listening));
	net_server_free(listening);
}

static void use(struct http_session_options options)
{
	options.unix_socket = path;
	session = http_session_new(&options);
	CHECK(session != NULL);
}

CLIENT_TEST(all_hosts_are_behind_the_socket_and_named_in_host)
{
	char copy[108];

	listen_there(NULL, NULL);
	strcpy(copy, path);
	session = http_session_new(&(struct http_session_options){ .unix_socket = copy });
	memset(copy, 'x', 4);
	CHECK_INT(ask("http://one.test/a", NULL), 0);
	CHECK_CONTAINS(heard, "GET /a HTTP/1.1\r\nHost: one.test\r\n");
	CHECK_MEM(answer->peer, 5, "unix:", 5);
	CHECK_INT(ask("http://one.test/b", NULL), 0);
	CHECK(answer->reused);
	CHECK_INT(accepted, 1);
	/* What is one server there need not be one server here. */
	CHECK_INT(ask("http://two.test:81/", NULL), 0);
	CHECK_CONTAINS(heard, "Host: two.test:81\r\n");
	CHECK_INT(accepted, 2);
	stop();
}

CLIENT_TEST(https_is_verified_for_the_host_of_the_url)
{
	struct certificate certificate = { 0 };
	struct net_tls_context *tls;

	async_blocking("a certificate is made first", 0)
		certificate = make_certificate("DNS:one.test", 1);
	CHECK_INT(net_tls_server(&tls, certificate.cert, certificate.key), 0);
	listen_there(tls, NULL);
	use((struct http_session_options){ .ca_file = certificate.cert });
	CHECK_INT(ask("https://one.test/", NULL), 0);
	CHECK_STR(answer->tls, "TLSv1.3");
	CHECK_INT(ask("https://two.test/", NULL), NET_ETLS_CERT_HOST);
	CHECK_STR(failure.phase, "tls");
	stop();
	net_tls_context_free(tls);
}

CLIENT_TEST(no_proxy_is_asked_and_no_address_denied_but_one_in_a_url)
{
	listen_there(NULL, NULL);
	use((struct http_session_options){ .proxy = "http://127.0.0.1:1",
					   .deny_kinds = NET_KIND_LOOPBACK | NET_KIND_LINK_LOCAL });
	CHECK_INT(ask("http://one.test/", NULL), 0);
	CHECK_CONTAINS(heard, "GET / HTTP/1.1\r\n");
	CHECK_INT(ask("http://169.254.169.254/", NULL), NET_EADDR_BLOCKED);
	CHECK_INT(accepted, 1);
	stop();
}

CLIENT_TEST(a_redirect_leads_to_the_same_socket_but_not_to_addresses_nearby)
{
	listen_there(NULL, "HTTP/1.1 302 F\r\nLocation: http://127.0.0.1/\r\n"
			   "Content-Length: 0\r\n\r\n");
	use((struct http_session_options){ 0 });
	CHECK_INT(ask("http://one.test/", NULL), NET_EADDR_BLOCKED);
	stop();
}

CLIENT_TEST(a_socket_that_is_not_there_is_named)
{
	path = "/nowhere/socket";
	use((struct http_session_options){ 0 });
	CHECK_INT(ask("http://one.test/", NULL), -ENOENT);
	CHECK_STR(failure.phase, "connect");
	CHECK_STR(failure.peer, "unix:/nowhere/socket");
	CHECK_STR(async_raised(-ENOENT)->message,
		  "cannot connect to unix socket /nowhere/socket: No such file or directory");
	client_test_end();
	path = format("/%0200d", 0);
	use((struct http_session_options){ 0 });
	CHECK_INT(ask("http://one.test/", NULL), -ENAMETOOLONG);
	CHECK_INT(strlen(failure.peer), NET_ADDRESS_TEXT - 1);
}

CLIENT_TEST(a_full_queue_is_waited_for)
{
	listen_there(NULL, NULL);
	use((struct http_session_options){ .connect_timeout = 0.05 });
	fail_call("connect", 1, EAGAIN);
	CHECK_INT(ask("http://one.test/", NULL), 0);
	fail_call("connect", 0, EAGAIN);
	CHECK_INT(ask("http://two.test/", NULL), HTTP_ECONNECT_TIMEOUT);
	CHECK_CONTAINS(async_raised(HTTP_ECONNECT_TIMEOUT)->message, "its queue is full");
	fail_none();
	stop();
}

static int ask_in_need(void *arg)
{
	(void)arg;
	path = temp_path("socket");
	if (net_start_unix_server(&listening, answer_all, NULL, path, NULL) < 0)
		return 0;
	session = http_session_new(&(struct http_session_options){ .unix_socket = path });
	if (session)
		(void)ask("http://one.test/", &(struct http_options){ .timeout = 0.1 });
	stop();
	return 0;
}

static void hear(const struct async_context *context, void *arg)
{
	(void)context;
	(void)arg;
}

static int ask_unheard(void *arg)
{
	async_set_exception_handler(hear, NULL);
	return ask_in_need(arg);
}

static void run_in_need(void)
{
	(void)async_run(ask_unheard, NULL);
}

TEST_WITH_LIMIT(any_one_allocation_may_fail, 60)
{
	for_each_failing_allocation(run_in_need);
}

TEST_WITH_LIMIT(any_one_system_call_may_fail, 60)
{
	for_each_failing_syscall(run_in_need);
}
