/* SPDX-License-Identifier: MIT */
/* test_demo.c - the lessons show what they claim, and the demo leaves nothing behind. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/harness.h"

/* Valgrind has words of its own there. */
static void check_silent(const char *err)
{
	if (!under_valgrind())
		CHECK_STR(err, "");
}

/* The line of the culprit, found by its text, so that an edit of the file does not break the test. */
static int culprit_line(void)
{
	const char *text = read_file(in_source("app/demo_culprit.c"), NULL);
	const char *at = strstr(text, "return usleep(");
	int line = 1;

	CHECK(at != NULL);
	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* Lesson 1 blocks on purpose: even where nothing else may, the watchdog is to watch, and no more. */
#define BLOCKS ARGV("LOOPHOUND_WATCHDOG=limit=100ms")

static double number_of(json_t *object, const char *name)
{
	CHECK(json_is_number(json_object_get(object, name)));
	return json_number_value(json_object_get(object, name));
}

static bool slow(void)
{
	return time_scale() > 1;
}

static void check_seconds(json_t *object)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), threads = cpus + 4 < 32 ? cpus + 4 : 32;
	double rounds = (double)((10 + threads - 1) / threads);

	/* Never less; at most a little more, but sanitizers and Valgrind have their price. */
	CHECK_NEAR(number_of(object, "serial_s"), 5.25, slow() ? 100 : 0.25);
	CHECK_NEAR(number_of(object, "blocking_s"), 5.25, slow() ? 100 : 0.25);
	CHECK_NEAR(number_of(object, "yielding_s"), 0.7, slow() ? 100 : 0.2);
	CHECK_NEAR(number_of(object, "offloaded_s"), rounds * 0.5 + 0.2, slow() ? 100 : 0.2);
	CHECK_NEAR(number_of(object, "semaphore3_s"), 2.2, slow() ? 100 : 0.2);
	CHECK(number_of(object, "yielding_s") < number_of(object, "blocking_s"));
}

static void check_stalls(json_t *stalls)
{
	CHECK(json_is_array(stalls));
	CHECK_INT(json_array_size(stalls) > 0, !under_valgrind());
	for (size_t i = 0; i < json_array_size(stalls); i++) {
		json_t *stall = json_array_get(stalls, i);

		CHECK_CONTAINS(json_string_value(json_object_get(stall, "task")), "fetch-");
		CHECK_STR(json_string_value(json_object_get(stall, "function")), "rest_a_while");
		CHECK_STR(json_string_value(json_object_get(stall, "file")), "app/demo_culprit.c");
		CHECK_INT((int)number_of(stall, "line"), culprit_line());
		/* At least what it sleeps, less what a busy machine takes for itself. */
		CHECK_NEAR(number_of(stall, "blocked_ms"), 550, slow() ? 10000 : 200);
	}
}

TEST_WITH_LIMIT(json_is_one_line_with_the_times_and_the_culprit, 40)
{
	struct program demo = { .argv = ARGV(built("demo"), "--json"), .env = BLOCKS, .limit = 30 };

	run_program(&demo);
	check_silent(demo.err);
	CHECK_INT(demo.status, 0);
	CHECK(demo.out_size > 0 && strchr(demo.out, '\n') == demo.out + demo.out_size - 1);
	json_t *object = json_loads(demo.out, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_is_object(object));
	check_seconds(object);
	check_stalls(json_object_get(object, "watchdog"));
	json_decref(object);
}

static struct program lesson(const char *number)
{
	struct program demo = { .argv = ARGV(built("demo"), "--lesson", number, "--politeness",
					     "150ms"),
				.env = strcmp(number, "1") == 0 ? BLOCKS : NULL };

	run_program(&demo);
	check_silent(demo.err);
	CHECK_INT(demo.status, 0);
	return demo;
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text != 0; text++)
		n += *text == '\n';
	return n;
}

TEST(lesson_1_draws_the_staircase_and_the_report_under_the_second_row)
{
	const char *text = lesson("1").out;
	const char *second = strstr(text, "2  coroutines that block"),
		   *third = strstr(text, "\n3  ");

	CHECK(second != NULL && third != NULL);
	CHECK_CONTAINS(text, "fetch-0 ######");
	/* The last step of the stairs: nine politenesses of waiting, then its own. */
	CHECK_CONTAINS(second, "fetch-9 ......................................................");
	if (!under_valgrind()) {
		const char *report = strstr(second, "rest_a_while");

		CHECK(report != NULL && report < third);
		CHECK_CONTAINS(second, "  harm      ");
		CHECK_CONTAINS(format("%.*s", (int)strcspn(report, "\n"), report),
			       format("app/demo_culprit.c:%d", culprit_line()));
	}
	CHECK_CONTAINS(third, "------");
	CHECK_CONTAINS(third, "the pool has ");
	for (const char *line = text; *line != 0; line += strcspn(line, "\n") + 1)
		if (strncmp(line, "   fetch-", 9) == 0)
			CHECK(strcspn(line, "\n") <= 80);
}

TEST(lesson_2_shows_that_siblings_run_on)
{
	const char *text = lesson("2").out;

	CHECK_INT(lines(text), 6);
	CHECK_CONTAINS(text, "with all three: 200, ASYNC_EFAILED, 200\n");
	CHECK_CONTAINS(text, "\"users: HTTP 503\"");
	CHECK_CONTAINS(text, "weather is done, and quotes is running");
	CHECK_CONTAINS(text, "quotes ran on, and ended after 0.4");
}

TEST(lesson_3_shows_a_failure_that_nobody_read)
{
	const char *text = lesson("3").out;

	CHECK_INT(lines(text), 6);
	CHECK_CONTAINS(text, "Task exception was never retrieved: stocks\n");
	CHECK_CONTAINS(text, "raised in fetch_data() at app/demo_lesson3.c:");
	CHECK_CONTAINS(text, "1 report; main itself is fine");
}

TEST(lesson_4_shows_what_a_cap_is_good_for)
{
	const char *text = lesson("4").out;
	int peak, reused, answered, turned_away;

	CHECK_INT(lines(text), 6);
	CHECK_INT(sscanf(strstr(text, "no cap") + 6, "%d %d %d %d", &peak, &reused, &answered,
			 &turned_away),
		  4);
	CHECK_INT(peak, 60);
	CHECK_INT(reused, 0);
	CHECK_INT(answered + turned_away, 60);
	CHECK(turned_away > 0);
	CHECK_INT(sscanf(strstr(text, "limit 20") + 8, "%d %d %d %d", &peak, &reused, &answered,
			 &turned_away),
		  4);
	CHECK_INT(peak, 20);
	CHECK_INT(reused, 40);
	CHECK_INT(answered, 60);
	CHECK_INT(turned_away, 0);
}

TEST(lesson_5_collects_the_twelve_apis)
{
	struct program demo = { .argv = ARGV(built("demo"), "--lesson", "5") };
	int records = 0;

	run_program(&demo);
	CHECK_INT(demo.status, 0);
	for (const char *at = demo.out; (at = strstr(at, "\"type\":\"response\"")) != NULL; at++)
		records++;
	CHECK_INT(records, 12);
	CHECK_CONTAINS(demo.out, "12 ok, 0 failed");
	check_silent(demo.err);
}

TEST(it_works_without_the_watchdog_and_says_that_it_is_off)
{
	struct program demo = { .argv = ARGV(built("demo"), "--lesson", "1", "--politeness",
					     "10ms"),
				.env = ARGV("LOOPHOUND_WATCHDOG=off") };

	run_program(&demo);
	CHECK_INT(demo.status, 0);
	CHECK_CONTAINS(demo.out, "the watchdog said nothing: it is off");
}

/* The process of the upstream is gone as soon as the demo is: its pipes close with it. */
TEST(a_signal_ends_the_demo_and_its_children)
{
	static const int signals[] = { SIGINT, SIGTERM };

	for (int i = 0; i < 2; i++) {
		struct program demo = { .argv = ARGV(built("demo")), .talks = true };
		char line[200];

		program_start(&demo);
		CHECK(program_read_line(&demo, line, sizeof(line)));
		program_stop(&demo, signals[i]);
		CHECK_INT(demo.status, 128 + signals[i]);
	}
}

TEST(wrong_options_exit_with_2)
{
	static const char *const wrong[][3] = {
		{ "--lesson", "0" },	    { "--lesson", "6" }, { "--lesson", "x" },
		{ "--politeness", "long" }, { "--nonsense" },	 { "now" },
		{ "--json", "--lesson=2" }
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct program demo = { .argv = ARGV(built("demo"), wrong[i][0], wrong[i][1]) };

		run_program(&demo);
		CHECK_INT(demo.status, 2);
		CHECK_STR(demo.out, "");
		CHECK_CONTAINS(demo.err, "demo: --help tells more");
	}
}

TEST(help_names_the_lessons)
{
	struct program demo = { .argv = ARGV(built("demo"), "--help") };

	run_program(&demo);
	CHECK_INT(demo.status, 0);
	CHECK_CONTAINS(demo.out, "--lesson 4");
}
