/* SPDX-License-Identifier: MIT */
/* watched.c - see watched.h. */
#include "tests/watched.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/async.h"
#include "runtime/symbol/symbol.h"
#include "tests/harness.h"
#include "tests/monitor_waited.h"

struct said watched_said[64];
int watched_count, watched_lasts;
double watched_missed;
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static void record(const struct async_stall *stall, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&said_lock);
	if (strstr(stall->text, " still holds the loop, for ")) {
		watched_lasts++;
	} else if (watched_count < 64) {
		struct said *this = &watched_said[watched_count++];

		snprintf(this->task, sizeof this->task, "%s", stall->task);
		snprintf(this->function, sizeof this->function, "%s",
			 stall->function ? stall->function : "");
		snprintf(this->file, sizeof this->file, "%s", stall->file ? stall->file : "");
		snprintf(this->text, sizeof this->text, "%s", stall->text);
		this->line = stall->line;
		this->seconds = stall->seconds;
		this->ended = stall->ended;
	}
	pthread_mutex_unlock(&said_lock);
}

/* On a busy machine, and under sanitizers, the monitor takes its time to get going. */
static int (*watched)(void *arg);

static int after_a_moment(void *arg)
{
	int rc;

	async_sleep(0.02 * time_scale());
	async_blocking("to know what the monitor missed", 0)
		watched_missed = monitor_waited();
	rc = watched(arg);
	async_blocking("to know what the monitor missed", 0)
		watched_missed = monitor_waited() - watched_missed;
	return rc;
}

void watched_run(double limit, int (*fn)(void *arg), void *arg)
{
	if (under_valgrind())
		NOT_HERE("the watchdog is off under Valgrind");
	unsetenv("LOOPHOUND_WATCHDOG");
	async_watchdog_configure(
		&(struct async_watchdog_options){ .limit = limit, .report = record });
	watched = fn;
	CHECK_INT(async_run(after_a_moment, arg), 0);
}

bool watched_has_names(void)
{
	return strstr(symbol_hint, "-g") != NULL;
}

void watched_check_stalls(unsigned expected)
{
	if (!UNDER_ASAN && !UNDER_TSAN && watched_missed < 0.02)
		CHECK_INT(async_watchdog_stalls(), expected);
	CHECK(async_watchdog_stalls() <= expected && async_watchdog_stalls() * 2 >= expected - 1);
}
