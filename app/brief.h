/* SPDX-License-Identifier: MIT */
/* brief.h - a lock between loops, which nobody holds for longer than a few instructions. */
#ifndef LOOPHOUND_APP_BRIEF_H
#define LOOPHOUND_APP_BRIEF_H

#include <pthread.h>

#include "runtime/async.h"

static inline void brief_lock(pthread_mutex_t *lock)
{
	if (pthread_mutex_trylock(lock) == 0)
		return;
	async_blocking("another loop has it for some instructions", 0.05)
		pthread_mutex_lock(lock);
}

static inline void brief_unlock(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}

#endif
