/* SPDX-License-Identifier: MIT */
/* test_watchdog_report.c - the text of a report, from made-up stalls. */
#include <string.h>

#include "tests/harness.h"
#include "tests/watchdog_example.h"

static const char *text_of(const struct watchdog_stall *stall)
{
	static char text[WATCHDOG_TEXT];
	size_t length = watchdog_report(stall, text, sizeof text);

	CHECK_INT(length, strlen(text));
	return text;
}

TEST(the_whole_report)
{
	CHECK_STR(
		text_of(example()),
		"[stall #4] task 17 \"fetch\" has held the loop 104 ms and still does (limit 100 ms)\n"
		"  verdict   BLOCKED in clock_nanosleep   cpu 0.1 ms | blocked 103.7 ms | waiting for "
		"a CPU 0.2 ms\n"
		"  harm      42 tasks were ready, 3 timers late (worst 287 ms: task 9 \"heartbeat\" "
		"at crawler.c:41)\n"
		"  where     polite_delay     crawler.c:88      <- your code     (3 libc frames above: "
		"usleep, nanosleep, clock_nanosleep)\n"
		"            fetch_one        crawler.c:131\n"
		"            created by task 1 \"main\" at crawler.c:201 to run fetch_one\n"
		"  instead   async_sleep(0.3): the same delay, and the loop keeps running\n");
}

TEST(the_line_at_the_end)
{
	struct watchdog_stall *stall = example();
	char text[256];

	stall->held = 312 * MS;
	watchdog_report_end(stall, text, sizeof text);
	CHECK_STR(text, "[stall #4] task 17 \"fetch\" held the loop 312 ms (limit 100 ms)\n");
}

TEST(without_line_information_it_says_where_and_what_to_do)
{
	struct watchdog_stall *stall = example();

	stall->frames[3].line = 0;
	CHECK_CONTAINS(text_of(stall), "polite_delay     crawler+0x1004      <- your code");
	CHECK_CONTAINS(text_of(stall), symbol_hint);
	strcpy(stall->frames[3].build_id, "3f5a00ff");
	CHECK_CONTAINS(text_of(stall), "crawler+0x1004 (BuildId 3f5a00ff)      <- your code");
}

TEST(harm_says_who_cannot_run)
{
	static const struct {
		struct victims victims;
		const char *text;
	} rows[] = {
		{ { 0 }, "harm      nobody was ready, no timer is late\n" },
		{ { .tasks = 1 }, "harm      1 task was ready\n" },
		{ { .next = 12 * MS },
		  "harm      nobody was ready, no timer is late, the next timer is due in 12 ms\n" },
		{ { .tasks = 1, .next = 12 * MS },
		  "harm      1 task was ready, the next timer is due in 12 ms\n" },
		{ { .tasks = VICTIMS_MAX }, "harm      4096 or more tasks were ready\n" },
		{ { .tasks = 2, .callbacks = 1 },
		  "harm      2 tasks were ready, 1 callback was ready\n" },
		{ { .late = 1, .worst = 7 * MS },
		  "harm      1 timer late (worst 7 ms: a callback)\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct watchdog_stall *stall = example();

		stall->victims = rows[i].victims;
		CHECK_CONTAINS(text_of(stall), rows[i].text);
	}
}

TEST(a_call_is_shown_with_its_fd_and_its_timeout)
{
	struct watchdog_stall *stall = example();

	stall->sleep = -1;
	stall->call.number = SYS_recvfrom;
	stall->fd = 9;
	strcpy(stall->target, "127.0.0.1:8080");
	CHECK_CONTAINS(text_of(stall), "BLOCKED in recvfrom(9 = 127.0.0.1:8080, timeout 0.3 s)   ");
	stall->timeout = -1;
	CHECK_CONTAINS(text_of(stall), "BLOCKED in recvfrom(9 = 127.0.0.1:8080)   ");
	stall->target[0] = '\0';
	CHECK_CONTAINS(text_of(stall), "BLOCKED in recvfrom(9)   ");
	stall->call.number = SYS_futex;
	stall->fd = -1;
	CHECK_CONTAINS(text_of(stall), "LOCK in futex   ");
	stall->timeout = 1.5;
	CHECK_CONTAINS(text_of(stall), "LOCK in futex(timeout 1.5 s)   ");
}

TEST(what_is_not_the_codes_fault_is_called_so)
{
	struct watchdog_stall *stall = example();

	stall->cpu = 20 * MS;
	stall->blocked = 0;
	stall->waiting = 84 * MS;
	CHECK_STR(
		text_of(stall),
		"[starved #4] task 17 \"fetch\" has held the loop 104 ms and still does (limit 100 "
		"ms)\n  verdict   STARVED: the machine had no CPU for it   cpu 20.0 ms | blocked "
		"0.0 ms | waiting for a CPU 84.0 ms\n");
	stall->late = 84 * MS;
	CHECK_CONTAINS(text_of(stall), "[stopped #4] ");
	CHECK_CONTAINS(text_of(stall), "STOPPED: the process did not run   ");
	CHECK_CONTAINS(text_of(stall), " | stopped 84.0 ms\n");
	stall->traced = true;
	CHECK_CONTAINS(text_of(stall), "STOPPED: a debugger is attached   ");
}

TEST(who_created_it_may_be_unknown_and_who_awaits_it_is_named)
{
	struct watchdog_stall *stall = example();

	stall->view.creator_name[0] = '\0';
	CHECK_CONTAINS(text_of(stall), "created by task 1 at crawler.c:201 to run fetch_one\n");
	stall->view.creator = 0;
	stall->awaiter.id = 3;
	strcpy(stall->awaiter.name, "crawl");
	stall->awaiter.waiting_at = "crawler.c:205";
	CHECK_CONTAINS(text_of(stall), "created at crawler.c:201 to run fetch_one, awaited by task "
				       "3 \"crawl\" at crawler.c:205\n");
}

TEST(a_stall_that_was_looked_at_again_is_stuck_or_moving)
{
	struct watchdog_stall *stall = example();
	char text[512];

	stall->held = 830 * MS;
	stall->looks = 3;
	stall->now = stall->frames[3];
	watchdog_report_lasts(stall, text, sizeof text);
	CHECK_CONTAINS(text,
		       "[stall #4] task 17 \"fetch\" still holds the loop, for 830 ms now (limit "
		       "100 ms), stuck in polite_delay crawler.c:88\n  verdict   BLOCKED");
	stall->moved = 1;
	watchdog_report_end(stall, text, sizeof text);
	CHECK_STR(text,
		  "[stall #4] task 17 \"fetch\" held the loop 830 ms (limit 100 ms), moving: last "
		  "seen in polite_delay crawler.c:88\n");
}

TEST(the_total)
{
	struct watchdog_totals totals = { .findings = 1, .held = 312 * MS, .longest = 312 * MS };
	char text[256];

	watchdog_report_total(&totals, text, sizeof text);
	CHECK_STR(text, "[watchdog] 1 stall, 312 ms in all, the longest 312 ms\n");
	totals = (struct watchdog_totals){ 5, 2, 1, 3, 900 * MS, 312 * MS };
	watchdog_report_total(&totals, text, sizeof text);
	CHECK_STR(text,
		  "[watchdog] 5 stalls, 900 ms in all, the longest 312 ms; 3 not shown; not the "
		  "code's fault: starved 2, stopped 1\n");
}

TEST(an_erased_frame_has_no_line_unless_it_is_certain)
{
	struct watchdog_stall *stall = example();

	stall->frames[3].gap = true;
	CHECK_CONTAINS(text_of(stall), "polite_delay     crawler.c:88 (a tail call)      <- your");
	stall->frames[3].line = 0;
	CHECK_CONTAINS(text_of(stall), "polite_delay     (tail call: frames missing)      <- your");
}

TEST(without_a_stack_it_says_why)
{
	struct watchdog_stall *stall = example();

	stall->frame_count = 0;
	stall->failure = "the thread does not answer";
	CHECK_CONTAINS(text_of(stall), "  where     unknown: the thread does not answer\n");
}

TEST(one_that_was_over_before_it_was_looked_at_has_its_numbers)
{
	struct watchdog_stall *stall = example();

	stall->over = true;
	stall->frame_count = 0;
	stall->sleep = stall->timeout = -1;
	stall->failure = "it ended before it could be looked at";
	CHECK_STR(
		text_of(stall),
		"[stall #4] task 17 \"fetch\" held the loop 104 ms (limit 100 ms)\n"
		"  verdict   BLOCKED in clock_nanosleep   cpu 0.1 ms | blocked 103.7 ms | waiting "
		"for a CPU 0.2 ms\n"
		"  where     unknown: it ended before it could be looked at\n"
		"            created by task 1 \"main\" at crawler.c:201 to run fetch_one\n"
		"  instead   async_sleep(): the same delay, and the loop keeps running\n");
}

TEST(recursion_is_folded)
{
	struct watchdog_stall *stall = example();

	stall->frame_count = 4;
	for (int i = 0; i < 5; i++) {
		add_frame(stall, SYMBOL_PROGRAM, "again", "crawler", "crawler.c", 7);
		stall->frames[stall->frame_count - 1].offset = 0x77;
	}
	CHECK_CONTAINS(text_of(stall), "            again            crawler.c:7 (5 times)\n");
}

TEST(a_callback_ends_where_the_loop_begins)
{
	struct watchdog_stall *stall = example();

	stall->callback = true;
	strcpy(stall->who, "the handler of SIGINT");
	add_frame(stall, SYMBOL_PROGRAM, "main", "crawler", "crawler.c", 300);
	CHECK_CONTAINS(text_of(stall), "[stall #4] the handler of SIGINT has held the loop");
	CHECK(strstr(text_of(stall), "main") == NULL);
	CHECK(strstr(text_of(stall), "created") == NULL);
}

TEST(advice_depends_on_the_function_that_was_called)
{
	static const struct {
		long call;
		const char *function, *target, *advice;
	} rows[] = {
		{ SYS_recvfrom, "recv", "socket:[1]", "instead   async_wait_readable() or" },
		{ SYS_read, "read", "/home/x/data", "instead   async_to_thread(): files" },
		{ SYS_read, "read", "/dev/ttyS0", "instead   async_wait_readable() or" },
		{ SYS_ppoll, "__GI___poll", "", "instead   async_wait_readable() or" },
		{ SYS_ppoll, "getaddrinfo", "", "instead   net_resolve()" },
		{ SYS_connect, "__connect", "socket:[1]", "instead   net_connect()" },
		{ SYS_futex, "___pthread_mutex_lock", "", "instead   async_to_thread(), or hold" },
		{ SYS_futex, "curl_easy_perform", "", "instead   async_semaphore or" },
		{ SYS_fsync, "fsync", "/tmp/f", "instead   async_to_thread(): files" },
		{ SYS_wait4, "waitpid", "", "instead   async_to_thread()" },
		{ 9999, "strange", "", "instead   async_to_thread()" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct watchdog_stall *stall = example();

		stall->sleep = -1;
		stall->call.number = rows[i].call;
		strcpy(stall->frames[2].function, rows[i].function);
		strcpy(stall->target, rows[i].target);
		CHECK_CONTAINS(text_of(stall), rows[i].advice);
	}
}

TEST(a_report_is_cut_off_at_any_size)
{
	struct watchdog_stall *stall = example();
	char whole[WATCHDOG_TEXT], part[WATCHDOG_TEXT];
	size_t length = watchdog_report(stall, whole, sizeof whole);

	for (size_t size = 1; size <= length + 1; size++) {
		memset(part, '#', sizeof part);
		CHECK_INT(watchdog_report(stall, part, size), size - 1);
		CHECK_INT(strlen(part), size - 1);
		CHECK(part[size] == '#');
	}
}
