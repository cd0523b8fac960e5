/* SPDX-License-Identifier: MIT */
/* test_tunnel.c - the client by way of proxies: hostile.md's item 80, CONNECT, SOCKS5. */
#include <stdlib.h>

#include "net/lookup.h"
#include "runtime/base.h"
#include "tests/certs.h"
#include "tests/peer_proxy.h"
#include "tests/raw_client.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
static struct certs_pair certificate;
static struct peer_proxy proxy;

static void set_up(struct peer_proxy kind, const char *scheme, const char *user, const char *ca)
{
	proxy = kind;
	proxy.target = server.port;
	peer_proxy_start(&proxy);
	session = http_session_new(&(struct http_session_options){
		.proxy = format("%s://%s127.0.0.1:%d", scheme, user, proxy.port),
		.ca_file = ca,
	});
	CHECK(session != NULL);
}

static void tear_down(void)
{
	struct net_tls_context *tls = server.tls;

	if (session)
		http_session_close(session);
	session = NULL;
	peer_proxy_stop(&proxy);
	client_test_end();
	net_tls_context_free(tls);
	server.tls = NULL;
}

static void serve_tls(void)
{
	CHECK_INT(net_tls_server(&server.tls, certificate.cert, certificate.key), 0);
	serve(hello);
}

/* Certificates are made outside the loop, which openssl(1) would hold. */
#define TLS_TEST(property)                                        \
	static void tls_body_##property(void);                    \
	TEST(property)                                            \
	{                                                         \
		certificate = certs_make(&(struct certs_request){ \
			.name = "origin",                         \
			.san = "DNS:origin.test,IP:127.0.0.1",    \
		});                                               \
		client_test_run(tls_body_##property, false);      \
	}                                                         \
	static void tls_body_##property(void)

/* ---- http: the proxy is asked for the URL itself --------------------------------------------- */

CLIENT_TEST(a_plain_url_is_asked_of_the_proxy_whole_with_its_credentials_apart)
{
	serve(hello);
	session = http_session_new(&(struct http_session_options){
		.proxy = format("http://me:secret@127.0.0.1:%d", server.port) });
	CHECK_INT(ask("http://origin.test:81/a?b", NULL), 0);
	CHECK_STR(answer->url, "http://origin.test:81/a?b");
	CHECK_CONTAINS(server.requests[0].text,
		       "GET http://origin.test:81/a?b HTTP/1.1\r\nHost: origin.test:81\r\n");
	CHECK_CONTAINS(server.requests[0].text, "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n");
	CHECK_INT(ask("http://origin.test:81/", NULL), 0);
	CHECK(answer->reused);
	client_test_end();
}

CLIENT_TEST(item_80_a_407_is_proxy_auth_and_no_response)
{
	static const struct raw_step closed[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 407 Auth\r\nContent-Length: 0\r\n\r\n"), RAW_AGAIN
	};

	serve(closed);
	session = http_session_new(&(struct http_session_options){
		.proxy = format("http://127.0.0.1:%d", server.port) });
	CHECK_INT(ask("http://origin.test/", NULL), HTTP_EPROXY_AUTH);
	CHECK_STR(failure.phase, "proxy");
	CHECK_STR(async_raised(HTTP_EPROXY_AUTH)->message,
		  format("proxy 127.0.0.1:%d wants credentials (407)", server.port));
}

CLIENT_TEST(what_is_excepted_goes_straight)
{
	serve(hello);
	session = http_session_new(&(struct http_session_options){ .proxy = "http://127.0.0.1:1",
								   .no_proxy = "127.0.0.0/8" });
	CHECK_INT(ask("/x", NULL), 0);
	CHECK_CONTAINS(server.requests[0].text, "GET /x HTTP/1.1\r\n");
}

CLIENT_TEST(a_proxy_that_does_not_listen_is_named)
{
	session = http_session_new(&(struct http_session_options){ .proxy = "http://127.0.0.1:1" });
	CHECK_INT(ask("http://origin.test/", NULL), -ECONNREFUSED);
	CHECK_STR(failure.peer, "127.0.0.1:1");
}

CLIENT_TEST(a_proxy_that_is_none_is_refused_when_the_session_is_made)
{
	CHECK(!http_session_new(&(struct http_session_options){ .proxy = "ftp://h" }));
	CHECK_STR(async_raised(HTTP_EURL)->message,
		  "proxy: a proxy is http://, socks5:// or socks5h://");
}

CLIENT_TEST(an_address_that_is_denied_is_not_asked_of_a_proxy_either)
{
	serve(hello);
	session = http_session_new(
		&(struct http_session_options){ .proxy = format("http://127.0.0.1:%d", server.port),
						.deny_kinds = NET_KIND_LINK_LOCAL });
	CHECK_INT(ask("http://169.254.169.254/", NULL), NET_EADDR_BLOCKED);
	CHECK_INT(server.accepted, 0);
}

/* ---- https: a tunnel ------------------------------------------------------------------------- */

TLS_TEST(https_goes_through_a_tunnel_and_is_verified_for_the_origin)
{
	serve_tls();
	set_up((struct peer_proxy){ 0 }, "http", "me:secret@", certificate.cert);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(ask("https://origin.test/a", &(struct http_options){ 0 }), 0);
		CHECK_STR(answer->tls, "TLSv1.3");
		CHECK_INT(answer->reused, i);
	}
	CHECK_INT(proxy.tunnels, 1);
	CHECK_CONTAINS(proxy.heard,
		       "CONNECT origin.test:443 HTTP/1.1\r\nHost: origin.test:443\r\n");
	CHECK_CONTAINS(proxy.heard, "\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n");
	CHECK_CONTAINS(server.requests[0].text, "GET /a HTTP/1.1\r\n");
	CHECK(!strstr(server.requests[0].text, "Proxy"));
	/* Another name: the certificate is not for the proxy, nor for anything behind it. */
	CHECK_INT(ask("https://other.test/", NULL), NET_ETLS_CERT_HOST);
	CHECK_STR(failure.phase, "tls");
	tear_down();
}

static void check_answer(const char *answer_, size_t size, int rc, const char *words)
{
	serve(hello);
	set_up((struct peer_proxy){ .answer = answer_, .answer_size = size }, "http", "", NULL);
	CHECK_INT(ask("https://origin.test/", NULL), rc);
	CHECK_STR(failure.phase, "proxy");
	CHECK_CONTAINS(async_raised(rc)->message, words);
	CHECK_INT(server.accepted, 0);
	tear_down();
}
#define SAYS(text) (text), sizeof(text) - 1

TLS_TEST(item_80_what_a_proxy_answers_instead_of_a_tunnel_has_codes_of_its_own)
{
	check_answer(SAYS("HTTP/1.1 407 Authentication\r\n\r\n"), HTTP_EPROXY_AUTH, "(407)");
	check_answer(SAYS("HTTP/1.0 401 Unauthorized\r\n\r\n"), HTTP_EPROXY_AUTH, "(401)");
	check_answer(SAYS("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!"), HTTP_EPROXY_REFUSED,
		     "does not connect to origin.test:443: 403 Forbidden");
	check_answer(SAYS("HTTP/1.0 502 Bad\r\n\r\n<html>"), HTTP_EPROXY_REFUSED, "502");
	check_answer(SAYS("HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n"), HTTP_EPROXY_REFUSED,
		     "302");
	check_answer(SAYS("HTTP/1.1 200 OK\r\n"), HTTP_EPROXY_PROTOCOL, "closed");
	check_answer(SAYS(""), HTTP_EPROXY_PROTOCOL, "closed the connection");
	check_answer(SAYS("SSH-2.0-x\r\n\r\n"), HTTP_EPROXY_PROTOCOL, "");
}

TLS_TEST(item_80_what_comes_with_the_head_of_a_tunnel_is_refused)
{
	check_answer(SAYS("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), HTTP_EPROXY_PROTOCOL,
		     "more than a head");
}

CLIENT_TEST(item_80_a_proxy_that_never_answers_is_a_connect_timeout)
{
	serve(hello);
	set_up((struct peer_proxy){ .mute = true }, "http", "", NULL);
	CHECK_INT(ask("https://origin.test/", &(struct http_options){ .connect_timeout = 0.05 }),
		  HTTP_ECONNECT_TIMEOUT);
	CHECK_STR(failure.phase, "proxy");
	tear_down();
}

/* ---- SOCKS5 ---------------------------------------------------------------------------------- */

CLIENT_TEST(socks5h_lets_the_proxy_look_names_up)
{
	serve(hello);
	set_up((struct peer_proxy){ .socks = true }, "socks5h", "", NULL);
	CHECK_INT(ask("http://origin.test:81/a", NULL), 0);
	CHECK_STR(proxy.heard, "origin.test:81");
	CHECK_CONTAINS(server.requests[0].text, "GET /a HTTP/1.1\r\nHost: origin.test:81\r\n");
	tear_down();
}

CLIENT_TEST(socks5_looks_names_up_here)
{
	serve(hello);
	set_up((struct peer_proxy){ .socks = true }, "socks5", "", NULL);
	CHECK_INT(ask("http://127.0.0.9:82/", NULL), 0);
	CHECK_STR(proxy.heard, "127.0.0.9:82");
	CHECK_INT(ask("http://no-such-name.invalid/", NULL), NET_EDNS_NXDOMAIN);
	tear_down();
}

static int families[4], asked;

/* Whatever the name, in the family that is asked for. */
static int answer_in_family(const char *name, const char *service, const struct addrinfo *hints,
			    struct addrinfo **list)
{
	static struct net_address address;
	static struct addrinfo info;
	bool six = hints->ai_family == AF_INET6;

	(void)name;
	(void)service;
	families[asked++] = hints->ai_family;
	CHECK_INT(net_address_parse(&address, six ? "fc00::7" : "10.0.0.7", 1), 0);
	info = (struct addrinfo){ .ai_family = address.any.sa_family,
				  .ai_addr = &address.any,
				  .ai_addrlen = address.length };
	*list = &info;
	return 0;
}

static void keep_list(struct addrinfo *list)
{
	(void)list;
}

CLIENT_TEST(socks5_gets_an_address_of_the_family_that_is_wanted)
{
	static const struct {
		int family;
		const char *heard;
	} table[] = { { AF_INET, "10.0.0.7:81" }, { AF_INET6, "[IPv6]:81" } };

	lookup_getaddrinfo = answer_in_family;
	lookup_freeaddrinfo = keep_list;
	for (int i = 0; i < 2; i++) {
		const char *place;

		serve(hello);
		proxy = (struct peer_proxy){ .socks = true, .target = server.port };
		peer_proxy_start(&proxy);
		place = format("proxy.test:%d:127.0.0.1", proxy.port);
		session = http_session_new(&(struct http_session_options){
			.proxy = format("socks5://proxy.test:%d", proxy.port),
			.resolve = &place,
			.resolve_count = 1,
			.family = table[i].family });
		CHECK_INT(ask(format("http://origin%d.test:81/", i), NULL), 0);
		CHECK_STR(proxy.heard, table[i].heard);
		CHECK_INT(asked, i + 1);
		CHECK_INT(families[i], table[i].family);
		CHECK_INT(ask(i ? "http://127.0.0.9/" : "http://[::1]/", NULL), NET_EDNS_FAILED);
		tear_down();
	}
}

CLIENT_TEST(socks5_gets_the_address_that_was_given_and_socks5h_the_name)
{
	const char *const given[] = { "origin.test:81:169.254.0.1,10.0.0.9", "never.test:80:::1" };
	const char *const schemes[] = { "socks5", "socks5h" };

	for (int i = 0; i < 2; i++) {
		serve(hello);
		proxy = (struct peer_proxy){ .socks = true, .target = server.port };
		peer_proxy_start(&proxy);
		session = http_session_new(&(struct http_session_options){
			.proxy = format("%s://127.0.0.1:%d", schemes[i], proxy.port),
			.deny_kinds = NET_KIND_LINK_LOCAL,
			.resolve = given,
			.resolve_count = 2 });
		CHECK_INT(ask("http://origin.test:81/", NULL), 0);
		CHECK_STR(proxy.heard, i ? "origin.test:81" : "10.0.0.9:81");
		CHECK_CONTAINS(server.requests[0].text, "Host: origin.test:81\r\n");
		tear_down();
	}
}

CLIENT_TEST(socks5_has_a_user_and_a_password)
{
	serve(hello);
	set_up((struct peer_proxy){ .socks = true, .wants_user = true }, "socks5h", "a%3ab:c:d@",
	       NULL);
	CHECK_INT(ask("http://origin.test/", NULL), 0);
	CHECK_STR(proxy.user, "a:b:c:d");
	/* The peer accepts one login. */
	CHECK_INT(ask("http://other.test/", NULL), HTTP_EPROXY_AUTH);
	tear_down();
	serve(hello);
	set_up((struct peer_proxy){ .socks = true, .wants_user = true }, "socks5h", "", NULL);
	CHECK_INT(ask("http://origin.test/", NULL), HTTP_EPROXY_AUTH);
	tear_down();
}

TLS_TEST(https_through_socks5_is_verified_for_the_origin)
{
	serve_tls();
	set_up((struct peer_proxy){ .socks = true }, "socks5h", "", certificate.cert);
	CHECK_INT(ask("https://origin.test/", NULL), 0);
	CHECK_STR(answer->tls, "TLSv1.3");
	CHECK_STR(proxy.heard, "origin.test:443");
	tear_down();
}

CLIENT_TEST(item_80_what_a_socks_proxy_answers_has_the_same_codes)
{
	static const struct {
		const char *answer;
		size_t size;
		int rc;
		const char *words;
	} cases[] = {
		{ SAYS("\5\5\0\1\0\0\0\0\0\0"), HTTP_EPROXY_REFUSED, "connection refused" },
		{ SAYS("\5\x63\0\1\0\0\0\0\0\0"), HTTP_EPROXY_REFUSED, "unknown reply" },
		{ SAYS("\4\0\0\1\0\0\0\0\0\0"), HTTP_EPROXY_PROTOCOL, "does not speak SOCKS5" },
		{ SAYS("\5\0\0\7\0\0\0\0\0\0"), HTTP_EPROXY_PROTOCOL, "does not speak SOCKS5" },
		{ SAYS("\5\0\0\1\0"), HTTP_EPROXY_PROTOCOL, "closed" },
		{ SAYS(""), HTTP_EPROXY_PROTOCOL, "closed" },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		serve(hello);
		set_up((struct peer_proxy){ .socks = true,
					    .answer = cases[i].answer,
					    .answer_size = cases[i].size },
		       "socks5h", "", NULL);
		CHECK_INT(ask("http://origin.test/", NULL), cases[i].rc);
		CHECK_CONTAINS(async_raised(cases[i].rc)->message, cases[i].words);
		tear_down();
	}
}
