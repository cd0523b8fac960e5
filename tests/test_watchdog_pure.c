/* SPDX-License-Identifier: MIT */
/*
 * test_watchdog_pure.c - what the watchdog decides and writes, as data: verdicts, which stalls are
 * reported, the other formats, the words of LOOPHOUND_WATCHDOG.
 */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/watchdog_example.h"

/* ---- Verdicts -------------------------------------------------------------------------------- */

TEST(the_verdict_follows_the_numbers)
{
	enum { RUNS = WATCHDOG_RUNNING, BLOCKS = WATCHDOG_BLOCKED };
	static const struct {
		int held, cpu, blocked, waiting, late, stolen, throttled;
		int state;
		long call;
		enum async_verdict verdict;
	} rows[] = {
		{ 100, 100, 0, 0, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_CPU },
		{ 100, 70, 30, 0, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_CPU },
		{ 100, 69, 31, 0, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_MIXED },
		{ 100, 30, 70, 0, 0, 0, 0, BLOCKS, SYS_read, ASYNC_VERDICT_BLOCKED },
		{ 100, 31, 69, 0, 0, 0, 0, BLOCKS, SYS_read, ASYNC_VERDICT_MIXED },
		{ 100, 0, 100, 0, 0, 0, 0, BLOCKS, SYS_futex, ASYNC_VERDICT_LOCK },
		{ 100, 0, 100, 0, 0, 0, 0, BLOCKS, -1, ASYNC_VERDICT_BLOCKED },
		{ 100, 0, 100, 0, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_MIXED },
		/* The limit, 100, is for what is the code's own: a busy machine changes no word. */
		{ 400, 100, 0, 300, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_CPU },
		{ 400, 99, 0, 301, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_STARVED },
		{ 200, 50, 49, 100, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_STARVED },
		{ 400, 99, 0, 0, 301, 0, 0, RUNS, 0, ASYNC_VERDICT_STOPPED },
		/* What others took may have been booked as the code's. */
		{ 150, 120, 0, 30, 0, 90, 0, RUNS, 0, ASYNC_VERDICT_STARVED },
		{ 150, 0, 120, 30, 0, 0, 90, BLOCKS, SYS_read, ASYNC_VERDICT_STARVED },
		{ 150, 120, 0, 30, 0, 70, 0, RUNS, 0, ASYNC_VERDICT_CPU },
		/* Nothing explains it yet. */
		{ 150, 90, 0, 60, 0, 0, 0, RUNS, 0, ASYNC_VERDICT_MIXED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct watchdog_stall *stall = example();

		stall->held = rows[i].held * MS;
		stall->cpu = rows[i].cpu * MS;
		stall->blocked = rows[i].blocked * MS;
		stall->waiting = rows[i].waiting * MS;
		stall->late = rows[i].late * MS;
		stall->stolen = rows[i].stolen * MS;
		stall->throttled = rows[i].throttled * MS;
		stall->call.state = (enum watchdog_state)rows[i].state;
		stall->call.number = rows[i].call;
		if (watchdog_verdict(stall) != rows[i].verdict)
			FAIL("row %zu: %s", i, watchdog_verdict_name(watchdog_verdict(stall)));
	}
}

TEST(a_debugger_excuses_everything)
{
	struct watchdog_stall *stall = example();

	stall->traced = true;
	CHECK_INT(watchdog_verdict(stall), ASYNC_VERDICT_STOPPED);
	CHECK(!watchdog_is_finding(watchdog_verdict(stall)));
}

TEST(what_others_took_is_read_from_the_kernels_files)
{
	static const char stat[] = "cpu  24037 915 7487 140589 328 0 58 30 0 0\n"
				   "cpu0 12000 400 3700 70000 160 0 29 10 0 0\n"
				   "cpu1 12037 515 3787 70589 168 0 29 20 0 0\nintr 1 2 3\n";

	CHECK_INT(watchdog_parse_stolen(stat, 10 * MS), 150 * MS);
	CHECK_INT(watchdog_parse_stolen("cpu  1 2 3\n", MS), 0);
	CHECK_INT(watchdog_parse_stolen("", MS), 0);
	CHECK_INT(watchdog_parse_throttled("usage_usec 5\nnr_throttled 2\nthrottled_usec 1500\n"),
		  1500000);
	CHECK_INT(watchdog_parse_throttled("nr_periods 1\nthrottled_time 42\n"), 42);
	CHECK_INT(watchdog_parse_throttled("usage_usec 5\n"), 0);
}

TEST(what_a_system_does_not_show_is_said)
{
	char text[512];
	pid_t nobody = 999999999; /* there is no such thread, so nothing of it is to be seen */

	CHECK(watchdog_blind_spots(nobody, text, sizeof text) > 0);
	CHECK_STR(text,
		  "[watchdog] this system does not show how long a thread waits for a CPU (so the "
		  "limit applies to the time on the clock), nor what a blocked thread is in\n");
	CHECK_INT(watchdog_blind_spots(getpid(), text, sizeof text), 0);
}

/* ---- Which are reported ---------------------------------------------------------------------- */

TEST(the_same_stack_is_reported_at_its_1st_2nd_4th_and_8th_time)
{
	struct watchdog_policy policy = { 0 };
	struct watchdog_stall *stall = example();
	char text[256];

	for (unsigned i = 1; i <= 9; i++) {
		CHECK_INT(policy_admit(&policy, MS, stall), (i & (i - 1)) == 0);
		CHECK_INT(stall->seen, i);
	}
	CHECK_INT(policy_hidden(&policy, 60001 * MS - 2 * MS, false, text, sizeof text), 0);
	CHECK(policy_hidden(&policy, 60001 * MS, false, text, sizeof text) > 0);
	CHECK_STR(text, "[watchdog] in the last 60 s not shown: 5 like others before\n");
	CHECK_INT(policy_hidden(&policy, 200000 * MS, true, text, sizeof text), 0);
}

TEST(different_stacks_have_a_quota_a_minute)
{
	struct watchdog_policy policy = { 0 };
	struct watchdog_stall *stall = example();
	char text[256];
	int shown = 0;

	for (int i = 0; i < POLICY_FINDINGS + 5; i++) {
		snprintf(stall->frames[3].function, 64, "polite_%d", i);
		shown += policy_admit(&policy, MS, stall);
	}
	CHECK_INT(shown, POLICY_FINDINGS);
	CHECK(policy_hidden(&policy, 5 * MS, true, text, sizeof text) > 0);
	CHECK_CONTAINS(text, "not shown: 5 of more than 20 findings");
	strcpy(stall->frames[3].function, "another");
	CHECK(policy_admit(&policy, 6 * MS, stall));
}

TEST(a_busy_machine_does_not_use_up_the_quota_of_findings)
{
	struct watchdog_policy policy = { 0 };
	struct watchdog_stall *stall = example();
	int shown = 0;

	stall->cpu = 0;
	stall->blocked = 0;
	stall->waiting = 104 * MS;
	for (int i = 0; i < 100; i++)
		shown += policy_admit(&policy, MS, stall);
	CHECK_INT(shown, POLICY_OTHERS);
	CHECK(policy_admit(&policy, MS, example()));
}

/* ---- Formats --------------------------------------------------------------------------------- */

static const char *formatted(enum async_report_format format, enum watchdog_event event,
			     const struct watchdog_stall *stall, bool hidden)
{
	static char text[WATCHDOG_TEXT];
	size_t length = watchdog_format(format, event, stall, hidden, text, sizeof text);

	if (length == 0)
		return NULL;
	CHECK_INT(length, strlen(text));
	return text;
}

static void check_field(const json_t *object, const char *name, const char *value)
{
	CHECK_STR(json_string_value(json_object_get(object, name)), value);
}

TEST(json_is_a_line_with_all_that_the_text_says)
{
	struct watchdog_stall *stall = example();
	const char *line;
	json_t *object, *frame;

	strcpy(stall->view.name, "f\"\\\n\xC3\xA9\xC3");
	line = formatted(ASYNC_REPORT_JSON, STALL_BEGAN, stall, false);
	CHECK(strchr(line, '\n') == line + strlen(line) - 1);
	object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	CHECK(json_is_object(object));
	check_field(object, "event", "stall");
	check_field(object, "task", "f\"\\\n\xC3\xA9\xEF\xBF\xBD");
	check_field(object, "verdict", "BLOCKED");
	check_field(object, "function", "polite_delay");
	check_field(object, "file", "crawler.c");
	CHECK_INT(json_integer_value(json_object_get(object, "line")), 88);
	check_field(object, "call", "clock_nanosleep");
	check_field(object, "worst_task", "heartbeat");
	check_field(object, "worst_at", "crawler.c:41");
	check_field(object, "created_by", "main");
	CHECK_INT(json_integer_value(json_object_get(object, "ready")), 42);
	CHECK_NEAR(json_number_value(json_object_get(object, "blocked_ms")), 103.7, 0.01);
	CHECK_CONTAINS(json_string_value(json_object_get(object, "instead")), "async_sleep(0.3)");
	CHECK_INT(json_array_size(json_object_get(object, "stack")), stall->frame_count);
	frame = json_array_get(json_object_get(object, "stack"), 2);
	check_field(frame, "owner", "system");
	check_field(frame, "function", "usleep");
	json_decref(object);
	CHECK(formatted(ASYNC_REPORT_JSON, STALL_BEGAN, stall, true) == NULL);
}

TEST(json_stays_json_however_deep_the_stack_is)
{
	struct watchdog_stall *stall = example();
	const char *line;

	while (stall->frame_count < WATCHDOG_FRAMES) {
		char name[64];

		snprintf(name, sizeof name, "%063zu", stall->frame_count);
		add_frame(stall, SYMBOL_PROGRAM, name, "a_module_with_quite_a_long_name", name, 7);
		strcpy(stall->frames[stall->frame_count - 1].build_id,
		       "0123456789012345678901234567890123456789");
	}
	line = formatted(ASYNC_REPORT_JSON, STALL_BEGAN, stall, false);
	json_t *object = json_loads(line, 0, NULL);
	CHECK(json_array_size(json_object_get(object, "stack")) > 10);
	json_decref(object);
}

TEST(json_of_later_events_and_of_the_total)
{
	struct watchdog_totals totals = { 5, 2, 1, 3, 900 * MS, 312 * MS };
	struct watchdog_stall *stall = example();
	char text[512];

	stall->looks = 2;
	CHECK_CONTAINS(formatted(ASYNC_REPORT_JSON, STALL_LASTS, stall, false),
		       "{\"event\":\"lasts\",\"number\":4,");
	CHECK_CONTAINS(formatted(ASYNC_REPORT_JSON, STALL_ENDED, stall, false),
		       "\"looks\":2,\"moved\":0}\n");
	watchdog_format_total(ASYNC_REPORT_JSON, &totals, text, sizeof text);
	CHECK_STR(text,
		  "{\"event\":\"total\",\"stalls\":5,\"starved\":2,\"stopped\":1,\"hidden\":3,"
		  "\"held_ms\":900.0,\"longest_ms\":312.0}\n");
}

TEST(folded_stacks_count_every_stall_by_its_milliseconds)
{
	struct watchdog_stall *stall = example();

	strcpy(stall->who, "a;b");
	stall->held = 312 * MS;
	CHECK(formatted(ASYNC_REPORT_FOLDED, STALL_BEGAN, stall, false) == NULL);
	CHECK_STR(formatted(ASYNC_REPORT_FOLDED, STALL_ENDED, stall, true),
		  "a:b;task_main;fetch_one;polite_delay;usleep;nanosleep;clock_nanosleep;[BLOCKED] "
		  "312\n");
	stall->frames[4].function[0] = '\0';
	CHECK_CONTAINS(formatted(ASYNC_REPORT_FOLDED, STALL_ENDED, stall, true),
		       "task_main;crawler+0x1005;polite_delay");
}

TEST(github_gets_an_annotation_of_the_line)
{
	struct watchdog_stall *stall = example();
	const char *line;

	strcpy(stall->frames[3].file, "src/a,b:c.c");
	strcpy(stall->view.name, "100%");
	line = formatted(ASYNC_REPORT_GITHUB, STALL_BEGAN, stall, false);
	CHECK(strncmp(line,
		      "::warning file=src/a%2Cb%3Ac.c,line=88,title=104 ms%3A BLOCKED in "
		      "clock_nanosleep::[stall #4] task 17 \"100%25\" has held",
		      60) == 0);
	CHECK_CONTAINS(line, "100%25\" has held the loop");
	CHECK_CONTAINS(line, "%0A  instead   async_sleep(0.3)");
	CHECK(strchr(line, '\n') == line + strlen(line) - 1);
	CHECK(formatted(ASYNC_REPORT_GITHUB, STALL_ENDED, stall, false) == NULL);
	stall->frame_count = 3;
	CHECK_CONTAINS(formatted(ASYNC_REPORT_GITHUB, STALL_BEGAN, stall, false),
		       "::warning title=104 ms");
}

TEST(every_format_is_cut_off_at_any_size)
{
	static const enum async_report_format formats[] = { ASYNC_REPORT_JSON, ASYNC_REPORT_FOLDED,
							    ASYNC_REPORT_GITHUB };
	char part[WATCHDOG_TEXT];

	for (size_t i = 0; i < 3; i++)
		for (enum watchdog_event event = STALL_BEGAN; event <= STALL_ENDED; event++)
			for (size_t size = 1; size < 900; size++) {
				memset(part, '#', sizeof part);
				size_t length = watchdog_format(formats[i], event, example(), false,
								part, size);
				CHECK(length < size);
				CHECK(part[size] == '#');
			}
}

/* ---- LOOPHOUND_WATCHDOG ---------------------------------------------------------------------- */

TEST(words_in_the_environment_variable)
{
	static const struct {
		const char *text;
		int64_t limit;
		const char *unknown;
	} rows[] = {
		{ "", 7, NULL },
		{ "limit=20ms", 20 * MS, NULL },
		{ "limit=1.5s", 1500 * MS, NULL },
		{ "limit=0.25", 250 * MS, NULL },
		{ "limit=500us", MS, NULL }, /* the shortest */
		{ "abort,,limit=2s,", 2000 * MS, NULL },
		{ "limit=", 7, "limit=" },
		{ "limit=-1", 7, "limit=-1" },
		{ "limit=5days", 7, "limit=5days" },
		{ "limit", 7, "limit" },
		{ "limit=2s,report=xml,off", 2000 * MS, "report=xml" },
		{ "exit=0", 7, "exit=0" },
		{ "exit=256", 7, "exit=256" },
		{ "exit=1x", 7, "exit=1x" },
		{ "file=", 7, "file=" },
		{ "abort=1", 7, "abort=1" },
		{ "offish,strange", 7, "offish" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct watchdog_options options = { .limit = 7 };
		char unknown[64];
		size_t length = 0;
		const char *at = watchdog_options_parse(rows[i].text, &options, &length);

		snprintf(unknown, sizeof unknown, "%.*s", (int)length, at ? at : "");
		CHECK_STR(at ? unknown : NULL, rows[i].unknown);
		CHECK_INT(options.limit, rows[i].limit);
	}
}

TEST(every_word_sets_its_option)
{
	struct watchdog_options options = { .report = (void *)1 };
	size_t length;

	CHECK(watchdog_options_parse("off,report=json,file=/tmp/x,exit=86,abort,stats,excuses,help",
				     &options, &length) == NULL);
	CHECK(options.off && options.abort && options.stats && options.excuses && options.help);
	CHECK_INT(options.format, ASYNC_REPORT_JSON);
	CHECK_STR(options.file, "/tmp/x");
	CHECK_INT(options.exit_code, 86);
	CHECK(options.report == NULL);
	CHECK(watchdog_options_parse("limit=1s,report=github", &options, &length) == NULL);
	CHECK(!options.off);
	CHECK_INT(options.format, ASYNC_REPORT_GITHUB);
}

TEST(the_help_has_every_word)
{
	char help[2048], words[512];
	size_t length = watchdog_options_help(help, sizeof help);

	CHECK_INT(length, strlen(help));
	CHECK_CONTAINS(help, "\n  limit=TIME                      how long");
	CHECK_CONTAINS(help, "\n  report=text|json|folded|github  how stalls");
	watchdog_options_words(words, sizeof words);
	CHECK_CONTAINS(words, "off, limit=TIME, report=text|json|folded|github, file=PATH");
	for (char *word = strtok(words, ", "); word; word = strtok(NULL, ", "))
		CHECK_CONTAINS(help, word);
	for (size_t size = 1; size < length; size += 7)
		CHECK_INT(watchdog_options_help(help, size), size - 1);
}
