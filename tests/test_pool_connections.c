/* SPDX-License-Identifier: MIT */
/* test_pool_connections.c - who gets a connection, and which ones are kept: leases and peers together. */
#include <sys/socket.h>

#include "http/pool.h"
#include "http/session.h"
#include "runtime/base.h"
#include "runtime/list.h"
#include "tests/raw_client.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

static struct http_session_stats stats(void)
{
	struct http_session_stats now;

	http_session_stats(session, &now);
	return now;
}

CLIENT_TEST(five_requests_share_one_connection_in_order_though_the_third_is_cancelled)
{
	static struct async_event go;
	static const struct raw_step slow[] = { RAW_REQUEST, RAW_AWAIT(&go), RAW_SEND(HI),
						RAW_AGAIN };
	struct asking asking[5] = { 0 };
	static const char *const paths[] = { "/0", "/1", "/2", "/3", "/4" };
	static const int served[] = { 0, 1, 3, 4 };

	session = http_session_new(&(struct http_session_options){ .limit = 1 });
	serve(slow);
	for (int i = 0; i < 5; i++)
		ask_later(&asking[i], paths[i]);
	while (server.request_count < 1)
		async_sleep(0);
	async_cancel(asking[2].task);
	raw_settle();
	async_event_set(&go);
	for (int i = 0; i < 5; i++)
		CHECK_INT(ask_join(&asking[i]), i == 2 ? ASYNC_ECANCELED : 0);
	CHECK_INT(server.accepted, 1);
	for (int i = 0; i < 4; i++) {
		CHECK_CONTAINS(server.requests[i].text, format("GET /%d ", served[i]));
		CHECK_INT(asking[served[i]].finished, i + 2);
	}
	CHECK_INT(stats().reused, 3);
	for (int i = 0; i < 5; i++)
		asking_free(&asking[i]);
}

CLIENT_TEST(a_cancel_in_flight_closes_that_connection_and_the_next_one_connects_anew)
{
	static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
	struct asking asking[2] = { 0 };

	session = http_session_new(&(struct http_session_options){ .limit = 1 });
	serve(silent, hello);
	ask_later(&asking[0], "/");
	ask_later(&asking[1], "/");
	while (server.request_count < 1)
		async_sleep(0);
	async_cancel(asking[0].task);
	CHECK_INT(ask_join(&asking[0]), ASYNC_ECANCELED);
	CHECK_INT(ask_join(&asking[1]), 0);
	CHECK_INT(asking[1].response->connection, 2);
	CHECK_INT(server.accepted, 2);
	CHECK_INT(stats().peak_connections, 1);
	asking_free(&asking[0]);
	asking_free(&asking[1]);
}

/* A port that nobody listens on: bound, so that nobody else can have it. */
static const char *refusing_url(int *fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(*fd >= 0 && bind(*fd, (struct sockaddr *)&address, length) == 0);
	CHECK(getsockname(*fd, (struct sockaddr *)&address, &length) == 0);
	return format("http://127.0.0.1:%d/", ntohs(address.sin_port));
}

CLIENT_TEST(refused_connects_do_not_leak_a_slot)
{
	const char *refusing;
	int fd;

	refusing = refusing_url(&fd);
	session =
		http_session_new(&(struct http_session_options){ .limit = 1, .limit_per_host = 1 });
	serve(hello);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask(refusing, NULL), -ECONNREFUSED);
		CHECK_STR(failure.phase, "connect");
		CHECK_STR(format("http://%s/", failure.peer), refusing);
	}
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(stats().connections, 1);
	async_close(fd);
}

CLIENT_TEST(a_pool_that_is_told_to_keep_fewer_closes_what_is_idle_and_says_so_at_once)
{
	struct asking asking[3] = { 0 };

	session = http_session_new(&(struct http_session_options){ .limit = 8 });
	serve(hello, hello, hello);
	for (int i = 0; i < 3; i++)
		ask_later(&asking[i], "/");
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask_join(&asking[i]), 0);
		asking_free(&asking[i]);
	}
	CHECK_INT(stats().connections, 3);
	pool_open_at_most(&session->pool, 1);
	CHECK_INT(stats().connections, 1);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(stats().connections, 1);
	CHECK_INT(stats().created, 3);
	pool_open_at_most(&session->pool, 0);
	CHECK_INT(stats().connections, 0);
}

CLIENT_TEST(no_more_than_the_limit_is_ever_open)
{
	struct asking asking[40] = { 0 };

	session =
		http_session_new(&(struct http_session_options){ .limit = 7, .limit_per_host = 5 });
	serve(hello);
	for (int i = 0; i < 40; i++)
		ask_later(&asking[i], "/");
	for (int i = 0; i < 40; i++) {
		CHECK_INT(ask_join(&asking[i]), 0);
		asking_free(&asking[i]);
	}
	CHECK_INT(stats().peak_connections, 5);
	CHECK_INT(stats().created, 5);
	CHECK_INT(stats().requests, 40);
	CHECK_INT(stats().reused, 35);
	CHECK_INT(stats().idle, 5);
	CHECK_INT(server.accepted, 5);
}

CLIENT_TEST(the_oldest_idle_connection_makes_room_for_another_origin)
{
	static struct raw_server others[2];

	session = http_session_new(&(struct http_session_options){ .limit = 2 });
	serve(hello);
	for (int i = 0; i < 2; i++)
		CHECK_INT(raw_server_start(&others[i], hello), 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(ask(others[0].url, NULL), 0);
	CHECK_INT(stats().idle, 2);
	CHECK_INT(ask(others[1].url, NULL), 0);
	CHECK_INT(stats().connections, 2);
	/* The first one went, the second one did not. */
	CHECK_INT(ask(others[0].url, NULL), 0);
	CHECK(answer->reused);
	CHECK_INT(ask("/", NULL), 0);
	CHECK(!answer->reused);
	CHECK_INT(stats().peak_connections, 2);
	for (int i = 0; i < 2; i++)
		raw_server_stop(&others[i]);
}

CLIENT_TEST(the_newest_idle_connection_is_used_first)
{
	struct asking asking[3] = { 0 };
	unsigned long last = 0;

	serve(hello);
	for (int i = 0; i < 3; i++)
		ask_later(&asking[i], "/");
	for (int i = 0; i < 3; i++)
		CHECK_INT(ask_join(&asking[i]), 0);
	for (int i = 0; i < 3; i++) {
		if (asking[i].finished == 3)
			last = asking[i].response->connection;
		asking_free(&asking[i]);
	}
	CHECK_INT(stats().idle, 3);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(ask("/", NULL), 0);
		CHECK_INT(answer->connection, last);
	}
}

CLIENT_TEST(idle_connections_keep_no_buffers_and_a_few_are_spare)
{
	struct asking asking[20] = { 0 };

	serve(hello);
	for (int i = 0; i < 20; i++)
		ask_later(&asking[i], "/");
	for (int i = 0; i < 20; i++) {
		CHECK_INT(ask_join(&asking[i]), 0);
		asking_free(&asking[i]);
	}
	CHECK_INT(stats().idle, 20);
	list_for_each(node, &session->counts.all)
		CHECK(!container_of(node, struct connection, node)->buffer);
	CHECK(session->counts.spare_count > 0 && session->counts.spare_count <= 8);
}

CLIENT_TEST_VIRTUAL(an_idle_connection_lives_fifteen_seconds)
{
	serve(hello);
	CHECK_INT(ask("/", NULL), 0);
	async_sleep(14);
	CHECK_INT(ask("/", NULL), 0);
	CHECK(answer->reused);
	async_sleep(14);
	CHECK_INT(stats().connections, 1);
	async_sleep(2.5);
	CHECK_INT(stats().connections, 0);
	raw_settle();
	CHECK_INT(server.open, 0);
}

CLIENT_TEST_VIRTUAL(without_a_keepalive_limit_it_lives_on)
{
	session = http_session_new(&(struct http_session_options){ .keepalive = -1 });
	serve(hello);
	CHECK_INT(ask("/", NULL), 0);
	async_sleep(100);
	CHECK_INT(ask("/", NULL), 0);
	CHECK(answer->reused);
}

CLIENT_TEST(a_connection_that_the_server_has_closed_is_passed_over)
{
	static const struct raw_step once[] = { RAW_REQUEST, RAW_SEND(HI), RAW_END };

	serve(once);
	CHECK_INT(ask("/", NULL), 0);
	while (server.open > 0)
		async_sleep(0);
	CHECK_INT(ask("/", &(struct http_options){ .method = "POST" }), 0);
	CHECK_INT(server.accepted, 2);
	CHECK_INT(server.request_count, 2);
	CHECK_INT(stats().surplus, 0);
}

CLIENT_TEST_VIRTUAL(a_connection_that_the_server_has_closed_goes_without_being_asked_for)
{
	static const struct raw_step once[] = { RAW_REQUEST, RAW_SEND(HI), RAW_END };

	serve(once);
	CHECK_INT(ask("/", NULL), 0);
	while (server.open > 0)
		async_sleep(0);
	CHECK_INT(stats().connections, 1);
	async_sleep(1.5);
	CHECK_INT(stats().connections, 0);
}

CLIENT_TEST(item_16_stray_bytes_on_an_idle_connection_drop_it)
{
	static struct async_event stray;
	static const struct raw_step talks[] = {
		RAW_REQUEST,	   RAW_SEND(HI),
		RAW_AWAIT(&stray), RAW_SEND("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"),
		RAW_HOLD,	   RAW_END
	};

	serve(talks, hello);
	CHECK_INT(ask("/", NULL), 0);
	async_event_set(&stray);
	raw_settle();
	CHECK_INT(ask("/", &(struct http_options){ .method = "POST" }), 0);
	CHECK_INT(answer->status, 200);
	CHECK_INT(answer->connection, 2);
	CHECK_INT(stats().surplus, 1);
}

CLIENT_TEST(waiting_requests_go_on_when_the_server_closes_after_each_answer)
{
	static const struct raw_step once[] = {
		RAW_REQUEST,
		RAW_SEND("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"),
		RAW_END
	};
	struct asking asking[20] = { 0 };

	session = http_session_new(&(struct http_session_options){ .limit = 3 });
	serve(once);
	for (int i = 0; i < 20; i++)
		ask_later(&asking[i], "/");
	for (int i = 0; i < 20; i++) {
		CHECK_INT(ask_join(&asking[i]), 0);
		asking_free(&asking[i]);
	}
	CHECK_INT(server.accepted, 20);
	CHECK_INT(stats().peak_connections, 3);
	CHECK_INT(stats().connections, 0);
}
