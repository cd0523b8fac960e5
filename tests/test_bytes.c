/* SPDX-License-Identifier: MIT */
#include "net/bytes.h"

#include <stdint.h>

#include "tests/harness.h"

TEST(what_goes_in_comes_out_in_order)
{
	struct bytes bytes = { 0 };
	unsigned char in = 0, out = 0;

	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < round % 7; i++) {
			CHECK(bytes_append(&bytes, &in, 1));
			in++;
		}
		for (int i = 0; i < round % 5 && bytes_size(&bytes); i++) {
			CHECK_INT((unsigned char)*bytes_first(&bytes), out);
			out++;
			bytes_take(&bytes, 1);
		}
	}
	CHECK(bytes_size(&bytes) > 1000);
	CHECK_INT((unsigned char)(in - out), bytes_size(&bytes) % 256);
	bytes_drop(&bytes);
	CHECK_INT(bytes_size(&bytes), 0);
}

TEST(taken_bytes_stay_where_they_are_until_room_is_asked_for)
{
	struct bytes bytes = { 0 };
	const char *span;

	CHECK(bytes_append(&bytes, "hello", 5));
	span = bytes_first(&bytes);
	bytes_take(&bytes, 5);
	CHECK_MEM(span, 5, "hello", 5);
	bytes_drop(&bytes);
}

TEST(room_is_reused_and_does_not_grow_for_ever)
{
	struct bytes bytes = { 0 };

	for (int i = 0; i < 10000; i++) {
		CHECK(bytes_append(&bytes, "0123456789", 10));
		bytes_take(&bytes, 10);
	}
	CHECK(bytes.capacity <= 512);
	bytes_drop(&bytes);
}

TEST(room_that_cannot_be_had_is_refused_and_nothing_is_lost)
{
	struct bytes bytes = { 0 };

	CHECK(bytes_append(&bytes, "abc", 3));
	CHECK(!bytes_reserve(&bytes, SIZE_MAX));
	fail_call("malloc", 1, 0);
	CHECK(!bytes_reserve(&bytes, 1 << 20));
	fail_none();
	CHECK_MEM(bytes_first(&bytes), bytes_size(&bytes), "abc", 3);
	bytes_drop(&bytes);
}
