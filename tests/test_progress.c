/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/progress.h"
#include "tests/harness.h"

#define SECOND INT64_C(1000000000)

static const struct progress_numbers numbers = { .ok = 700,
						 .failed = 3,
						 .left = 297,
						 .per_second = 99,
						 .in_flight = 50,
						 .held = 12,
						 .p95 = 232500000 };

static const char *line(const struct progress_numbers *n, bool bar, bool color, int width)
{
	struct text text = { 0 };
	const char *copy;

	progress_format(&text, n, bar, color, width);
	copy = format("%s", text_cstr(&text));
	text_free(&text);
	return copy;
}

TEST(a_line_tells_how_the_run_is_doing)
{
	CHECK_STR(line(&numbers, true, false, 0),
		  "[##############......] 700 ok, 3 failed, 297 left, 99/s, 50 in flight, "
		  "12 waiting, p95 232.5 ms, ETA 3 s");
}

TEST(while_input_comes_nobody_knows_how_much_is_left)
{
	struct progress_numbers n = numbers;

	n.more = true;
	n.held = 0;
	CHECK_STR(line(&n, true, false, 0),
		  "700 ok, 3 failed, 297+ left, 99/s, 50 in flight, p95 232.5 ms");
}

TEST(a_line_is_no_wider_than_the_terminal_and_color_takes_no_width)
{
	CHECK_STR(line(&numbers, false, false, 16), "700 ok, 3 failed");
	CHECK_STR(line(&numbers, false, true, 16), "700 ok, \033[31m3 failed\033[0m");
}

static int master, terminal;
static char seen[4096];

/* What arrives on the terminal, up to where the text has been seen. */
static const char *look_for(const char *text)
{
	size_t size = 0;

	do {
		ssize_t n = read(master, seen + size, sizeof seen - 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n > 0);
		size += (size_t)n;
		seen[size] = '\0';
	} while (!strstr(seen, text));
	return seen;
}

static void open_terminal(const char *term)
{
	setenv("TERM", term, 1);
	CHECK_INT(openpty(&master, &terminal, NULL, NULL, NULL), 0);
}

static struct progress make(enum options_progress mode, bool quiet)
{
	struct options options = { .progress = mode, .quiet = quiet, .output = "file" };
	struct progress progress;

	progress_init(&progress, &options, terminal, SECOND);
	return progress;
}

TEST(auto_is_a_bar_on_a_terminal_and_it_is_erased)
{
	struct progress_numbers n = numbers;
	struct progress progress;

	open_terminal("xterm");
	setenv("NO_COLOR", "1", 1);
	progress = make(OPTIONS_PROGRESS_AUTO, false);
	CHECK_INT(progress.mode, OPTIONS_PROGRESS_BAR);
	CHECK(!progress.color);
	progress_tick(&progress, &n, 2 * SECOND);
	look_for(" ETA 0 s");
	CHECK_CONTAINS(seen, "] 700 ok, 3 failed");
	CHECK(!strchr(seen, '\n'));
	progress_tick(&progress, &n, 3 * SECOND);
	CHECK(!strncmp(look_for("232.5 ms"), "\r\033[K", 4));
	progress_say(&progress, "a message");
	CHECK_STR(look_for("message\r\n"), "\r\033[Kcollect: a message\r\n");
	progress_erase(&progress);
	progress_say(&progress, "again");
	CHECK_STR(look_for("again\r\n"), "collect: again\r\n");
	close(master);
	close(terminal);
}

TEST(a_dumb_terminal_gets_plain_lines_now_and_then)
{
	struct progress_numbers n = numbers;
	struct progress progress;

	open_terminal("dumb");
	progress = make(OPTIONS_PROGRESS_AUTO, false);
	CHECK_INT(progress.mode, OPTIONS_PROGRESS_PLAIN);
	progress_tick(&progress, &n, 2 * SECOND);
	progress_tick(&progress, &n, 7 * SECOND);
	CHECK(!strncmp(look_for("\n"), "700 ok, 3 failed", 16));
	CHECK_INT(make(OPTIONS_PROGRESS_BAR, true).mode, OPTIONS_PROGRESS_NONE);
	close(master);
	close(terminal);
}

TEST(auto_is_nothing_on_a_pipe)
{
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	terminal = ends[1];
	setenv("TERM", "xterm", 1);
	CHECK_INT(make(OPTIONS_PROGRESS_AUTO, false).mode, OPTIONS_PROGRESS_NONE);
	CHECK_INT(make(OPTIONS_PROGRESS_PLAIN, false).mode, OPTIONS_PROGRESS_PLAIN);
	close(ends[0]);
	close(ends[1]);
}
