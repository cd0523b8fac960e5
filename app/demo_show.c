/* SPDX-License-Identifier: MIT */
/* demo_show.c - lesson 1 on the page: the table, the timelines under its rows, the line of JSON. */
#include <stdio.h>
#include <string.h>

#include "app/demo_timeline.h"
#include "app/demo_ways.h"
#include "app/text.h"

#define MARGIN 11
#define WIDEST 200

static int width_of(const struct demo *demo)
{
	int width = demo->columns - MARGIN - 1;

	return width > WIDEST ? WIDEST : width < 20 ? 20 : width;
}

void demo_show_heading(const struct demo *demo)
{
	char title[80];

	snprintf(title, sizeof(title),
		 "lesson 1  who waits? Ten fetches, each polite for %g s first", demo->politeness);
	demo_title(demo, title);
	printf("%*s# holds the thread  = holds a thread of the pool  - waits  . not begun\n\n",
	       MARGIN, "");
	printf("%-54s%7s %9s\n", "", "seconds", "expected");
}

void demo_show_name(const struct demo *demo, int number, const struct demo_way *way)
{
	char name[64];

	snprintf(name, sizeof(name), "%d  %-51s", number, way->name);
	demo_bold(demo, name);
	fflush(stdout);
}

static const char *color_of(char mark)
{
	return mark == '#' ? "\033[31m" : mark == '-' ? "\033[32m" : mark == '=' ? "\033[36m" : "";
}

static void print_bar(const struct demo *demo, const char *bar)
{
	if (!demo->color) {
		puts(bar);
		return;
	}
	while (*bar != 0) {
		int run = (int)strspn(bar, (char[]){ *bar, 0 });

		printf("%s%.*s\033[0m", color_of(*bar), run, bar);
		bar += run;
	}
	putchar('\n');
}

static void draw(const struct demo *demo, const struct demo_way *way)
{
	/* One scale for all five, so that the drawings can be compared. */
	double span = DEMO_FETCHES * demo->politeness * 1.05;
	char text[WIDEST + 1];

	for (int i = 0; i < DEMO_FETCHES; i++) {
		const struct demo_fetch *fetch = &way->fetches[i];
		struct timeline_segment segments[] = {
			{ 0, fetch->begun - way->started, '.' },
			{ fetch->polite - way->started, fetch->done - way->started, '-' },
			{ fetch->begun - way->started, fetch->polite - way->started, way->mark },
		};

		printf("   fetch-%d ", i);
		print_bar(demo, timeline_bar(text, width_of(demo), span, segments, 3));
	}
	printf("%*s%s\n", MARGIN, "", timeline_scale(text, width_of(demo), span));
}

static void print_indented(const char *text)
{
	while (*text != 0) {
		int line = (int)strcspn(text, "\n");

		printf("   %.*s\n", line, text);
		text += line + (text[line] == '\n');
	}
}

/* One report is enough: the others say the same of other tasks. */
static void print_stalls(const struct demo *demo, const struct demo_way *way)
{
	demo_title(demo, "   what the watchdog said, while it lasted and when it was over:");
	print_indented(way->stalls[0].text);
	if (way->stall_total > 1)
		printf("   and so on: %u stalls at this place\n", way->stall_total);
}

void demo_show_result(const struct demo *demo, const struct demo_way *way)
{
	printf("%7.2f %9.2f\n", way->seconds, demo_way_expected(demo, way));
	if (way->mark == '=')
		printf("   the pool has %d threads\n", way->at_once);
	draw(demo, way);
	if (way->stall_count > 0)
		print_stalls(demo, way);
	else if (way->fetch && way->mark == '#')
		printf("   the watchdog said nothing: it is off (LOOPHOUND_WATCHDOG, Valgrind)\n");
	putchar('\n');
	fflush(stdout);
}

static void add_stall(struct text *line, const struct demo_stall *stall)
{
	text_string(line, "{\"task\":");
	text_json(line, stall->task, strlen(stall->task));
	text_string(line, ",\"function\":");
	text_json(line, stall->function, strlen(stall->function));
	text_string(line, ",\"file\":");
	text_json(line, stall->file, strlen(stall->file));
	text_printf(line, ",\"line\":%d,\"blocked_ms\":%.1f}", stall->line, stall->seconds * 1e3);
}

void demo_show_json(const struct demo_way *ways, int count)
{
	struct text line = { 0 };

	text_char(&line, '{');
	for (int i = 0; i < count; i++)
		text_printf(&line, "\"%s\":%.3f,", ways[i].key, ways[i].seconds);
	text_string(&line, "\"watchdog\":[");
	for (int i = 0, n = 0; i < count; i++)
		for (int j = 0; j < ways[i].stall_count; j++) {
			if (n++ > 0)
				text_char(&line, ',');
			add_stall(&line, &ways[i].stalls[j]);
		}
	text_string(&line, "]}");
	if (!line.failed)
		puts(text_cstr(&line));
	text_free(&line);
}
