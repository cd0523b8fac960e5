/* SPDX-License-Identifier: MIT */
/* test_range.c - which parts answer which ranges. */
#include "http/range.h"
#include "tests/harness.h"

TEST(a_part_begins_where_it_was_asked_to_and_may_end_early)
{
	CHECK(range_answered("bytes=0-4", "bytes 0-4/10", 5));
	CHECK(range_answered("bytes=0-4", "bytes 0-3/4", -1));
	CHECK(range_answered("bytes=7-", "bytes 7-9/10", 3));
	CHECK(range_answered("bytes=7-", "bytes 7-9/*", 3));
	CHECK(range_answered("bytes=-3", "bytes 7-9/10", 3));
	CHECK(range_answered("Bytes=0-0", "BYTES 0-0/1", 1));
}

TEST(another_part_or_none_is_no_answer)
{
	CHECK(!range_answered("bytes=0-4", "bytes 7-9/10", 3));
	CHECK(!range_answered("bytes=0-4", "bytes 0-5/10", -1));
	CHECK(!range_answered("bytes=0-4", "bytes 0-4/10", 4));
	CHECK(!range_answered("bytes=-3", "bytes 5-8/10", -1));
	CHECK(!range_answered("bytes=0-4", NULL, 5));
	CHECK(!range_answered("bytes=0-4", "bytes 4-0/10", -1));
	CHECK(!range_answered("bytes=0-4", "bytes 0-4/4", 5));
	CHECK(!range_answered("bytes=0-4", "bytes 0-4", 5));
	CHECK(!range_answered("bytes=0-4", "bytes 0-99999999999999999999/*", -1));
	CHECK(!range_answered("bytes=0-4", "items 0-4/10", 5));
}

TEST(several_ranges_and_other_units_are_left_to_the_caller)
{
	CHECK(range_answered("bytes=0-1,4-5", NULL, -1));
	CHECK(range_answered("items=0-4", NULL, -1));
}

TEST(a_part_has_a_length_of_its_own)
{
	CHECK(range_length("bytes 2-3/9") == 2);
	CHECK(range_length("bytes 0-0/*") == 1);
	CHECK(range_length("bytes 3-2/9") == UINT64_MAX);
	CHECK(range_length("bytes */9") == UINT64_MAX);
	CHECK(range_length(NULL) == UINT64_MAX);
}
