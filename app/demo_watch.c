/* SPDX-License-Identifier: MIT */
/*
 * demo_watch.c - see demo_watch.h.
 *
 * The watchdog calls from its own thread while the loop may be stuck anywhere, also inside malloc:
 * so nothing is allocated, and the only lock is one that the loop does not take while it runs.
 */
#include "app/demo_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "app/demo.h"

#define KEPT 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct demo_stall kept[KEPT];
static int count;
static unsigned stalls_before;

/* A stall is reported while it lasts and again when it ended: both go into one entry. */
static struct demo_stall *entry_for(const struct async_stall *stall)
{
	if (count > 0 && !kept[count - 1].ended && strcmp(kept[count - 1].task, stall->task) == 0)
		return &kept[count - 1];
	if (count == KEPT)
		return NULL;
	memset(&kept[count], 0, sizeof(kept[count]));
	return &kept[count++];
}

static void keep(const struct async_stall *stall, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	struct demo_stall *entry = entry_for(stall);
	if (entry != NULL) {
		snprintf(entry->task, sizeof(entry->task), "%s", stall->task);
		snprintf(entry->function, sizeof(entry->function), "%s",
			 stall->function ? stall->function : "");
		snprintf(entry->file, sizeof(entry->file), "%s",
			 stall->file ? demo_source(stall->file) : "");
		size_t used = strlen(entry->text);
		snprintf(entry->text + used, sizeof(entry->text) - used, "%s%s", stall->text,
			 stall->text[strcspn(stall->text, "\n")] ? "" : "\n");
		entry->line = stall->line;
		entry->seconds = stall->seconds;
		entry->ended = stall->ended;
	}
	pthread_mutex_unlock(&lock);
}

void demo_watch_begin(void)
{
	struct async_watchdog_options options = { .report = keep };

	count = 0;
	stalls_before = async_watchdog_stalls();
	async_watchdog_configure(&options);
}

int demo_watch_end(const struct demo_stall **stalls, unsigned *total)
{
	struct async_watchdog_options usual = { 0 };

	*total = async_watchdog_stalls() - stalls_before;
	async_watchdog_configure(&usual);
	pthread_mutex_lock(&lock);
	*stalls = kept;
	int n = count;
	pthread_mutex_unlock(&lock);
	return n;
}
