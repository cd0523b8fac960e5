/* SPDX-License-Identifier: MIT */
/*
 * test_opened_close.c - responses whose caller takes its time, leaves, or does what it must not: limits
 * while nobody reads, what becomes of the connection, misuse.
 */
#include <stdlib.h>

#include "tests/opened.h"

/* ---- Time ------------------------------------------------------------------------------------ */

#define TEN "0123456789"
static const struct raw_step slow[] = { RAW_REQUEST, RAW_SEND(OK "Content-Length: 20\r\n\r\n" TEN),
					RAW_WAIT(20), RAW_SEND(TEN), RAW_AGAIN };

CLIENT_TEST_VIRTUAL(only_while_somebody_reads_the_server_has_to_hurry)
{
	struct http_options options = { .idle_timeout = 5 };
	char text[256];

	serve(slow);
	CHECK_INT(opened_open("", &options), 0);
	async_sleep(100);
	CHECK_INT(opened_rest(text, 10), 20);
	opened_end();
	CHECK_INT(opened_open("", &options), 0);
	CHECK_INT(opened_rest(text, 10), HTTP_EBODY_IDLE);
	CHECK_CONTAINS(async_raised(HTTP_EBODY_IDLE)->message, "no byte for 5 s after 10 of 20");
	opened_end();
}

CLIENT_TEST_VIRTUAL(the_whole_time_passes_while_nobody_reads_too)
{
	struct http_options options = { .timeout = 15 };
	char text[256];

	serve(slow);
	CHECK_INT(opened_open("", &options), 0);
	CHECK_INT(opened_rest(text, 10), HTTP_ETOTAL_TIMEOUT);
	opened_end();
	CHECK_INT(opened_open("", &options), 0);
	async_sleep(16);
	CHECK_INT(http_response_read(opened, text, 10), HTTP_ETOTAL_TIMEOUT);
	CHECK_CONTAINS(async_raised(HTTP_ETOTAL_TIMEOUT)->message,
		       "not done after 15 s, in phase body");
	CHECK_INT(opened_connections(), 0);
	opened_end();
}

CLIENT_TEST_VIRTUAL(the_callers_pauses_are_not_the_servers_slowness)
{
	static struct async_event go;
	static const struct raw_step script[] = {
		RAW_REQUEST,	RAW_SEND(OK "Content-Length: 20\r\n\r\n"),
		RAW_WAIT(1),	RAW_SEND(TEN),
		RAW_AWAIT(&go), RAW_WAIT(9),
		RAW_SEND(TEN),	RAW_AGAIN
	};
	struct http_options options = { .low_speed_limit = 20, .low_speed_time = 12 };
	char text[256];

	serve(script);
	async_sleep(1); /* at 0 no time has begun */
	CHECK_INT(opened_open("", &options), 0);
	for (size_t i = 0; i < 10; i++)
		CHECK_INT(http_response_read(opened, text, 1), 1);
	async_sleep(60);
	async_event_set(&go);
	CHECK_INT(opened_rest(text, 10), 10);
	opened_end();
	options.low_speed_time = 8;
	CHECK_INT(opened_open("", &options), 0);
	CHECK_INT(opened_rest(text, 10), HTTP_EBODY_SLOW);
	opened_end();
}

CLIENT_TEST_VIRTUAL(a_cancelled_read_loses_nothing)
{
	struct async_timeout limit;
	char text[256];
	int rc = 0;

	serve(slow);
	CHECK_INT(opened_open("", &(struct http_options){ .idle_timeout = 30 }), 0);
	async_timeout_begin(&limit, 3);
	rc = opened_rest(text, 10);
	CHECK_INT(async_timeout_end(&limit, rc), ASYNC_ETIMEOUT);
	CHECK_INT(opened_rest(text, 10), 10);
	CHECK_STR(text, TEN);
	CHECK_INT(opened_connections(), 1);
	opened_end();
}

/* ---- Closing --------------------------------------------------------------------------------- */

CLIENT_TEST(what_has_come_already_is_no_reason_to_close_the_connection)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	char text[4];

	serve(script);
	CHECK_INT(opened_open("", NULL), 0);
	http_response_close(opened);
	http_response_close(opened);
	CHECK_INT(opened->status, 200);
	CHECK_INT(http_response_read(opened, text, 1), ASYNC_ECLOSED);
	CHECK_STR(async_raised(ASYNC_ECLOSED)->message, "Connection closed");
	opened_end();
	/* Freeing one closes it as well. */
	CHECK_INT(opened_open("", NULL), 0);
	CHECK_INT(http_response_read(opened, text, 1), 1);
	opened_end();
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(server.accepted, 1);
}

CLIENT_TEST(what_is_still_to_come_is_and_its_place_is_free)
{
	static const struct raw_step endless[] = { RAW_REQUEST,
						   RAW_SEND(OK "Content-Length: 99\r\n\r\nhi"),
						   RAW_HOLD, RAW_END };
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	struct asking asking = { 0 };

	serve(endless, script);
	session = http_session_new(&(struct http_session_options){ .limit = 1 });
	CHECK_INT(opened_open("", NULL), 0);
	ask_later(&asking, "/");
	for (int i = 0; i < 50; i++)
		async_sleep(0);
	CHECK(!async_task_done(asking.task));
	opened_end();
	CHECK_INT(ask_join(&asking), 0);
	CHECK_INT(server.accepted, 2);
	asking_free(&asking);
}

static int read_one(void *arg)
{
	return (int)http_response_read(opened, arg, 1);
}

static const struct raw_step silent[] = { RAW_REQUEST, RAW_SEND(OK "Content-Length: 9\r\n\r\n"),
					  RAW_HOLD, RAW_END };

CLIENT_TEST(a_session_that_closes_ends_what_is_open_whether_it_is_being_read_or_not)
{
	struct http_response *idle;
	struct async_task *task;
	char byte;

	serve(silent);
	CHECK_INT(opened_open("", NULL), 0);
	idle = opened;
	CHECK_INT(opened_open("", NULL), 0);
	task = async_create_task(read_one, &byte);
	raw_settle();
	CHECK_INT(http_response_read(opened, &byte, 1), ASYNC_ERUNTIME);
	CHECK_INT(http_session_close(session), 0);
	session = NULL;
	CHECK_INT(async_await(task), HTTP_ESESSION_CLOSED);
	async_task_release(task);
	CHECK_INT(http_response_read(idle, &byte, 1), HTTP_ESESSION_CLOSED);
	CHECK_INT(http_response_read(opened, &byte, 1), HTTP_ESESSION_CLOSED);
	http_response_free(idle);
	opened_end();
}

static int close_session(void *arg)
{
	int rc = http_session_close(session);

	(void)arg;
	session = NULL;
	return rc;
}

CLIENT_TEST(a_reader_that_is_cancelled_while_its_session_closes_ends_it_too)
{
	struct async_task *reader, *closer;
	char byte;

	serve(silent);
	CHECK_INT(opened_open("", NULL), 0);
	reader = async_create_task(read_one, &byte);
	raw_settle();
	closer = async_create_task(close_session, NULL);
	async_cancel(reader);
	CHECK_INT(async_await(closer), 0);
	CHECK(async_task_done(reader));
	CHECK_INT(http_response_read(opened, &byte, 1), HTTP_ESESSION_CLOSED);
	async_task_release(reader);
	async_task_release(closer);
	opened_end();
}

/* ---- Misuse ---------------------------------------------------------------------------------- */

static int on_body(void *arg, const void *data, size_t size)
{
	(void)arg;
	(void)data;
	return (int)size;
}

static int misuse(void *arg)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };
	int which = *(int *)arg;
	char byte;

	serve(which == 1 ? silent : script);
	if (which == 0) {
		CHECK_INT(ask("/", NULL), 0);
		http_response_read(answer, &byte, 1);
	}
	if (which == 2)
		opened_open("", &(struct http_options){ .on_body = on_body });
	CHECK_INT(opened_open("", NULL), 0);
	if (which == 3)
		http_response_read(opened, &byte, 0);
	CHECK_INT(async_spawn(read_one, &byte), 0);
	raw_settle();
	http_response_close(opened);
	return 0;
}

TEST(misuse_aborts)
{
	int which[4] = { 0, 1, 2, 3 };

	EXPECT_ABORT(async_run(misuse, &which[0]), "not one of http_open()");
	EXPECT_ABORT(async_run(misuse, &which[1]),
		     "a task is reading the response of tests/opened.c:");
	EXPECT_ABORT(async_run(misuse, &which[2]), "not for on_body or on_memory");
	EXPECT_ABORT(async_run(misuse, &which[3]), "0 would look like the end");
}
