/* SPDX-License-Identifier: MIT */
#include "app/units.h"
#include "tests/harness.h"

static void duration_is(const char *text, int64_t want)
{
	int64_t ns = -1;

	if (!units_duration(text, &ns))
		FAIL("'%s' was refused", text);
	CHECK_INT(ns, want);
}

TEST(durations_have_units_and_a_bare_number_is_seconds)
{
	duration_is("250ms", 250000000);
	duration_is("5s", 5000000000);
	duration_is("5", 5000000000);
	duration_is("2m", 120000000000);
	duration_is("1h", 3600000000000);
	duration_is("0", 0);
	duration_is("1.5s", 1500000000);
	duration_is("0.000000001", 1);
	duration_is("0.999999999h", 3599999996400);
}

TEST(what_is_no_duration_is_refused)
{
	static const char *const bad[] = {
		"",	"s",   "-1",  "+1",	      "1 s",
		"1x",	"1.s", ".5",  "1e3",	      "5S",
		"1ms ", "nan", "inf", "99999999999h", "184467440737095516160"
	};
	int64_t ns;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (units_duration(bad[i], &ns))
			FAIL("'%s' was accepted", bad[i]);
}

static void size_is(const char *text, uint64_t want)
{
	uint64_t bytes = 0;

	if (!units_size(text, &bytes))
		FAIL("'%s' was refused", text);
	CHECK_INT(bytes, want);
}

TEST(sizes_are_binary_however_they_are_written)
{
	size_is("100", 100);
	size_is("100B", 100);
	size_is("1k", 1024);
	size_is("1K", 1024);
	size_is("1kB", 1024);
	size_is("1KiB", 1024);
	size_is("64M", 64 << 20);
	size_is("1MiB", 1 << 20);
	size_is("2G", 2ull << 30);
	size_is("1.5k", 1536);
}

TEST(what_is_no_size_is_refused)
{
	static const char *const bad[] = { "",	  "k",	   "1m",  "1MB ",
					   "-1",  "1KiBs", "1 k", "99999999999999G",
					   "0x10" };
	uint64_t bytes;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (units_size(bad[i], &bytes))
			FAIL("'%s' was accepted", bad[i]);
}

static void rate_is(const char *text, int64_t interval, int burst)
{
	struct units_rate rate;

	if (!units_rate(text, &rate))
		FAIL("'%s' was refused", text);
	CHECK_INT(rate.interval, interval);
	CHECK_INT(rate.burst, burst);
}

TEST(rates_are_so_many_in_so_long)
{
	rate_is("10/s", 100000000, 1);
	rate_is("5/30s", 6000000000, 1);
	rate_is("5000/h", 720000000, 1);
	rate_is("10/s,burst=4", 100000000, 4);
	rate_is("1/500ms", 500000000, 1);
}

TEST(what_is_no_rate_is_refused)
{
	static const char *const bad[] = { "",
					   "10",
					   "10/",
					   "/s",
					   "0/s",
					   "10/0s",
					   "10/x",
					   "-1/s",
					   "1.5/s",
					   "10/s,",
					   "10/s,burst=0",
					   "10/s,burst=x",
					   "10/s,burts=2",
					   "999999999999/s",
					   "1000000000/ms,burst=1" };
	struct units_rate rate;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (units_rate(bad[i], &rate))
			FAIL("'%s' was accepted", bad[i]);
}

TEST(counts_are_digits_up_to_a_limit)
{
	uint64_t value;

	CHECK(units_count("65535", 65535, &value));
	CHECK_INT(value, 65535);
	CHECK(!units_count("65536", 65535, &value));
	CHECK(!units_count("1.0", 65535, &value));
	CHECK(!units_count("", 65535, &value));
	CHECK(!units_count("5x", 65535, &value));
}
