/* SPDX-License-Identifier: MIT */
/* test_collect_auth.c - who build/collect says that it is, to whom; and whom it asks on a Unix socket. */
#include "tests/peer_upstream.h"
#include "tests/raw_client.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static int run_it(void *arg)
{
	run_program(arg);
	return 0;
}

/* One run against the server; $URL is its URL. */
#define RUN(...) run_with(ARGV("API_PASSWORD=se:cret", "API_TOKEN=t0ken"), ARGV(__VA_ARGS__))
ASYNC_SUSPENDS
static void run_with(const char *const *env, const char *const *options)
{
	const char *argv[16] = { built("collect"), "--summary", "none", "--retry", "0" };
	size_t argc = 5;

	for (; *options; options++)
		argv[argc++] = strcmp(*options, "$URL") ? *options : server.url;
	collect = (struct program){ .argv = argv, .env = env };
	CHECK_INT(async_to_thread(run_it, &collect), 0);
	CHECK(!strstr(collect.err, "se:cret") && !strstr(collect.err, "t0ken"));
}

CLIENT_TEST(a_password_and_a_token_come_from_the_environment)
{
	serve(hello);
	RUN("-u", "me:env:API_PASSWORD", "$URL");
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(server.requests[0].text, "\r\nAuthorization: Basic bWU6c2U6Y3JldA==\r\n");
	RUN("--bearer-env", "API_TOKEN", "$URL");
	CHECK_CONTAINS(server.requests[1].text, "\r\nAuthorization: Bearer t0ken\r\n");
	RUN("-u", "me", "$URL");
	CHECK_CONTAINS(server.requests[2].text, "\r\nAuthorization: Basic bWU6\r\n");
	/* A header of one's own comes first. */
	RUN("-u", "me", "-H", "Authorization: X", "$URL");
	CHECK_CONTAINS(server.requests[3].text, "\r\nAuthorization: X\r\n");
	CHECK(!strstr(server.requests[3].text, "Basic"));
}

CLIENT_TEST(what_cannot_be_meant_is_said_before_anything_is_sent)
{
	serve(hello);
	RUN("-u", "me:se:cret", "$URL");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "--user is USER or USER:env:NAME");
	RUN("--bearer-env", "NO_SUCH", "$URL");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "--bearer-env: the environment has no NO_SUCH");
	RUN("-u", "me", "--bearer-env", "API_TOKEN", "$URL");
	CHECK_INT(collect.status, 2);
	RUN("--netrc-file", "/nowhere/netrc", "$URL");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "--netrc: /nowhere/netrc: No such file or directory");
	RUN("-u", "me:env:API_PASSWORD", "$URL", "http://elsewhere.test/");
	CHECK_INT(collect.status, 2);
	CHECK_CONTAINS(collect.err, "--user would go to several hosts");
	CHECK_INT(server.accepted, 0);
}

CLIENT_TEST(whoever_asks_has_a_name_and_may_not_go_everywhere)
{
	serve(hello);
	RUN("-A", "me/1", "$URL");
	CHECK_CONTAINS(server.requests[0].text, "\r\nUser-Agent: me/1\r\n");
	RUN("--addr-deny", "link-local,loopback", "$URL");
	CHECK_INT(collect.status, 4);
	CHECK_CONTAINS(collect.out, "\"code\":\"addr_blocked\"");
	CHECK_INT(server.request_count, 1);
}

CLIENT_TEST(a_netrc_has_them_for_its_hosts)
{
	const char *file = temp_file("netrc", "machine 127.0.0.1 login me password \"se:cret\"\n");

	serve(hello);
	RUN("--netrc-file", file, "$URL");
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(server.requests[0].text, "\r\nAuthorization: Basic bWU6c2U6Y3JldA==\r\n");
	CHECK_INT(rename(file, temp_path(".netrc")), 0);
	run_with(ARGV(format("HOME=%s", temp_dir())), ARGV("--netrc", "$URL"));
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(server.requests[1].text, "\r\nAuthorization: Basic ");
}

static char heard[1024];

static int answer_once(struct net_reader *reader, struct net_writer *writer, void *arg)
{
	struct net_span request;
	int rc = net_reader_readuntil(reader, "\r\n\r\n", 4, &request);

	(void)arg;
	if (rc < 0)
		return rc;
	snprintf(heard, sizeof heard, "%.*s", (int)request.len, request.ptr);
	net_writer_write(writer, HI, strlen(HI));
	return net_writer_drain(writer);
}

CLIENT_TEST(a_unix_socket_is_asked_for_any_host)
{
	const char *path = temp_path("socket");
	struct net_server *listening;

	CHECK_INT(net_start_unix_server(&listening, answer_once, NULL, path, NULL), 0);
	RUN("--unix-socket", path, "http://one.test:81/x");
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(heard, "GET /x HTTP/1.1\r\nHost: one.test:81\r\n");
	CHECK_CONTAINS(collect.out, format("\"peer\":\"unix:%s", path));
	net_server_close(listening);
	CHECK_INT(net_server_wait_closed(listening), 0);
	net_server_free(listening);
	RUN("--unix-socket", path, "http://one.test/");
	CHECK_INT(collect.status, 4);
	CHECK_CONTAINS(collect.out, "cannot connect to unix socket");
}
