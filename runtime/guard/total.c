/* SPDX-License-Identifier: MIT */
/*
 * total.c - what was found in the whole process: counted by place, summed up when it ends, and the
 * exit status with it.
 *
 * The sum is said in a destructor: those run when all of the program's atexit() handlers have run.
 * To call exit() from such a handler is undefined, so stdio is flushed, and _exit() ends the
 * process with the status, if it has to fail. A child after fork() answers for itself alone.
 */
#include "runtime/guard/internal.h"
#include "runtime/say.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PLACES = 128, STATUS = 86 };

static const struct {
	const char *name;
	bool fatal;
} severities[GUARD_SEVERITIES] = {
	[GUARD_SLEEP] = { "sleep", true },     [GUARD_NET] = { "net", true },
	[GUARD_LOCK] = { "lock", false },      [GUARD_DISK] = { "disk", false },
	[GUARD_PROCESS] = { "process", true },
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(pid_t) process; /* whose total it is; 0: nobody was guarded yet */
static struct guard_place places[PLACES];
static unsigned counts[GUARD_SEVERITIES];
static bool quiet;

const char *guard_severity_name(enum guard_severity severity)
{
	return severities[severity].name;
}

bool guard_is_fatal(enum guard_severity severity)
{
	return severities[severity].fatal;
}

void guard_say(const char *text)
{
	say_all(text, strlen(text));
}

void guard_total_begin(bool only_fatal)
{
	if (process != 0 && process != getpid()) { /* no other thread is here yet */
		pthread_mutex_init(&lock, NULL);
		memset(places, 0, sizeof(places));
		memset(counts, 0, sizeof(counts));
		guard_allowances_forget();
		guard_symbols_forget();
	}
	pthread_mutex_lock(&lock);
	quiet = only_fatal;
	process = getpid();
	pthread_mutex_unlock(&lock);
}

static struct guard_place *find(uint64_t stack, enum guard_severity severity)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (places[i].count == 0)
			places[i] = (struct guard_place){ .stack = stack, .severity = severity };
		if (places[i].stack == stack)
			return &places[i];
	}
	return NULL;
}

void guard_count(struct guard_place **known, uint64_t stack, enum guard_severity severity,
		 unsigned times)
{
	pthread_mutex_lock(&lock);
	counts[severity] += times;
	if (*known == NULL)
		*known = find(stack, severity);
	if (*known != NULL)
		(*known)->count += times;
	pthread_mutex_unlock(&lock);
}

void guard_place_name(struct guard_place *place, const char *text)
{
	pthread_mutex_lock(&lock);
	snprintf(place->text, sizeof(place->text), "%s", text);
	pthread_mutex_unlock(&lock);
}

static unsigned fatal(void)
{
	unsigned sum = 0;

	for (int i = 0; i < GUARD_SEVERITIES; i++)
		sum += severities[i].fatal ? counts[i] : 0;
	return sum;
}

unsigned async_watchdog_violations(void)
{
	pthread_mutex_lock(&lock);
	unsigned sum = process == getpid() ? fatal() : 0;
	pthread_mutex_unlock(&lock);
	return sum;
}

/* ---- The end --------------------------------------------------------------------------------- */

static void say_places(void)
{
	char text[256];

	for (size_t i = 0; i < PLACES && places[i].count > 0; i++) {
		snprintf(text, sizeof(text), "[strict] %6u x %-8s %s\n", places[i].count,
			 severities[places[i].severity].name, places[i].text);
		guard_say(text);
	}
}

static void say_sum(unsigned failures)
{
	unsigned all = 0;
	char text[256];

	for (int i = 0; i < GUARD_SEVERITIES; i++)
		all += counts[i];
	if (all == 0)
		return;
	snprintf(text, sizeof(text),
		 "[strict] %u call%s on the loop may block: sleep %u, net %u, process %u; "
		 "reported only: lock %u, disk %u\n",
		 all, all == 1 ? "" : "s", counts[GUARD_SLEEP], counts[GUARD_NET],
		 counts[GUARD_PROCESS], counts[GUARD_LOCK], counts[GUARD_DISK]);
	guard_say(text);
	say_places();
	if (failures > 0) {
		snprintf(text, sizeof(text), "[strict] the run has failed: exit status %d\n",
			 STATUS);
		guard_say(text);
	}
}

static void *report_there(void *guard)
{
	guard_report(guard);
	return NULL;
}

/* exit() was called inside a slice. To look names up takes more stack than a coroutine has. */
static void report_the_slice(struct guard *guard)
{
	pthread_t thread;

	guard->hb->selector = guard->hb->armed = 0;
	if (pthread_create(&thread, NULL, report_there, guard) == 0)
		pthread_join(thread, NULL);
}

/* The last of the program's own destructors: lower numbers are the system's. */
__attribute__((destructor(101))) static void end(void)
{
	unsigned failures;

	if (process != getpid())
		return;
	if (guard_mine != NULL)
		report_the_slice(guard_mine);
	failures = fatal();
	say_sum(failures);
	if (!quiet)
		guard_allowances_say();
	if (failures > 0) {
		fflush(NULL);
		_exit(STATUS);
	}
}
