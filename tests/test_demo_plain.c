/* SPDX-License-Identifier: MIT */
/* test_demo_plain.c - the blocking GET takes an answer in whatever pieces it comes. */
#include "app/demo_fetch.h"
#include "tests/harness.h"
#include "tests/raw_server.h"

static struct raw_server server;

static int get(void *arg)
{
	return demo_plain_get(arg);
}

static int ask(void *arg)
{
	static const struct raw_step script[] = { RAW_REQUEST, RAW_TRICKLE("HTTP/1.1 207 M", 0.001),
						  RAW_SEND("ulti\r\n\r\nbody"), RAW_END };

	(void)arg;
	CHECK_INT(raw_server_start(&server, script), 0);
	CHECK_INT(async_to_thread(get, server.url), 207);
	raw_server_stop(&server);
	return 0;
}

TEST(a_status_line_may_come_byte_by_byte)
{
	CHECK_INT(async_run(ask, NULL), 0);
}
