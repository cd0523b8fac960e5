/* SPDX-License-Identifier: MIT */
/*
 * monitor_waited.h - how long the watchdog's thread was without a CPU so far, in seconds: on a busy
 * machine it may come too late for a stall, and a test is to know that.
 */
#ifndef LOOPHOUND_TESTS_MONITOR_WAITED_H
#define LOOPHOUND_TESTS_MONITOR_WAITED_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static inline bool read_of_thread(const char *tid, const char *name, char line[128])
{
	char path[64];
	FILE *in;

	snprintf(path, sizeof path, "/proc/self/task/%.20s/%s", tid, name);
	in = fopen(path, "re");
	bool got = in && fgets(line, 128, in);
	if (in)
		fclose(in);
	return got;
}

static inline double monitor_waited(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned long long sum = 0, waited;
	struct dirent *entry;
	char line[128];

	while (tasks && (entry = readdir(tasks)))
		if (read_of_thread(entry->d_name, "comm", line) &&
		    strcmp(line, "watchdog\n") == 0 &&
		    read_of_thread(entry->d_name, "schedstat", line) &&
		    sscanf(line, "%*u %llu", &waited) == 1)
			sum += waited;
	if (tasks)
		closedir(tasks);
	return (double)sum / 1e9;
}

#endif
