/* SPDX-License-Identifier: MIT */
/*
 * test_hop.c - what becomes of a request on its way: repeated on a fresh connection, refused for its
 * address, or ended by TLS.
 */
#include "http/hop.h"

#include <sys/socket.h>

#include "http/follow.h"
#include "runtime/base.h"
#include "tests/certs.h"
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static struct http_session_stats stats(void)
{
	struct http_session_stats now;

	http_session_stats(session, &now);
	return now;
}

/* ---- Repetition ------------------------------------------------------------------------------ */

/* The first connection answers once and then closes on the second request. */
static const struct raw_step closes[] = { RAW_REQUEST, RAW_SEND(HI), RAW_REQUEST, RAW_END };
static const struct raw_step resets[] = { RAW_REQUEST, RAW_SEND(HI), RAW_REQUEST, RAW_RESET };
static const struct raw_step half[] = { RAW_REQUEST, RAW_SEND(HI), RAW_REQUEST,
					RAW_SEND("HTTP/1.1 2"), RAW_END };

CLIENT_TEST(items_26_27_a_lost_reused_connection_is_replaced_once_for_idempotent_requests)
{
	static const struct http_header key = { "idempotency-key", "7" };
	static const struct {
		const struct raw_step *first;
		struct http_options options;
		int rc;
	} table[] = {
		{ closes, { .method = "GET" }, 0 },
		{ closes, { .method = "HEAD" }, 0 },
		{ closes, { .method = "PUT", .body = "x", .body_size = 1 }, 0 },
		{ closes, { .method = "DELETE" }, 0 },
		{ closes, { .method = "POST" }, HTTP_ECLOSED_EARLY },
		{ closes, { .method = "PATCH" }, HTTP_ECLOSED_EARLY },
		{ closes, { .method = "POST", .headers = &key, .header_count = 1 }, 0 },
		{ resets, { .method = "GET" }, 0 },
		{ resets, { .method = "POST" }, -ECONNRESET },
		{ half, { .method = "GET" }, HTTP_ECLOSED_EARLY },
	};

	for (size_t i = 0; i < array_size(table); i++) {
		serve(table[i].first, hello);
		CHECK_INT(ask("/", NULL), 0);
		int rc = ask("/", &table[i].options);
		if (rc != table[i].rc)
			FAIL("%zu, %s: %s", i, table[i].options.method, async_errname(rc));
		CHECK_INT(server.accepted, rc == 0 ? 2 : 1);
		CHECK_INT(server.request_count, rc == 0 ? 3 : 2);
		if (rc == 0) {
			CHECK(!answer->reused);
			CHECK_STR(server.requests[1].text, server.requests[2].text);
		}
		client_test_end();
	}
}

CLIENT_TEST(a_fresh_connection_is_not_replaced)
{
	static const struct raw_step rude[] = { RAW_REQUEST, RAW_END };

	serve(rude, hello);
	CHECK_INT(ask("/", NULL), HTTP_ECLOSED_EARLY);
	CHECK_STR(failure.phase, "head");
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(a_replacement_is_fresh_and_is_not_replaced_again)
{
	static const struct raw_step rude[] = { RAW_REQUEST, RAW_END };
	struct asking asking[2] = { 0 };

	serve(closes, closes, rude, hello);
	for (int i = 0; i < 2; i++)
		ask_later(&asking[i], "/");
	for (int i = 0; i < 2; i++) {
		CHECK_INT(ask_join(&asking[i]), 0);
		asking_free(&asking[i]);
	}
	CHECK_INT(stats().idle, 2);
	CHECK_INT(ask("/", NULL), HTTP_ECLOSED_EARLY);
	CHECK_INT(server.accepted, 3);
	/* The other idle one was not spent on it. */
	CHECK_INT(stats().idle, 1);
}

CLIENT_TEST(item_16_a_late_408_on_a_reused_connection_is_no_answer)
{
	static const struct raw_step tired[] = {
		RAW_REQUEST, RAW_SEND(HI), RAW_REQUEST,
		RAW_SEND("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
			 "Connection: close\r\n\r\n"),
		RAW_END
	};
	static const struct raw_step slow[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
		RAW_AGAIN
	};
	struct http_options post = { .method = "POST", .body = "x", .body_size = 1 };

	serve(tired, hello);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(answer->status, 200);
	CHECK(!answer->reused);
	CHECK_INT(server.request_count, 3);
	client_test_end();

	/* It may have been done: that is for the caller to judge. */
	serve(tired, hello);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(ask("/", &post), 0);
	CHECK_INT(answer->status, 408);
	client_test_end();

	/* On a fresh connection it is the answer. */
	serve(slow);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(answer->status, 408);
	CHECK_INT(server.request_count, 1);
}

CLIENT_TEST(item_72_without_descriptors_idle_connections_are_given_back)
{
	static struct raw_server another;

	serve(hello);
	CHECK_INT(raw_server_start(&another, hello), 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(stats().idle, 1);
	fail_call("socket", 1, EMFILE);
	CHECK_INT(ask(another.url, NULL), 0);
	CHECK_INT(fail_count(), 1);
	CHECK_INT(stats().connections, 1);
	/* With nothing to give back it is an error, and no slot is lost. */
	pool_drop_idle(&session->pool);
	fail_call("socket", 0, EMFILE);
	for (int i = 0; i < 3; i++)
		CHECK_INT(ask("/", NULL), -EMFILE);
	fail_none();
	CHECK_INT(session->pool.leases, 0);
	CHECK_INT(ask("/", NULL), 0);
	raw_server_stop(&another);
}

/* ---- Addresses ------------------------------------------------------------------------------- */

CLIENT_TEST(item_53_an_address_on_the_deny_list_is_not_connected_to)
{
	session =
		http_session_new(&(struct http_session_options){ .deny_kinds = NET_KIND_LOOPBACK });
	serve(hello);
	CHECK_INT(ask("/", NULL), NET_EADDR_BLOCKED);
	CHECK_INT(ask(format("http://localhost:%d/", server.port), NULL), NET_EADDR_BLOCKED);
	CHECK_INT(server.accepted, 0);
}

/* A redirect that is said to come from a public address, with a real one to connect to. */
static int redirected_from(enum net_address_kind kind, const char *from, const char *to)
{
	static struct http_options options;
	struct connection connection = { .kind = kind, .parser = parser_new() };
	struct http_response *response = NULL;
	struct call call = { .session = session,
			     .options = &options,
			     .method = "GET",
			     .status = 302,
			     .due = DEADLINE_NEVER,
			     .upload = { .options = &options, .fd = -1 },
			     .seconds = { .pool = -1, .write = -1, .head = -1, .idle = -1 } };
	char why[URL_WHY];
	int rc;

	CHECK_INT(url_parse(&call.first, from, strlen(from), why), 0);
	call.url = call.first;
	call.clock = &call.timing.queue;
	limit_begin(&call.limit);
	session_enter(session, &call);
	rc = follow(&call, &connection, to);
	parser_free(connection.parser);
	if (rc == 0)
		rc = hop_make(&call, &response);
	rc = limit_end(&call.limit, rc);
	session_leave(session, &call);
	http_response_free(response);
	if (call.url != call.first)
		url_free(call.first);
	url_free(call.url);
	redirect_forget(&call.visits);
	follow_forget(call.history, call.redirects);
	return rc;
}

CLIENT_TEST(item_53_a_public_origin_cannot_send_us_to_loopback_not_even_on_an_idle_connection)
{
	serve(hello);
	session = http_session_new(NULL);
	CHECK_INT(redirected_from(NET_KIND_PUBLIC, "http://example.org/", server.url),
		  NET_EADDR_BLOCKED);
	CHECK_INT(server.accepted, 0);
	CHECK_INT(redirected_from(NET_KIND_LOOPBACK, "http://example.org/", server.url), 0);
	CHECK_INT(stats().idle, 1);
	CHECK_INT(redirected_from(NET_KIND_PUBLIC, "http://example.org/", server.url),
		  NET_EADDR_BLOCKED);
	CHECK_INT(server.request_count, 1);
	http_session_close(session);

	session =
		http_session_new(&(struct http_session_options){ .allow_private_redirects = true });
	CHECK_INT(redirected_from(NET_KIND_PUBLIC, "http://example.org/", server.url), 0);
}

/* ---- TLS ------------------------------------------------------------------------------------- */

static struct raw_server other;
static struct certs_pair certificate;

static void make_certificate(void)
{
	certificate = certs_make(&(struct certs_request){ .name = "good", .san = "IP:127.0.0.1" });
}

#define TLS_TEST(property)                                   \
	static void tls_body_##property(void);               \
	TEST(property)                                       \
	{                                                    \
		make_certificate();                          \
		client_test_run(tls_body_##property, false); \
	}                                                    \
	static void tls_body_##property(void)

static void tls_end(void)
{
	struct net_tls_context *context = server.tls;

	client_test_end();
	net_tls_context_free(context);
}

#define serve_tls(...)                                                                        \
	do {                                                                                  \
		CHECK_INT(net_tls_server(&server.tls, certificate.cert, certificate.key), 0); \
		session = http_session_new(                                                   \
			&(struct http_session_options){ .ca_file = certificate.cert });       \
		serve(__VA_ARGS__);                                                           \
	} while (0)

TLS_TEST(a_tls_connection_is_reused_and_described)
{
	serve_tls(hello);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask("/", NULL), 0);
		CHECK_STR(answer->tls, "TLSv1.3");
		CHECK_INT(answer->reused, i > 0);
		CHECK_INT(answer->timing.tls > 0, i == 0);
		raw_settle();
	}
	CHECK_INT(server.accepted, 1);
	tls_end();
}

TLS_TEST(item_60_an_end_without_close_notify_only_matters_where_it_ends_the_body)
{
	static const struct {
		struct raw_step script[4];
		int rc;
	} table[] = {
		{ { RAW_REQUEST, RAW_SEND(HI), RAW_CUT }, 0 },
		{ { RAW_REQUEST, RAW_SEND(OK "\r\nhi"), RAW_END }, 0 },
		{ { RAW_REQUEST, RAW_SEND(OK "\r\nhi"), RAW_CUT }, NET_ETLS_TRUNCATED },
		{ { RAW_REQUEST, RAW_SEND(OK "Content-Length: 3\r\n\r\nhi"), RAW_CUT },
		  HTTP_EBODY_TRUNCATED },
		{ { RAW_REQUEST, RAW_SEND(OK "Content-Length: 3\r\n\r\nhi"), RAW_END },
		  HTTP_EBODY_TRUNCATED },
		{ { RAW_REQUEST, RAW_SEND(OK), RAW_CUT }, HTTP_ECLOSED_EARLY },
	};

	for (size_t i = 0; i < array_size(table); i++) {
		serve_tls(table[i].script);
		int rc = ask("/", NULL);
		if (rc != table[i].rc)
			FAIL("%zu: %s", i, async_errname(rc));
		tls_end();
	}
}

TLS_TEST(item_50_from_https_to_http_is_redirect_downgrade_unless_allowed)
{
	struct raw_step script[] = { RAW_REQUEST, { 0 }, RAW_AGAIN };
	const char *head;

	CHECK_INT(raw_server_start(&other, hello), 0);
	head = format("HTTP/1.1 302 F\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", other.url);
	script[1] = (struct raw_step)RAW_SEND_BYTES(head, strlen(head));
	serve_tls(script);
	CHECK_INT(ask("/", NULL), HTTP_EREDIRECT_DOWNGRADE);
	CHECK_INT(other.accepted, 0);
	CHECK_INT(ask("/", &(struct http_options){ .allow_downgrade = true }), 0);
	CHECK_INT(other.accepted, 1);
	raw_server_stop(&other);
	tls_end();
}

TLS_TEST(many_first_requests_over_tls_share_one_loading_of_the_certificates)
{
	struct asking asking[8] = { 0 };

	serve_tls(hello);
	for (int i = 0; i < 8; i++)
		ask_later(&asking[i], "/");
	async_sleep(0);
	async_cancel(asking[0].task);
	for (int i = 0; i < 8; i++) {
		CHECK_INT(ask_join(&asking[i]), i == 0 ? ASYNC_ECANCELED : 0);
		asking_free(&asking[i]);
	}
	tls_end();
}

TLS_TEST(plain_http_on_the_tls_port_and_an_unknown_authority_are_told_apart)
{
	static const struct raw_step plain[] = { RAW_SEND("HTTP/1.1 400 Bad\r\n\r\n"), RAW_HOLD,
						 RAW_END };

	session = http_session_new(&(struct http_session_options){ .ca_file = certificate.cert });
	serve(plain);
	CHECK_INT(ask(format("https://127.0.0.1:%d/", server.port), NULL), NET_ETLS_PROTOCOL);
	CHECK_STR(failure.phase, "tls");
	client_test_end();
	serve_tls(hello);
	http_session_close(session);
	session = http_session_new(&(struct http_session_options){ .insecure = true });
	CHECK_INT(ask("/", NULL), 0);
	http_session_close(session);
	session = http_session_new(&(struct http_session_options){ .ca_file = "/nonexistent" });
	CHECK_INT(ask("/", NULL), NET_ETLS_CONFIG);
	tls_end();
}
