/* SPDX-License-Identifier: MIT */
/* test_watchdog_report.c - the text of a report, from made-up stalls. */
#include <string.h>
#include <sys/syscall.h>

#include "runtime/watchdog/internal.h"
#include "tests/harness.h"

#define MS INT64_C(1000000)

static void add(struct watchdog_stall *stall, enum symbol_owner owner, const char *function,
		const char *module, const char *file, int line)
{
	struct symbol_frame *frame = &stall->frames[stall->frame_count++];

	memset(frame, 0, sizeof *frame);
	frame->owner = owner;
	frame->line = line;
	frame->offset = 0x1000 + (uintptr_t)stall->frame_count;
	strcpy(frame->function, function);
	strcpy(frame->module, module);
	strcpy(frame->file, file);
}

/* The one of the design: task 17 sleeps in polite_delay, called by fetch_one. */
static struct watchdog_stall *example(void)
{
	static struct watchdog_stall stall;

	memset(&stall, 0, sizeof stall);
	stall.number = 4;
	stall.seen = 1;
	stall.view.id = 17;
	strcpy(stall.view.name, "fetch");
	stall.view.created_at = "crawler.c:201";
	stall.limit = 100 * MS;
	stall.held = 104 * MS;
	stall.cpu = MS / 10;
	stall.blocked = 1037 * MS / 10;
	stall.waiting = MS / 5;
	stall.has_waiting = true;
	stall.call.state = WATCHDOG_BLOCKED;
	stall.call.number = SYS_clock_nanosleep;
	stall.sleep = 0.3;
	add(&stall, SYMBOL_SYSTEM, "__GI___clock_nanosleep", "libc.so.6", "", 0);
	add(&stall, SYMBOL_SYSTEM, "__nanosleep", "libc.so.6", "", 0);
	add(&stall, SYMBOL_SYSTEM, "usleep", "libc.so.6", "", 0);
	add(&stall, SYMBOL_PROGRAM, "polite_delay", "crawler", "crawler.c", 88);
	add(&stall, SYMBOL_PROGRAM, "fetch_one", "crawler", "crawler.c", 131);
	add(&stall, SYMBOL_RUNTIME, "task_main", "crawler", "runtime/task.c", 200);
	return &stall;
}

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
		"  where     polite_delay     crawler.c:88      <- your code     (3 libc frames above: "
		"usleep, nanosleep, clock_nanosleep)\n"
		"            fetch_one        crawler.c:131\n"
		"            created at crawler.c:201\n"
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

TEST(the_verdict_follows_the_numbers)
{
	static const struct {
		int64_t cpu, blocked;
		enum watchdog_state state;
		long call;
		enum watchdog_verdict verdict;
	} rows[] = {
		{ 100, 0, WATCHDOG_RUNNING, 0, VERDICT_CPU },
		{ 70, 30, WATCHDOG_RUNNING, 0, VERDICT_CPU },
		{ 69, 31, WATCHDOG_RUNNING, 0, VERDICT_MIXED },
		{ 30, 70, WATCHDOG_BLOCKED, SYS_read, VERDICT_BLOCKED },
		{ 31, 69, WATCHDOG_BLOCKED, SYS_read, VERDICT_MIXED },
		{ 0, 100, WATCHDOG_BLOCKED, SYS_futex, VERDICT_LOCK },
		{ 0, 100, WATCHDOG_BLOCKED, -1, VERDICT_BLOCKED },
		{ 0, 100, WATCHDOG_RUNNING, 0, VERDICT_MIXED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct watchdog_stall *stall = example();

		stall->cpu = rows[i].cpu * MS;
		stall->blocked = rows[i].blocked * MS;
		stall->call.state = rows[i].state;
		stall->call.number = rows[i].call;
		if (watchdog_verdict(stall) != rows[i].verdict)
			FAIL("row %zu: %d", i, (int)watchdog_verdict(stall));
	}
}

TEST(without_line_information_it_says_where_and_what_to_do)
{
	struct watchdog_stall *stall = example();

	stall->frames[3].line = 0;
	CHECK_CONTAINS(text_of(stall), "polite_delay     crawler+0x1004      <- your code");
	CHECK_CONTAINS(text_of(stall), symbol_hint);
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

TEST(recursion_is_folded)
{
	struct watchdog_stall *stall = example();

	stall->frame_count = 4;
	for (int i = 0; i < 5; i++) {
		add(stall, SYMBOL_PROGRAM, "again", "crawler", "crawler.c", 7);
		stall->frames[stall->frame_count - 1].offset = 0x77;
	}
	CHECK_CONTAINS(text_of(stall), "            again            crawler.c:7 (5 times)\n");
}

TEST(a_callback_ends_where_the_loop_begins)
{
	struct watchdog_stall *stall = example();

	stall->callback = true;
	add(stall, SYMBOL_PROGRAM, "main", "crawler", "crawler.c", 300);
	CHECK_CONTAINS(text_of(stall), "[stall #4] a callback has held the loop");
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
