/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_reuse.c - build/collect on connections that have served before, and what servers do
 * with those: say something that nobody asked for, close, or both.
 */
#include <jansson.h>

#include "runtime/base.h"
#include "tests/hostile.h"
#include "tests/peer_upstream.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define KEPT RAW_REQUEST, RAW_SEND(OK "Content-Length: 4\r\n\r\nkept")
#define FRESH RAW_REQUEST, RAW_SEND(OK "Content-Length: 5\r\n\r\nfresh")
#define EVIL OK "Content-Length: 4\r\n\r\nevil"

/* Two lines, one after the other: what their records say, and over how many connections. */
static void check_two(const char *name, const char *first, const char *second, int connections)
{
	json_t *all = records(collect.out);
	const char *want[] = { first, second };

	if (json_array_size(all) != 2)
		FAIL("%s: %s", name, collect.out);
	for (int i = 0; i < 2; i++) {
		json_t *record = by_line(all, i + 1);
		const char *body = string_in(record, "body_text");
		const char *code = code_of(record);

		if (strcmp(strcmp(code, "none") != 0 ? code : body, want[i]) != 0)
			FAIL("%s: line %d is not %s: %s", name, i + 1, want[i], collect.out);
	}
	json_decref(all);
	if (hostile_connections != connections)
		FAIL("%s: %d connections", name, hostile_connections);
}

/* ---- While it is idle ------------------------------------------------------------------------- */

static struct async_event said;

TEST(item_16_what_an_idle_connection_says_belongs_to_no_request)
{
#define STRAY(text)                                                                           \
	{                                                                                     \
		text,                                                                         \
		{                                                                             \
			KEPT, RAW_SEND(text), RAW_SIGNAL(&said), RAW_REQUEST, RAW_SEND(EVIL), \
				RAW_HOLD, RAW_END                                             \
		}                                                                             \
	}
	static const struct {
		const char *name;
		struct raw_step script[8];
	} table[] = {
		STRAY("HTTP/1.1 408 T\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
		STRAY(EVIL),
		STRAY("HTTP/1.1 100 Continue\r\n\r\n"),
		STRAY("x"),
		STRAY("\r\n"),
		STRAY("\0"),
		{ "an end", { KEPT, RAW_SIGNAL(&said), RAW_END } },
		{ "a reset", { KEPT, RAW_SIGNAL(&said), RAW_RESET, RAW_END } },
	};
	static const struct raw_step other[] = { FRESH, RAW_HOLD, RAW_END };

	for (size_t i = 0; i < array_size(table); i++) {
		said = (struct async_event){ 0 };
		hostile_fed = &said;
		hostile_play((const struct raw_step *[]){ table[i].script, other }, 2, "%s\n%s\n",
			     ARGV("--summary", "none", "--retry", "0"));
		check_two(table[i].name, "kept", "fresh", 2);
	}
}

/* ---- When it is asked again ------------------------------------------------------------------- */

TEST(items_26_27_a_connection_that_ends_when_it_is_asked_again_is_replaced_once)
{
	static const struct raw_step closes[] = { KEPT, RAW_REQUEST, RAW_END };
	static const struct raw_step resets[] = { KEPT, RAW_REQUEST, RAW_RESET, RAW_END };
	static const struct raw_step at_once[] = { KEPT, RAW_END };
	static const struct raw_step half[] = { KEPT, RAW_REQUEST, RAW_SEND("HTTP/1.1 2"),
						RAW_END };
	static const struct raw_step late[] = {
		KEPT, RAW_REQUEST, RAW_SEND("HTTP/1.1 408 T\r\nContent-Length: 0\r\n\r\n"), RAW_END
	};
	static const struct raw_step never[] = { RAW_REQUEST, RAW_END };
	static const struct raw_step fresh[] = { FRESH, RAW_HOLD, RAW_END };
	static const struct {
		const char *name;
		const struct raw_step *first, *second;
		const char *method, *outcome;
		int connections;
	} table[] = {
		{ "26 an end", closes, fresh, "GET", "fresh", 2 },
		{ "26 a reset", resets, fresh, "GET", "fresh", 2 },
		{ "27 an end before it is asked", at_once, fresh, "GET", "fresh", 2 },
		{ "26 a late 408", late, fresh, "GET", "fresh", 2 },
		{ "26 PUT may be replayed", closes, fresh, "PUT", "fresh", 2 },
		{ "26 POST may not", closes, fresh, "POST", "conn_closed_early", 1 },
		{ "26 nor what has begun to be answered", half, fresh, "GET", "conn_closed_early",
		  1 },
		{ "26 only once", closes, never, "GET", "conn_closed_early", 2 },
	};

	hostile_fed = NULL;
	for (size_t i = 0; i < array_size(table); i++) {
		const char *line = format("{\"url\":\"%%s\",\"method\":\"%s\"}\n", table[i].method);

		hostile_play((const struct raw_step *[]){ table[i].first, table[i].second }, 2,
			     format("%s%s", line, line),
			     ARGV("--summary", "none", "--retry", "0", "-j", "1"));
		check_two(table[i].name, "kept", table[i].outcome, table[i].connections);
	}
}

/* A replay is no attempt; what comes after it is. */
TEST(item_26_a_fresh_connection_that_says_nothing_is_tried_again)
{
	static const struct raw_step closes[] = { RAW_REQUEST, RAW_END };
	static const struct raw_step fresh[] = { FRESH, RAW_HOLD, RAW_END };

	hostile_fed = NULL;
	hostile_play((const struct raw_step *[]){ closes, closes, fresh }, 3, "%s\n",
		     ARGV("--summary", "none", "--retry", "2", "--retry-base", "1ms"));
	CHECK_INT(collect.status, 0);
	CHECK_CONTAINS(collect.out, "\"attempts\":3");
}

TEST(items_14_15_32_what_is_left_over_is_no_answer_to_the_next_request)
{
	static const struct {
		const char *name;
		struct raw_step script[6];
		const char *body;
	} table[] = {
#define OVER(text, body) \
	{ text, { RAW_REQUEST, RAW_SEND(text), RAW_REQUEST, RAW_SEND(EVIL), RAW_END }, body }
		OVER(OK "Content-Length: 4\r\n\r\nkeptsurplus", "kept"),
		OVER(OK "Content-Length: 4\r\n\r\nkept\r\n", "kept"),
		OVER(OK "Content-Length: 4\r\n\r\nkept" EVIL, "kept"),
		OVER(OK "Transfer-Encoding: chunked\r\n\r\n4\r\nkept\r\n0\r\n\r\n" EVIL, "kept"),
		OVER("HTTP/1.1 204 N\r\nContent-Length: 4\r\n\r\n", ""),
		OVER("HTTP/1.1 204 N\r\n\r\n" EVIL, ""),
		OVER("HTTP/1.1 205 R\r\nTransfer-Encoding: chunked\r\n\r\n", ""),
		OVER("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nkept", "kept"),
		OVER(OK "Connection: x, CLOSE\r\nContent-Length: 4\r\n\r\nkept", "kept"),
	};
	static const struct raw_step fresh[] = { FRESH, RAW_HOLD, RAW_END };

	hostile_fed = NULL;
	for (size_t i = 0; i < array_size(table); i++) {
		hostile_play((const struct raw_step *[]){ table[i].script, fresh }, 2, "%s\n%s\n",
			     ARGV("--summary", "none", "--retry", "0", "-j", "1"));
		check_two(table[i].name, table[i].body, "fresh", 2);
	}
}
