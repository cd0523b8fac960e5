/* SPDX-License-Identifier: MIT */
/*
 * demo.c - build/demo: what `make run` shows.
 *
 * Starts the practice APIs in a child process, gives the lessons one after another, ends the child.
 * Exit: 0, or 1 when a lesson failed, or 2 for wrong options.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "app/demo.h"

static const char help[] =
	"usage: demo [--lesson N | --json] [--politeness TIME] [--trace FILE]\n"
	"Shows what an event loop is for, and what the watchdog sees. Needs no network, takes 20 s.\n"
	"\n"
	"  --lesson 1   ten polite fetches, five ways: serial, blocking, yielding, threads, semaphore\n"
	"  --lesson 2   gather: every outcome, or the first failure\n"
	"  --lesson 3   a failure that nobody reads is reported\n"
	"  --lesson 4   a cap on connections, against an API with a rate limit\n"
	"  --lesson 5   collect, on all twelve practice APIs\n"
	"  --json       lesson 1 as one line of JSON: the seconds, and what the watchdog named\n"
	"  --politeness 500ms   how long each fetch of lesson 1 waits before it asks\n"
	"  --trace FILE what the event loops did: open it in ui.perfetto.dev or chrome://tracing;\n"
	"               as prose if FILE ends in .txt, or on stderr with -\n"
	"\n"
	"Colours only on a terminal, and not with NO_COLOR or TERM=dumb.\n"
	"exit: 0, or 1 when something failed, or 2 for wrong options\n";

static int (*const lessons[])(const struct demo *) = {
	demo_lesson1, demo_lesson2, demo_lesson3, demo_lesson4, demo_collect,
};
#define LESSONS ((int)(sizeof(lessons) / sizeof(lessons[0])))

double demo_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void demo_bold(const struct demo *demo, const char *text)
{
	printf(demo->color ? "\033[1m%s\033[0m" : "%s", text);
}

void demo_title(const struct demo *demo, const char *text)
{
	demo_bold(demo, text);
	putchar('\n');
}

/* The sources lie one folder below the root, wherever the compiler was started. */
const char *demo_source(const char *file)
{
	const char *at = file + strlen(file);

	for (int slashes = 0; at > file; at--)
		if (at[-1] == '/' && ++slashes == 2)
			break;
	return at;
}

static void look_at_terminal(struct demo *demo)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	struct winsize size;

	demo->columns = 80;
	demo->terminal = isatty(STDOUT_FILENO);
	if (demo->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		demo->columns = size.ws_col;
	demo->color = demo->terminal && (no_color == NULL || *no_color == 0) && term != NULL &&
		      strcmp(term, "dumb") != 0;
}

struct command {
	int lesson;	    /* 0: all */
	int64_t politeness; /* nanoseconds */
	const char *trace;  /* NULL: none */
	bool json, help;
};

static bool take(struct command *command, int option, const char *value)
{
	uint64_t lesson;

	switch (option) {
	case 'j':
		return command->json = true;
	case 'h':
		return command->help = true;
	case 'l':
		if (units_count(value, LESSONS, &lesson) && lesson > 0) {
			command->lesson = (int)lesson;
			return true;
		}
		fprintf(stderr, "demo: there are lessons 1 to %d\n", LESSONS);
		return false;
	case 't':
		command->trace = value;
		return true;
	case 'p':
		if (units_duration(value, &command->politeness))
			return true;
		fprintf(stderr, "demo: --politeness cannot be %s\n", value);
		return false;
	default:
		return false;
	}
}

static bool parse(struct command *command, int argc, char **argv)
{
	static const struct option options[] = { { "lesson", required_argument, NULL, 'l' },
						 { "politeness", required_argument, NULL, 'p' },
						 { "trace", required_argument, NULL, 't' },
						 { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if (!take(command, option, optarg))
			return false;
	if (optind < argc)
		fprintf(stderr, "demo: what is %s?\n", argv[optind]);
	else if (command->json && command->lesson > 1)
		fprintf(stderr, "demo: --json is for lesson 1\n");
	else
		return true;
	return false;
}

static int give_lessons(const struct demo *demo, const struct command *command)
{
	if (command->json)
		return demo_lesson1_json(demo);
	for (int i = 0; i < LESSONS; i++) {
		if (command->lesson != 0 && command->lesson != i + 1)
			continue;
		int rc = lessons[i](demo);
		if (rc < 0)
			return rc;
		if (command->lesson == 0 && i > 0 && i + 1 < LESSONS)
			putchar('\n');
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct command command = { .politeness = 500000000 };
	struct demo demo;

	if (!parse(&command, argc, argv)) {
		fputs("demo: --help tells more\n", stderr);
		return 2;
	}
	if (command.help) {
		fputs(help, stdout);
		return 0;
	}
	demo.politeness = (double)command.politeness / 1e9;
	look_at_terminal(&demo);
	int rc = command.trace ? async_trace_to(command.trace) : 0;
	if (rc < 0) {
		fprintf(stderr, "demo: --trace %s: %s\n", command.trace, async_strerror(rc));
		return 2;
	}
	if (demo_upstream_start(demo.urls) < 0)
		return 1;
	async_install_overflow_handler();
	rc = give_lessons(&demo, &command);
	if (rc < 0)
		fprintf(stderr, "demo: a lesson failed: %s\n", async_strerror(rc));
	int status = demo_upstream_stop();
	return rc < 0 || status != 0;
}
