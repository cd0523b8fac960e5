/* SPDX-License-Identifier: MIT */
/*
 * bench_watchdog.c - how often the watchdog's thread wakes while its loop idles, or does not.
 *
 *     bench-watchdog SECONDS [--beat]
 *
 * The loop sleeps all the time, or, with --beat, wakes every 10 ms. A thread that stands outside reads
 * the context switches of the monitor's thread at both ends of a span within that time, so that nobody
 * wakes for the sake of reading. Prints one line of name=value.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/async.h"

#define SETTLE 1.0 /* seconds in which the monitor starts, reads symbols and parks */

static struct span {
	double seconds;
	bool beats;
	long switches; /* of the monitor; -1: there is none */
} span;

/* What follows name in a thread's status, 0 when that is no number; -1: the line is not there. */
static long number_of(const char *tid, const char *name)
{
	char path[64], line[256];
	long number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", tid);
	FILE *in = fopen(path, "re");
	while (in && number < 0 && fgets(line, sizeof(line), in))
		if (strncmp(line, name, strlen(name)) == 0)
			number = strtol(line + strlen(name), NULL, 10);
	if (in)
		fclose(in);
	return number;
}

/* Context switches so far of the thread that is called "watchdog", of both kinds; -1: none. */
static long switches_of_monitor(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	long sum = -1;

	while (tasks && sum < 0 && (entry = readdir(tasks)))
		if (number_of(entry->d_name, "Name:\twatchdog\n") == 0)
			sum = number_of(entry->d_name, "voluntary_ctxt_switches:") +
			      number_of(entry->d_name, "nonvoluntary_ctxt_switches:");
	if (tasks)
		closedir(tasks);
	return sum;
}

static void *observe(void *arg)
{
	usleep((useconds_t)(SETTLE * 1e6));
	long before = switches_of_monitor();
	usleep((useconds_t)(span.seconds * 1e6));
	span.switches = before < 0 ? -1 : switches_of_monitor() - before;
	return arg;
}

static int program(void *arg)
{
	double end = async_time() + SETTLE + span.seconds + SETTLE;

	(void)arg;
	while (span.beats && async_time() < end)
		async_sleep(0.01);
	return async_sleep(span.beats ? 0 : end - async_time());
}

int main(int argc, char **argv)
{
	pthread_t observer;

	span.seconds = argc > 1 ? strtod(argv[1], NULL) : 0;
	span.beats = argc > 2 && strcmp(argv[2], "--beat") == 0;
	if (!(span.seconds > 0) || argc > 2 + span.beats) {
		fputs("usage: bench-watchdog SECONDS [--beat]\n", stderr);
		return 2;
	}
	if (pthread_create(&observer, NULL, observe, NULL) != 0)
		return 2;
	int rc = async_run(program, NULL);
	pthread_join(observer, NULL);
	printf("monitor_switches=%ld seconds=%g\n", span.switches, span.seconds);
	return rc < 0 || span.switches < 0;
}
