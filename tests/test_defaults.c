/* SPDX-License-Identifier: MIT */
/* test_defaults.c - what sessions and options add to a request, and who gets to see it. */
#include <stdlib.h>

#include "runtime/base.h"
#include "tests/raw_client.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static const char *last_request(void)
{
	return server.requests[server.request_count - 1].text;
}

static bool was_sent(const char *text)
{
	return strstr(last_request(), text) != NULL;
}

static void open_session(struct http_session_options options)
{
	session = http_session_new(&options);
	CHECK(session != NULL);
}

CLIENT_TEST(parameters_are_added_to_the_query)
{
	static const struct http_param params[] = { { "page", "2" }, { "q", "a b" } };

	serve(hello);
	CHECK_INT(ask("/x?y=1", &(struct http_options){ .params = params, .param_count = 2 }), 0);
	CHECK(was_sent("GET /x?y=1&page=2&q=a%20b HTTP/1.1\r\n"));
}

CLIENT_TEST(a_session_has_a_base_and_headers_that_a_request_may_replace)
{
	static const struct http_header defaults[] = { { "X-Key", "session" },
						       { "Accept", "a/b" } };
	static const struct http_header own[] = { { "x-key", "own" } };

	serve(hello);
	open_session((struct http_session_options){
		.base_url = format("%sv1/", server.url), .headers = defaults, .header_count = 2 });
	CHECK_INT(http_request(session, "users", NULL, &answer), 0);
	CHECK(was_sent("GET /v1/users HTTP/1.1\r\n"));
	CHECK(was_sent("X-Key: session\r\n") && was_sent("Accept: a/b\r\n"));
	CHECK(!was_sent("Accept: */*"));
	http_response_free(answer);
	CHECK_INT(http_request(session, "",
			       &(struct http_options){ .headers = own, .header_count = 1 },
			       &answer),
		  0);
	CHECK(was_sent("x-key: own\r\n") && !was_sent("session"));
}

CLIENT_TEST(a_session_with_a_base_or_header_that_is_none_is_not_made)
{
	static const struct http_header bad = { "X", NULL };

	CHECK(!http_session_new(&(struct http_session_options){ .base_url = "nowhere" }));
	CHECK_CONTAINS(async_raised(HTTP_EURL)->message, "base URL: ");
	CHECK(!http_session_new(
		&(struct http_session_options){ .headers = &bad, .header_count = 1 }));
	CHECK(async_raised(HTTP_EREQUEST) != NULL);
}

/* In the order of who comes first. */
CLIENT_TEST(who_asks_is_said_by_the_first_who_knows)
{
	static const struct http_header named = { "authorization", "Own" };
	const char *netrc = temp_file("netrc", "machine 127.0.0.1 login net password rc\n");
	struct http_options all = { .headers = &named,
				    .header_count = 1,
				    .bearer = "token",
				    .user = "me",
				    .password = "p:w" };
	const char *url;

	serve(hello);
	open_session((struct http_session_options){ .netrc_file = netrc });
	url = format("http://url:word@127.0.0.1:%d/", server.port);
	CHECK_INT(ask(url, &all), 0);
	CHECK(was_sent("authorization: Own\r\n") && !was_sent("Authorization"));
	all.header_count = 0;
	CHECK_INT(ask(url, &all), 0);
	CHECK(was_sent("Authorization: Bearer token\r\n") && !was_sent("Basic"));
	all.bearer = NULL;
	CHECK_INT(ask(url, &all), 0);
	CHECK(was_sent("Authorization: Basic bWU6cDp3\r\n"));
	CHECK_INT(ask(url, NULL), 0);
	CHECK(was_sent("Authorization: Basic dXJsOndvcmQ=\r\n"));
	CHECK_INT(ask("/", NULL), 0);
	CHECK(was_sent("Authorization: Basic bmV0OnJj\r\n"));
	CHECK_INT(ask(format("http://localhost:%d/", server.port), NULL), 0);
	CHECK(!was_sent("Authorization"));
}

CLIENT_TEST(a_netrc_that_cannot_be_read_is_named)
{
	serve(hello);
	open_session((struct http_session_options){ .netrc_file = "/nowhere/netrc" });
	CHECK_INT(ask("/", NULL), -ENOENT);
	CHECK_CONTAINS(async_raised(-ENOENT)->message, "/nowhere/netrc: ");
	http_session_close(session);
	open_session((struct http_session_options){ .netrc_file = temp_file("n", "machine h\nx") });
	CHECK_INT(ask("/", NULL), HTTP_EREQUEST);
	CHECK_CONTAINS(async_raised(HTTP_EREQUEST)->message, "line 2 is not a netrc's");
}

CLIENT_TEST(none_of_it_crosses_to_another_origin)
{
	static const struct http_header defaults[] = { { "X-Api-Key", "secret" } };
	static struct raw_server other;
	struct raw_step away[] = { RAW_REQUEST, { 0 }, RAW_AGAIN };
	const char *answer_;

	CHECK_INT(raw_server_start(&other, hello), 0);
	answer_ = format("HTTP/1.1 302 F\r\nLocation: %sx\r\nContent-Length: 0\r\n\r\n", other.url);
	away[1] = (struct raw_step)RAW_SEND_BYTES(answer_, strlen(answer_));
	serve(away);
	open_session((struct http_session_options){
		.headers = defaults,
		.header_count = 1,
		.netrc_file = temp_file("netrc", "default login net password secret\n") });
	CHECK_INT(ask("/", &(struct http_options){ .bearer = "secret" }), 0);
	CHECK(was_sent("X-Api-Key: secret") && was_sent("Bearer secret"));
	CHECK(!strstr(other.requests[0].text, "secret"));
	CHECK_INT(ask("/", &(struct http_options){ .user = "me", .password = "secret" }), 0);
	CHECK(!strstr(other.requests[1].text, "Authorization"));
	CHECK_INT(ask("/", NULL), 0);
	CHECK(was_sent("Authorization: Basic"));
	CHECK(!strstr(other.requests[2].text, "Authorization"));
	raw_server_stop(&other);
}

static int make_and_close(void *arg)
{
	static const struct http_header headers[] = { { "a", "b" }, { "c", "d" } };
	struct http_session *made =
		http_session_new(&(struct http_session_options){ .user_agent = "me",
								 .ca_file = "x",
								 .netrc_file = "y",
								 .base_url = "http://h/",
								 .proxy = "http://p/",
								 .no_proxy = "z",
								 .headers = headers,
								 .header_count = 2 });

	(void)arg;
	return made ? http_session_close(made) : 0;
}

static void run_once(void)
{
	(void)async_run(make_and_close, NULL);
}

TEST(a_failing_allocation_leaves_no_half_of_a_session)
{
	for_each_failing_allocation(run_once);
}
