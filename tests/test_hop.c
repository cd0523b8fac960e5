/* SPDX-License-Identifier: MIT */
/*
 * test_hop.c - what becomes of a request on its way: repeated on a fresh connection, sent on by a
 * redirect, refused by an address, or ended by TLS.
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

/* ---- Redirects ------------------------------------------------------------------------------- */

static const char *line_of(int request)
{
	const char *text = server.requests[request].text;

	return format("%.*s", (int)strcspn(text, "\r"), text);
}

static const char *body_of(int request)
{
	return strstr(server.requests[request].text, "\r\n\r\n") + 4;
}

CLIENT_TEST(methods_bodies_and_body_headers_change_together_on_the_wire)
{
	static const struct {
		int status;
		const char *method, *next;
		bool keeps_body;
	} table[] = {
		{ 301, "POST", "GET", false }, { 302, "POST", "GET", false },
		{ 303, "POST", "GET", false }, { 307, "POST", "POST", true },
		{ 308, "POST", "POST", true }, { 302, "PUT", "PUT", true },
		{ 303, "PUT", "GET", false },
	};
	static const struct http_header headers[] = { { "Content-Type", "text/x" },
						      { "X-Api-Key", "secret" } };

	for (size_t i = 0; i < array_size(table); i++) {
		const char *head = format("HTTP/1.1 %d X\r\nLocation: ../next?a=b#c\r\n"
					  "Content-Length: 5\r\n\r\nmoved",
					  table[i].status);
		const struct raw_step script[] = { RAW_REQUEST, RAW_SEND_BYTES(head, strlen(head)),
						   RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
		struct http_options options = { .method = table[i].method,
						.headers = headers,
						.header_count = 2,
						.body = "data",
						.body_size = 4 };

		serve(script);
		CHECK_INT(ask("/a/b", &options), 0);
		CHECK_STR(line_of(1), format("%s /next?a=b HTTP/1.1", table[i].next));
		CHECK_STR(body_of(1), table[i].keeps_body ? "data" : "");
		CHECK_INT(strstr(server.requests[1].text, "Content-Type") != NULL,
			  table[i].keeps_body);
		CHECK_CONTAINS(server.requests[1].text, "X-Api-Key: secret");
		CHECK_INT(answer->redirects, 1);
		CHECK_STR(answer->url, format("%snext?a=b", server.url));
		CHECK_INT(server.accepted, 1);
		client_test_end();
	}
}

CLIENT_TEST(as_many_redirects_are_followed_as_allowed_and_the_next_is_redirect_limit)
{
	static const struct raw_step deeper[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: a/\r\nContent-Length: 0\r\n\r\n"), RAW_AGAIN
	};

	serve(deeper);
	CHECK_INT(ask("/", NULL), HTTP_EREDIRECT_LIMIT);
	CHECK_INT(server.request_count, 11);
	CHECK_STR(line_of(10), "GET /a/a/a/a/a/a/a/a/a/a/ HTTP/1.1");
	CHECK_STR(failure.phase, "redirect");
	CHECK_INT(failure.status, 302);
	CHECK_INT(ask("/", &(struct http_options){ .max_redirects = 1 }), HTTP_EREDIRECT_LIMIT);
	CHECK_INT(server.request_count, 13);
	CHECK_INT(ask("/", &(struct http_options){ .max_redirects = -1 }), 0);
	CHECK_INT(answer->status, 302);
	CHECK_INT(server.request_count, 14);
}

CLIENT_TEST(item_49_a_redirect_loop_is_seen_before_it_is_run)
{
	static const struct raw_step circle[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"), RAW_AGAIN
	};
	static const struct raw_step self[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 302 F\r\nLocation: ./?#x\r\n\r\n"), RAW_END
	};

	serve(circle);
	CHECK_INT(ask("/a", NULL), HTTP_EREDIRECT_LOOP);
	CHECK_INT(server.request_count, 2);
	client_test_end();
	serve(self);
	CHECK_INT(ask("/?", NULL), HTTP_EREDIRECT_LOOP);
	CHECK_INT(server.request_count, 1);
}

CLIENT_TEST(a_form_that_leads_back_to_its_own_page_is_no_loop)
{
	static const struct raw_step form[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 303 S\r\nLocation: /form\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN
	};

	serve(form);
	CHECK_INT(ask("/form", &(struct http_options){ .method = "POST" }), 0);
	CHECK_STR(line_of(1), "GET /form HTTP/1.1");
}

CLIENT_TEST(item_55_a_missing_or_empty_location_makes_the_3xx_the_response)
{
	static const struct raw_step none[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nContent-Length: 4\r\n\r\nnone"),
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation:\r\nContent-Length: 5\r\n\r\nempty"),
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 300 M\r\nLocation: /x\r\nContent-Length: 6\r\n\r\nchoice"),
		RAW_AGAIN
	};
	static const char *const bodies[] = { "none", "empty", "choice" };

	serve(none);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask("/", NULL), 0);
		CHECK_INT(answer->status, i == 2 ? 300 : 302);
		CHECK_STR(answer->body.ptr, bodies[i]);
	}
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(the_body_of_a_redirect_is_read_unless_it_is_long)
{
	static const struct raw_step large[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 1000000\r\n\r\nx"),
		RAW_HOLD, RAW_END
	};
	static const struct raw_step endless[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\n\r\n"), RAW_FLOOD("x"),
		RAW_END
	};

	serve(large, hello);
	CHECK_INT(ask("/a", NULL), 0);
	CHECK_INT(server.accepted, 2);
	client_test_end();
	serve(endless, hello);
	CHECK_INT(ask("/a", NULL), 0);
	CHECK_INT(server.accepted, 2);
}

CLIENT_TEST(item_52_other_schemes_and_unusable_locations_are_refused)
{
	static const struct {
		const char *location;
		int rc;
	} table[] = {
		{ "ftp://127.0.0.1/", HTTP_EREDIRECT_BLOCKED },
		{ "file:///etc/passwd", HTTP_EREDIRECT_BLOCKED },
		{ "javascript:alert(1)", HTTP_EREDIRECT_BLOCKED },
		{ "http://127.0.0.1:99999/", HTTP_EURL },
		{ "http://", HTTP_EURL },
	};

	for (size_t i = 0; i < array_size(table); i++) {
		const char *head =
			format("HTTP/1.1 301 M\r\nLocation: %s\r\n\r\n", table[i].location);
		const struct raw_step script[] = { RAW_REQUEST, RAW_SEND_BYTES(head, strlen(head)),
						   RAW_END };

		serve(script);
		CHECK_INT(ask("/", NULL), table[i].rc);
		CHECK_STR(failure.phase, "redirect");
		CHECK_INT(server.accepted, 1);
		client_test_end();
	}
}

static struct raw_server other;

CLIENT_TEST(item_51_nothing_of_the_callers_but_accept_and_user_agent_crosses_an_origin_and_back)
{
	static const struct http_header headers[] = {
		{ "Authorization", "Bearer secret" },
		{ "Cookie", "secret" },
		{ "X-Api-Key", "secret" },
		{ "accept", "text/x" },
		{ "User-Agent", "mine/1" },
		{ "Cookie", "secret" },
		{ "Content-Type", "text/y" },
	};
	struct http_options options = { .method = "PUT",
					.headers = headers,
					.header_count = array_size(headers),
					.body = "x",
					.body_size = 1 };
	const char *away, *back;
	struct raw_step leave[] = { RAW_REQUEST, { 0 }, RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	struct raw_step return_[] = {
		RAW_REQUEST, RAW_SEND("HTTP/1.1 307 T\r\nLocation: z\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST, { 0 }, RAW_END
	};

	serve(leave);
	CHECK_INT(raw_server_start(&other, return_), 0);
	away = format("HTTP/1.1 307 T\r\nLocation: http://u:p@127.0.0.1:%d/x\r\n"
		      "Content-Length: 0\r\n\r\n",
		      other.port);
	back = format("HTTP/1.1 307 T\r\nLocation: %sy\r\nContent-Length: 0\r\n\r\n", server.url);
	leave[1] = (struct raw_step)RAW_SEND_BYTES(away, strlen(away));
	return_[3] = (struct raw_step)RAW_SEND_BYTES(back, strlen(back));

	CHECK_INT(ask(format("http://name:word@127.0.0.1:%d/", server.port), &options), 0);
	CHECK_CONTAINS(server.requests[0].text, "Bearer secret");
	CHECK_STR(other.requests[0].text,
		  format("PUT /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: identity\r\n"
			 "accept: text/x\r\nUser-Agent: mine/1\r\nContent-Type: text/y\r\n"
			 "Content-Length: 1\r\n\r\nx",
			 other.port));
	/* Nor do they come back for a second request there, nor for one at home. */
	CHECK_CONTAINS(other.requests[1].text, "PUT /z ");
	CHECK(!strstr(other.requests[1].text, "Authorization"));
	CHECK(!strstr(server.requests[1].text, "secret"));
	CHECK(!strstr(server.requests[1].text, "Authorization"));
	raw_server_stop(&other);
}

CLIENT_TEST(user_information_of_the_url_stays_with_its_origin)
{
	static const struct raw_step once[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN
	};

	serve(once);
	CHECK_INT(ask(format("http://name:word@127.0.0.1:%d/", server.port), NULL), 0);
	for (int i = 0; i < 2; i++)
		CHECK_CONTAINS(server.requests[i].text,
			       "\r\nAuthorization: Basic bmFtZTp3b3Jk\r\n");
	CHECK(!strstr(answer->url, "word"));
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
	struct connection connection = { .kind = kind };
	struct http_response *response = NULL;
	struct call call = { .session = session,
			     .options = &options,
			     .method = "GET",
			     .status = 302,
			     .due = DEADLINE_NEVER,
			     .seconds = { .pool = -1, .head = -1, .idle = -1 } };
	char why[URL_WHY];
	int rc;

	CHECK_INT(url_parse(&call.first, from, strlen(from), why), 0);
	call.url = call.first;
	call.clock = &call.timing.queue;
	limit_begin(&call.limit);
	session_enter(session, &call);
	rc = follow(&call, &connection, to);
	if (rc == 0)
		rc = hop_make(&call, &response);
	rc = limit_end(&call.limit, rc);
	session_leave(session, &call);
	http_response_free(response);
	if (call.url != call.first)
		url_free(call.first);
	url_free(call.url);
	redirect_forget(&call.visits);
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
