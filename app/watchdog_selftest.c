/* SPDX-License-Identifier: MIT */
/*
 * watchdog_selftest.c - every verdict, made to happen: holds the loop in all ways there are, and
 * compares what the watchdog says with what was done.
 *
 * Each row of the table is one way. What is not the code's fault, a busy machine and a stopped process,
 * must be no finding. A machine may be so busy that the monitor itself does not get to look: that it
 * said nothing is right then, but what it says has to be right always. The exit code is 0 if all rows
 * are as they should be.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "app/watchdog_hold.h"

/* What was said of the way that runs: the first finding, and the first that is none. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct said {
	int reports;
	enum async_verdict verdict;
	char function[64], stack[2048], word[64];
	double cpu, blocked, waiting;
} findings, excuses;

/* ---- Was there a CPU for the monitor? -------------------------------------------------------- */

static double monitor_missed; /* seconds, while the loop was held */

static bool read_line(const char *tid, const char *name, char line[128])
{
	char path[64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/%s", tid, name);
	in = fopen(path, "re");
	bool got = in && fgets(line, 128, in);
	if (in)
		fclose(in);
	return got;
}

/* How long the thread that is called "watchdog" was runnable without a CPU so far; 0: unknown. */
static double monitor_waited(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned long long waited = 0;
	struct dirent *entry;
	char line[128];

	while (tasks && (entry = readdir(tasks)))
		if (read_line(entry->d_name, "comm", line) && strcmp(line, "watchdog\n") == 0 &&
		    read_line(entry->d_name, "schedstat", line))
			sscanf(line, "%*u %llu", &waited);
	if (tasks)
		closedir(tasks);
	return (double)waited / 1e9;
}

/* ---- What it said ---------------------------------------------------------------------------- */

/* The word, with its detail, from the second line of the report. */
static void take_word(const char *text, char word[64])
{
	const char *at = strstr(text, "verdict   ");
	const char *end = at ? strstr(at + 10, "   cpu ") : NULL;

	snprintf(word, 64, "%.*s", end ? (int)(end - at - 10) : 0, at ? at + 10 : "");
}

static bool is_excuse(enum async_verdict verdict)
{
	return verdict == ASYNC_VERDICT_STARVED || verdict == ASYNC_VERDICT_STOPPED;
}

static void take(const struct async_stall *stall, void *arg)
{
	struct said *said = is_excuse(stall->verdict) ? &excuses : &findings;

	(void)arg;
	if (stall->ended)
		return;
	pthread_mutex_lock(&lock);
	if (said->reports++ == 0) {
		said->verdict = stall->verdict;
		snprintf(said->function, sizeof(said->function), "%s",
			 stall->function ? stall->function : "?");
		snprintf(said->stack, sizeof(said->stack), "%s", stall->text);
		take_word(stall->text, said->word);
		said->cpu = stall->cpu;
		said->blocked = stall->blocked;
		said->waiting = stall->waiting;
	}
	pthread_mutex_unlock(&lock);
}

static bool has_names(const struct said *said)
{
	return said->function[0] != '?' && strstr(said->stack, "+0x") == NULL;
}

/*
 * With more time spent waiting for a CPU than on one, the shares are guesses: the kernel tells user from
 * kernel time by ticks, of which there are few, and books a wait only when it is over.
 */
static bool is_certain(const struct said *said)
{
	return said->waiting <= said->cpu + said->blocked;
}

static bool has_word(const struct way *way, const struct said *said)
{
	return !is_certain(said) ||
	       (said->verdict == way->verdict && strstr(said->word, way->expected) != NULL);
}

static bool is_missed(const struct way *way)
{
	const struct said *said = way->function ? &findings : &excuses;

	return said->reports == 0 && monitor_missed >= WATCHDOG_LIMIT / 2;
}

/* A busy machine may starve whatever runs here; a finding it must never make. */
static bool is_right(const struct way *way)
{
	if (way->function == NULL)
		return findings.reports == 0 &&
		       (way->expected == NULL || excuses.reports > 0 || is_missed(way));
	return is_missed(way) ||
	       (findings.reports > 0 && has_word(way, &findings) &&
		(!has_names(&findings) || strstr(findings.stack, way->function) != NULL));
}

static int run(void *arg)
{
	const struct way *way = arg;

	async_sleep(0.06);
	monitor_missed = monitor_waited();
	way->hold();
	async_sleep(0.02);
	monitor_missed = monitor_waited() - monitor_missed;
	return 0;
}

static const char *word_of(const struct way *way, const struct said *said)
{
	if (said->reports)
		return said->word;
	return way->expected && is_missed(way) ? "nothing: the monitor had no CPU" : "nothing";
}

static int show(const struct way *way)
{
	const struct said *said = findings.reports || !way->expected ? &findings : &excuses;
	bool right = is_right(way);

	printf("%-4s  %-15s %-42s %-15s %7.1f %7.1f %7.1f\n", right ? "ok" : "BAD", way->name,
	       word_of(way, said), way->function ? said->function : "-", said->cpu * 1e3,
	       said->blocked * 1e3, said->waiting * 1e3);
	if (!right)
		printf("      expected: %s\n%s", way->expected ? way->expected : "nothing",
		       said->reports ? said->stack : "");
	fflush(stdout);
	return right ? 0 : 1;
}

static void *run_loop(void *way)
{
	return (void *)(intptr_t)async_run(run, way);
}

/* In a thread of its own: the kernel tells user from kernel time by all that a thread has done. */
static bool hold_once(const struct way *way)
{
	pthread_t thread;
	void *rc = NULL;

	findings = excuses = (struct said){ 0 };
	if (way->begin)
		way->begin();
	if (pthread_create(&thread, NULL, run_loop, (void *)way) != 0)
		return false;
	pthread_join(thread, &rc);
	if (way->end)
		way->end();
	return rc == NULL;
}

int main(int argc, char **argv)
{
	struct async_watchdog_options options = { .limit = WATCHDOG_LIMIT,
						  .report = take,
						  .excuses = true };
	int wrong = 0;

	async_watchdog_configure(&options);
	printf("%-4s  %-15s %-42s %-15s %7s %7s %7s\n", "", "the loop held by", "verdict", "in",
	       "cpu ms", "blocked", "waiting");
	for (int i = 0; i < watchdog_way_count; i++) {
		if (argc > 1 && strcmp(argv[1], watchdog_ways[i].name) != 0)
			continue;
		if (!hold_once(&watchdog_ways[i]))
			return 1;
		wrong += show(&watchdog_ways[i]);
	}
	printf("%d of %d as they should be\n", watchdog_way_count - wrong, watchdog_way_count);
	return wrong > 0;
}
