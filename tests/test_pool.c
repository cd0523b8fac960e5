/* SPDX-License-Identifier: MIT */
/*
 * test_pool.c - who gets a connection, in which order, and which ones are kept.
 *
 * The first part works on leases alone; the second on real connections.
 */
#include "http/pool.h"

#include <sys/socket.h>

#include "http/session.h"
#include "runtime/base.h"
#include "runtime/list.h"
#include "tests/raw_client.h"

/* ---- Leases ---------------------------------------------------------------------------------- */

static struct pool pool;
static char order[64];

struct leaser {
	const char *name; /* its first letter is noted when it has a lease */
	const char *origin;
	struct async_event *leave;
	struct async_task *task;
};
#define LEASER(n, o, l)                                  \
	{                                                \
		.name = (n), .origin = (o), .leave = (l) \
	}

static int lease(void *arg)
{
	struct leaser *leaser = arg;
	struct pool_origin *origin;
	struct limit limit;
	int rc;

	limit_begin(&limit);
	rc = pool_acquire(&pool, &origin, leaser->origin, &limit, DEADLINE_NEVER, 0);
	if (rc == 0) {
		strncat(order, leaser->name, 1);
		if (leaser->leave)
			rc = async_event_wait(leaser->leave);
		pool_release(&pool, origin, NULL, 0);
	}
	return limit_end(&limit, rc);
}

static void begin(struct leaser *leasers, size_t count)
{
	order[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		leasers[i].task = async_create_task(lease, &leasers[i]);
		CHECK(leasers[i].task != NULL);
	}
	raw_settle();
}

static void end(struct leaser *leasers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		async_cancel(leasers[i].task);
		(void)async_await(leasers[i].task);
		async_task_release(leasers[i].task);
	}
	CHECK_INT(pool.leases, 0);
	CHECK_INT(pool.origin_count, 0);
	pool_destroy(&pool);
}

CLIENT_TEST(leases_are_given_in_the_order_asked_and_a_cancelled_one_is_skipped)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "x", NULL),
				    LEASER("c", "x", NULL), LEASER("d", "x", NULL) };

	CHECK_INT(pool_init(&pool, 1, 0, 15), 0);
	begin(leasers, 4);
	CHECK_STR(order, "a");
	async_cancel(leasers[1].task);
	async_event_set(&leave);
	raw_settle();
	CHECK_STR(order, "acd");
	end(leasers, 4);
}

CLIENT_TEST(one_that_was_woken_and_cancelled_in_the_same_turn_passes_its_slot_on)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "x", NULL),
				    LEASER("c", "x", NULL) };

	/* Once for the slot of the pool, once for that of the origin. */
	for (int per_host = 0; per_host < 2; per_host++) {
		CHECK_INT(pool_init(&pool, per_host ? 0 : 1, per_host, 15), 0);
		async_event_clear(&leave);
		begin(leasers, 3);
		async_event_set(&leave);
		/* a runs now and gives its slot to b, */
		async_sleep(0);
		CHECK(async_task_done(leasers[0].task));
		/* which has not run since. */
		async_cancel(leasers[1].task);
		raw_settle();
		CHECK_STR(order, "ac");
		end(leasers, 3);
	}
}

CLIENT_TEST(who_waits_for_its_origin_keeps_nobody_else_waiting)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "x", NULL),
				    LEASER("c", "x", NULL), LEASER("d", "y", NULL) };

	CHECK_INT(pool_init(&pool, 2, 1, 15), 0);
	begin(leasers, 4);
	CHECK_STR(order, "ad");
	async_event_set(&leave);
	raw_settle();
	CHECK_STR(order, "adbc");
	end(leasers, 4);
}

CLIENT_TEST(who_gives_up_on_a_slot_of_the_pool_gives_back_that_of_its_origin)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "y", NULL),
				    LEASER("c", "y", NULL) };

	CHECK_INT(pool_init(&pool, 1, 1, 15), 0);
	begin(leasers, 3);
	async_cancel(leasers[1].task);
	raw_settle();
	async_event_set(&leave);
	raw_settle();
	CHECK_STR(order, "ac");
	end(leasers, 3);
}

CLIENT_TEST(a_newcomer_does_not_overtake_those_who_wait)
{
	struct async_event leave = { 0 };
	struct leaser first[] = { LEASER("a", "x", &leave), LEASER("b", "y", &leave) };
	struct leaser late = LEASER("c", "z", NULL);

	CHECK_INT(pool_init(&pool, 1, 0, 15), 0);
	begin(first, 2);
	async_event_set(&leave);
	/* The slot is b's already, but b has not run. */
	async_sleep(0);
	late.task = async_create_task(lease, &late);
	raw_settle();
	CHECK_STR(order, "abc");
	end(&late, 0);
	(void)async_await(late.task);
	async_task_release(late.task);
	for (int i = 0; i < 2; i++)
		async_task_release(first[i].task);
}

CLIENT_TEST(a_lease_that_comes_too_late_ends_with_the_code_given)
{
	struct async_event leave = { 0 };
	struct leaser holder = LEASER("a", "x", &leave);
	struct pool_origin *origin;
	struct limit limit;
	int rc;

	CHECK_INT(pool_init(&pool, 1, 0, 15), 0);
	begin(&holder, 1);
	limit_begin(&limit);
	rc = pool_acquire(&pool, &origin, "y", &limit, async_time_ns() + 1000000,
			  HTTP_EPOOL_TIMEOUT);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_INT(limit_end(&limit, rc), HTTP_EPOOL_TIMEOUT);
	end(&holder, 1);
}

CLIENT_TEST(ten_thousand_origins_are_told_apart)
{
	enum { COUNT = 10000 };
	static struct pool_origin *origins[COUNT];
	struct limit limit;

	CHECK_INT(pool_init(&pool, 0, 1, 15), 0);
	limit_begin(&limit);
	for (int i = 0; i < COUNT; i++)
		CHECK_INT(pool_acquire(&pool, &origins[i], format("http://h%d:80", i), &limit,
				       DEADLINE_NEVER, 0),
			  0);
	CHECK_INT(pool.origin_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		CHECK_STR(origins[i]->name, format("http://h%d:80", i));
		pool_release(&pool, origins[i], NULL, 0);
	}
	CHECK_INT(pool.origin_count, 0);
	CHECK_INT(limit_end(&limit, 0), 0);
	pool_destroy(&pool);
}

/* ---- Connections ----------------------------------------------------------------------------- */

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
