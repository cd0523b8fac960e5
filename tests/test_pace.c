/* SPDX-License-Identifier: MIT */
/* test_pace.c - a body that comes, but too slowly. */
#include "http/pace.h"

#include "http/deadline.h"
#include "tests/raw_client.h"

TEST(time_begins_anew_with_each_so_many_bytes)
{
	struct pace pace = { .limit = 10, .seconds = 2 };
	int64_t second = 1000000000;

	CHECK_INT(pace_due(&pace, second, 0), 3 * second);
	CHECK_INT(pace_due(&pace, 2 * second, 9), 3 * second);
	CHECK_INT(pace_due(&pace, 2 * second, 10), 4 * second);
	pace_excuse(&pace, 2 * second, 7 * second);
	CHECK_INT(pace_due(&pace, 7 * second, 11), 9 * second);
	/* Another response has begun. */
	CHECK_INT(pace_due(&pace, 8 * second, 3), 10 * second);
	CHECK_INT(pace_due(&(struct pace){ 0 }, second, 0), DEADLINE_NEVER);
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
#define FORTY "0123456789012345678901234567890123456789"

/* A byte a second. */
static const struct raw_step trickle[] = { RAW_REQUEST, RAW_SEND(HEAD), RAW_TRICKLE(FORTY, 1),
					   RAW_AGAIN };

CLIENT_TEST_VIRTUAL(a_trickle_that_idle_timeout_is_content_with_is_too_slow)
{
	serve(trickle);
	CHECK_INT(ask("/", &(struct http_options){ .low_speed_limit = 10, .low_speed_time = 5 }),
		  HTTP_EBODY_SLOW);
	CHECK_CONTAINS(async_raised(HTTP_EBODY_SLOW)->message, "less than 10 bytes in 5 s");
	CHECK_STR(failure.phase, "body");
	CHECK(failure.body_bytes < 10);
	/* Off by default, and it is no limit for what is faster. */
	CHECK_INT(ask("/", NULL), 0);
	CHECK_INT(ask("/", &(struct http_options){ .low_speed_limit = 4, .low_speed_time = 5 }), 0);
	CHECK_INT(answer->body.len, 40);
}

static int dawdle(void *arg, const void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return async_sleep(3);
}

CLIENT_TEST_VIRTUAL(the_time_of_the_callers_own_function_is_not_counted)
{
	struct http_options options = { .low_speed_limit = 3,
					.low_speed_time = 6,
					.on_body = dawdle };

	serve(trickle);
	CHECK_INT(ask("/", &options), 0);
}
