/* SPDX-License-Identifier: MIT */
/*
 * crash.c - a fatal signal writes out what all loops have in their rings, then is passed on.
 *
 * Nothing here or below takes memory or a lock, or uses stdio: the rings and the room for copies are
 * mapped, the formats write characters themselves, and they leave by write(2).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "runtime/base.h"
#include "runtime/fatal.h"
#include "runtime/trace/recorder.h"

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
static struct sigaction before[array_size(signals)];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool installed;

static const struct sigaction *handled_before(int number)
{
	const struct sigaction *found = before;

	for (size_t i = 0; i < array_size(signals); i++)
		if (signals[i] == number)
			found = &before[i];
	return found;
}

static void handle(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	bool mine = trace_file_crash_begin();

	for (size_t i = 0; mine && i < TRACE_RECORDERS; i++)
		trace_file_crash_write(i);
	errno = saved;
	fatal_pass_on(handled_before(number), number, info, context);
	if (mine)
		trace_file_crash_end();
}

int trace_crash_install(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	int rc = 0;

	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < array_size(signals) && !installed; i++)
		if (sigaction(signals[i], &action, &before[i]) != 0)
			rc = -errno;
	installed = installed || rc == 0;
	pthread_mutex_unlock(&lock);
	return rc;
}
