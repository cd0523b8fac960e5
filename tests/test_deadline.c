/* SPDX-License-Identifier: MIT */
/*
 * test_deadline.c - each limit of time ends with its own code and says so in words.
 *
 * On the virtual clock where nothing but waiting happens: time jumps as soon as nobody is ready.
 */
#include "http/deadline.h"

#include <semaphore.h>
#include <sys/socket.h>

#include "net/lookup.h"
#include "runtime/base.h"
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"

static const struct raw_step silent[] = { RAW_REQUEST, RAW_HOLD, RAW_END };
static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

/* Asks in a task of its own, whose message is checked, and how long it took. */
static void check(const char *path, const struct http_options *options, int rc, double seconds,
		  const char *message)
{
	struct asking asking = { .options = *options };
	double start = async_time();

	ask_later(&asking, path);
	int got = ask_join(&asking);
	if (got != rc)
		FAIL("%s, not %s", async_errname(got), async_errname(rc));
	CHECK_NEAR(async_time() - start, seconds, 0.001);
	CHECK_STR(async_task_error(asking.task)->message, message);
	CHECK_INT(async_task_error(asking.task)->code, rc);
	failure = asking.failure;
	asking_free(&asking);
}

CLIENT_TEST_VIRTUAL(item_2_no_answer_is_header_timeout)
{
	serve(silent);
	check("/", &(struct http_options){ 0 }, HTTP_EHEADER_TIMEOUT, 30,
	      format("no complete head from 127.0.0.1:%d after 30 s", server.port));
	CHECK_STR(failure.phase, "head");
	CHECK_NEAR((double)failure.timing.first_byte, 30e9, 1e6);
	raw_settle();
	CHECK_INT(server.open, 0);
}

CLIENT_TEST_VIRTUAL(item_1_a_head_that_trickles_in_is_header_timeout_too)
{
	static const struct raw_step trickle[] = {
		RAW_REQUEST, RAW_TRICKLE(OK "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", 0.3), RAW_HOLD,
		RAW_END
	};

	serve(trickle);
	check("/", &(struct http_options){ .first_byte_timeout = 5 }, HTTP_EHEADER_TIMEOUT, 5,
	      format("no complete head from 127.0.0.1:%d after 5 s", server.port));
}

CLIENT_TEST_VIRTUAL(a_body_that_stops_is_body_idle_timeout)
{
	static const struct raw_step stops[] = { RAW_REQUEST,
						 RAW_SEND(OK "Content-Length: 1000\r\n\r\nhello"),
						 RAW_HOLD, RAW_END };
	static const struct raw_step endless[] = { RAW_REQUEST, RAW_SEND(OK "\r\nhello"), RAW_HOLD,
						   RAW_END };

	serve(stops, endless);
	check("/", &(struct http_options){ 0 }, HTTP_EBODY_IDLE, 15,
	      "no byte for 15 s after 5 of 1000");
	CHECK_STR(failure.phase, "body");
	CHECK_INT(failure.status, 200);
	CHECK_INT(failure.body_bytes, 5);
	check("/", &(struct http_options){ .idle_timeout = 2.5 }, HTTP_EBODY_IDLE, 2.5,
	      "no byte for 2.5 s after 5");
}

CLIENT_TEST_VIRTUAL(item_3_a_body_that_trickles_is_ended_by_the_total_alone)
{
	static const struct raw_step trickle[] = { RAW_REQUEST,
						   RAW_SEND(OK "Content-Length: 20\r\n\r\n"),
						   RAW_TRICKLE("hellohellohellohello", 10),
						   RAW_AGAIN };

	serve(trickle);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_NEAR((double)answer->timing.body, 190e9, 1e7);
	check("/", &(struct http_options){ .timeout = 65 }, HTTP_ETOTAL_TIMEOUT, 65,
	      "not done after 65 s, in phase body");
	CHECK_INT(failure.body_bytes, 7);
}

CLIENT_TEST_VIRTUAL(waiting_for_a_slot_is_pool_timeout_or_total)
{
	struct asking holder = { 0 };

	session = http_session_new(&(struct http_session_options){
		.limit = 1, .timeout = 100, .first_byte_timeout = -1 });
	serve(silent);
	ask_later(&holder, "/");
	while (server.request_count < 1)
		async_sleep(0);
	check("/", &(struct http_options){ .pool_timeout = 7 }, HTTP_EPOOL_TIMEOUT, 7,
	      format("no connection to 127.0.0.1:%d became free within 7 s", server.port));
	CHECK_STR(failure.phase, "queue");
	CHECK_NEAR((double)failure.timing.queue, 7e9, 1e6);
	check("/", &(struct http_options){ .timeout = 8 }, HTTP_ETOTAL_TIMEOUT, 8,
	      "not done after 8 s, in phase queue");
	CHECK_INT(ask_join(&holder), HTTP_ETOTAL_TIMEOUT);
	asking_free(&holder);
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST_VIRTUAL(the_tighter_of_two_limits_is_the_one_reported)
{
	serve(silent);
	check("/", &(struct http_options){ .timeout = 3, .first_byte_timeout = 3.5 },
	      HTTP_ETOTAL_TIMEOUT, 3, "not done after 3 s, in phase head");
	check("/", &(struct http_options){ .timeout = 3.5, .first_byte_timeout = 3 },
	      HTTP_EHEADER_TIMEOUT, 3,
	      format("no complete head from 127.0.0.1:%d after 3 s", server.port));
}

CLIENT_TEST_VIRTUAL(negative_limits_are_none)
{
	static const struct raw_step slow[] = {
		RAW_REQUEST,	RAW_WAIT(5000),
		RAW_SEND(OK),	RAW_SEND("Content-Length: 2\r\n\r\nh"),
		RAW_WAIT(5000), RAW_SEND("i"),
		RAW_AGAIN
	};

	serve(slow);
	CHECK_INT(ask("/", &(struct http_options){ .timeout = -1,
						   .first_byte_timeout = -1,
						   .idle_timeout = -1 }),
		  0);
	CHECK_NEAR((double)answer->timing.first_byte, 5000e9, 1e8);
	CHECK_NEAR((double)answer->timing.body, 5000e9, 1e8);
}

CLIENT_TEST_VIRTUAL(a_timer_left_by_one_request_does_not_end_the_next)
{
	static const struct raw_step slow[] = { RAW_REQUEST,  RAW_SEND(HI), RAW_REQUEST,
						RAW_WAIT(25), RAW_SEND(HI), RAW_AGAIN };

	serve(slow);
	CHECK_INT(ask("/", &(struct http_options){ .timeout = 2 }), 0);
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(answer->reused, true);
	async_sleep(5);
	CHECK_INT(ask("/", &(struct http_options){ .timeout = 2 }), 0);
	check("/", &(struct http_options){ .first_byte_timeout = 1 }, HTTP_EHEADER_TIMEOUT, 1,
	      format("no complete head from 127.0.0.1:%d after 1 s", server.port));
}

CLIENT_TEST_VIRTUAL(a_timer_that_comes_too_early_is_set_again)
{
	static const struct raw_step once[] = { RAW_REQUEST, RAW_SEND(HI), RAW_REQUEST, RAW_HOLD,
						RAW_END };

	serve(once);
	CHECK_INT(ask("/", &(struct http_options){ .timeout = 2 }), 0);
	check("/", &(struct http_options){ .timeout = 5 }, HTTP_ETOTAL_TIMEOUT, 5,
	      "not done after 5 s, in phase head");
	CHECK_INT(server.accepted, 1);
}

static int think(void *arg, const void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return async_sleep(40);
}

CLIENT_TEST_VIRTUAL(time_that_the_reader_of_a_body_takes_is_not_the_servers)
{
	serve(hello);
	CHECK_INT(ask("/", &(struct http_options){ .on_body = think }), 0);
	check("/", &(struct http_options){ .on_body = think, .timeout = 10 }, HTTP_ETOTAL_TIMEOUT,
	      10, "not done after 10 s, in phase body");
}

CLIENT_TEST_VIRTUAL(a_cancel_in_the_turns_of_an_expiry_stays_a_cancel)
{
	int expired = 0, cancelled = 0;

	serve(silent);
	for (int turns = 0; turns < 12; turns++) {
		struct asking asking = { .options = { .timeout = 5 } };
		bool accepted;

		ask_later(&asking, "/");
		/* The connection's timer is set a nanosecond late. */
		async_sleep(5.000000001);
		for (int i = 0; i < turns; i++)
			async_sleep(0);
		accepted = async_cancel(asking.task);
		CHECK_INT(ask_join(&asking), accepted ? ASYNC_ECANCELED : HTTP_ETOTAL_TIMEOUT);
		cancelled += accepted;
		expired += !accepted;
		asking_free(&asking);
	}
	CHECK(cancelled > 0 && expired > 0);
}

static int read_without_pause(void *arg)
{
	struct deadline deadline = { 0 };
	struct limit limit;
	int64_t due = async_time_ns() + 20000000;
	int rc;

	(void)arg;
	limit_begin(&limit);
	deadline_begin(&deadline, &limit);
	do {
		deadline_move(&deadline, due, HTTP_ETOTAL_TIMEOUT);
		rc = async_sleep(0);
	} while (rc == 0 && async_time_ns() < due + (int64_t)5e9);
	deadline_end(&deadline);
	rc = limit_end(&limit, rc);
	deadline_stop(&deadline);
	return rc;
}

TEST(a_task_that_is_always_ready_is_ended_by_its_limit)
{
	CHECK_INT(async_run(read_without_pause, NULL), HTTP_ETOTAL_TIMEOUT);
}

CLIENT_TEST_VIRTUAL(a_stalled_tls_handshake_is_tls_timeout)
{
	static const struct raw_step mute[] = { RAW_HOLD, RAW_END };

	session = http_session_new(&(struct http_session_options){ .insecure = true });
	serve(mute);
	const char *url = format("https://127.0.0.1:%d/", server.port);
	check(url, &(struct http_options){ .tls_timeout = 6 }, HTTP_ETLS_TIMEOUT, 6,
	      format("TLS handshake timeout to host 127.0.0.1:%d after 6 s", server.port));
	CHECK_STR(failure.phase, "tls");
	CHECK_NEAR((double)failure.timing.tls, 6e9, 1e6);
	check(url, &(struct http_options){ .timeout = 4 }, HTTP_ETOTAL_TIMEOUT, 4,
	      "not done after 4 s, in phase tls");
}

/* A listener whose queue is full: the kernel drops further attempts to connect. */
static int full_listener(int fds[8])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(fds[0], (struct sockaddr *)&address, length) == 0 && listen(fds[0], 0) == 0);
	CHECK(getsockname(fds[0], (struct sockaddr *)&address, &length) == 0);
	for (int i = 1; i < 8; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fds[i], (struct sockaddr *)&address, length);
	}
	return ntohs(address.sin_port);
}

CLIENT_TEST_VIRTUAL(no_answer_to_a_connect_is_connect_timeout)
{
	int fds[8];
	int port = full_listener(fds);

	check(format("http://127.0.0.1:%d/", port), &(struct http_options){ 0 },
	      HTTP_ECONNECT_TIMEOUT, 5,
	      format("connection timeout to host 127.0.0.1:%d after 5 s; "
		     "127.0.0.1:%d: no answer",
		     port, port));
	CHECK_STR(failure.phase, "connect");
	CHECK_NEAR((double)failure.timing.connect, 5e9, 1e6);
	for (int i = 0; i < 8; i++)
		async_close(fds[i]);
}

CLIENT_TEST_VIRTUAL(limits_far_away_and_nonsense_are_never)
{
	CHECK(deadline_after(5, -1) == DEADLINE_NEVER);
	CHECK(deadline_after(5, 1e300) == DEADLINE_NEVER);
	CHECK(deadline_after(5, 0.0 / 0.0) == DEADLINE_NEVER);
	CHECK(deadline_after(5, 1) == 1000000005);
	CHECK(deadline_after(5, 0) == 5);
}

static sem_t resolver_may_go;

static int resolve_never(const char *name, const char *service, const struct addrinfo *hints,
			 struct addrinfo **out)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)out;
	while (sem_wait(&resolver_may_go) < 0)
		;
	return EAI_FAIL;
}

CLIENT_TEST(no_answer_about_a_name_is_dns_timeout)
{
	sem_init(&resolver_may_go, 0, 0);
	lookup_getaddrinfo = resolve_never;
	CHECK_INT(ask("http://stuck.test/", &(struct http_options){ .dns_timeout = 0.02 }),
		  HTTP_EDNS_TIMEOUT);
	CHECK_STR(failure.phase, "dns");
	CHECK(failure.timing.dns >= 20000000);
	CHECK_INT(ask("http://stuck.test/", &(struct http_options){ .timeout = 0.02 }),
		  HTTP_ETOTAL_TIMEOUT);
	CHECK_STR(failure.phase, "dns");
	sem_post(&resolver_may_go);
}
