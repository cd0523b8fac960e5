/* SPDX-License-Identifier: MIT */
/* test_follow.c - redirects on the wire: what is asked next, of whom, and with which headers. */
#include "http/decode.h"
#include "runtime/base.h"
#include "tests/raw_client.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static const char *line_of(int request)
{
	const char *text = server.requests[request].text;

	return format("%.*s", (int)strcspn(text, "\r"), text);
}

static const char *body_of(int request)
{
	return strstr(server.requests[request].text, "\r\n\r\n") + 4;
}

CLIENT_TEST_VIRTUAL(a_redirects_own_body_holds_the_next_request_for_a_second_at_most)
{
	static const struct raw_step trickles[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 99\r\n\r\n"),
		RAW_TRICKLE("0123456789012345678901234567890123456789", 0.3), RAW_HOLD, RAW_END
	};
	static const struct raw_step late[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 2\r\n\r\n"),
		RAW_WAIT(0.7),
		RAW_SEND("hi"),
		RAW_REQUEST,
		RAW_SEND(HI),
		RAW_AGAIN
	};
	double start;

	serve(trickles, hello, late);
	start = async_time();
	CHECK_INT(ask("/", NULL), 0);
	CHECK_NEAR(async_time() - start, 1, 0.1);
	CHECK_INT(answer->status, 200);
	CHECK_INT(server.accepted, 2);
	/* What ends in time keeps its connection. */
	http_session_close(session);
	session = NULL;
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(answer->redirects, 1);
	CHECK_INT(server.accepted, 3);
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

CLIENT_TEST(item_55_two_locations_that_differ_are_no_redirect)
{
	static const struct raw_step two[] = {
		RAW_REQUEST,
		RAW_SEND(
			"HTTP/1.1 302 F\r\nLocation: /a\r\nlocation: /b\r\nContent-Length: 0\r\n\r\n"),
		RAW_HOLD, RAW_END
	};
	static const struct raw_step same[] = {
		RAW_REQUEST,
		RAW_SEND(
			"HTTP/1.1 302 F\r\nLocation: /a\r\nlocation: /a\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST, RAW_SEND(HI), RAW_END
	};

	serve(two, same);
	CHECK_INT(ask("/", NULL), HTTP_EPARSE);
	CHECK_STR(failure.phase, "redirect");
	CHECK_INT(ask("/", NULL), 0);
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
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 307 T\r\nLocation: z\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST,
		{ 0 },
		RAW_END
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
		  format("PUT /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: %s\r\n"
			 "accept: text/x\r\nUser-Agent: mine/1\r\nContent-Type: text/y\r\n"
			 "Content-Length: 1\r\n\r\nx",
			 other.port, decode_accepted()));
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

CLIENT_TEST(a_response_knows_the_way_that_led_to_it)
{
	static const struct raw_step twice[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 301 M\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 307 T\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n"),
		RAW_REQUEST,
		RAW_SEND(HI),
		RAW_REQUEST,
		RAW_SEND(HI),
		RAW_HOLD,
		RAW_END
	};

	serve(twice);
	CHECK_INT(ask("/a", NULL), 0);
	CHECK_INT(answer->redirects, 2);
	CHECK_INT(answer->history[0].status, 301);
	CHECK_STR(answer->history[0].url, format("%sa", server.url));
	CHECK_INT(answer->history[1].status, 307);
	CHECK_STR(answer->history[1].url, format("%sb", server.url));
	CHECK_STR(answer->url, format("%sc", server.url));
	CHECK_INT(ask("/", NULL), 0);
	CHECK(answer->redirects == 0 && answer->history == NULL);
}
