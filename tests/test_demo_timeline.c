/* SPDX-License-Identifier: MIT */
/* test_demo_timeline.c - bars stand where their times are. */
#include "app/demo_timeline.h"
#include "tests/harness.h"

static char out[101];

TEST(a_segment_covers_its_columns)
{
	struct timeline_segment one = { 2, 5, '#' };

	CHECK_STR(timeline_bar(out, 10, 10, &one, 1), "  ###");
}

TEST(later_segments_are_drawn_over_earlier_ones)
{
	struct timeline_segment three[] = { { 0, 2, '.' }, { 2, 9, '-' }, { 2, 4, '#' } };

	CHECK_STR(timeline_bar(out, 10, 10, three, 3), "..##-----");
}

TEST(neighbours_leave_no_gap_and_share_no_column)
{
	/* Whatever the border between two segments, each column belongs to exactly one. */
	for (int i = 0; i <= 100; i++) {
		struct timeline_segment two[] = { { 0, i / 10.0, 'a' }, { i / 10.0, 10, 'b' } };

		timeline_bar(out, 10, 10, two, 2);
		CHECK_INT(strlen(out), 10);
		CHECK_INT(strspn(out, "a") + strspn(out + strspn(out, "a"), "b"), 10);
	}
}

TEST(what_lies_beyond_the_span_or_has_no_length_is_not_drawn)
{
	struct timeline_segment odd[] = {
		{ 9, 20, '#' }, { 3, 3, 'x' }, { 5, 4, 'y' }, { -5, 1, 'z' }
	};

	CHECK_STR(timeline_bar(out, 10, 10, odd, 4), "z        #");
	CHECK_STR(timeline_bar(out, 10, 10, NULL, 0), "");
}

TEST(the_scale_numbers_the_seconds_that_fit)
{
	CHECK_STR(timeline_scale(out, 20, 4), "0 s  1    2    3");
	CHECK_STR(timeline_scale(out, 22, 4.4), "0 s  1    2    3    4");
	CHECK_STR(timeline_scale(out, 3, 0.5), "0 s");
}
