/* SPDX-License-Identifier: MIT */
/*
 * aside.h - work that belongs on a thread. When no thread can be started, the loop waits for it rather
 * than lose what it is about.
 */
#ifndef LOOPHOUND_APP_ASIDE_H
#define LOOPHOUND_APP_ASIDE_H

#include <errno.h>

#include "runtime/async.h"

/* What work returns, which may be called twice if that is -EAGAIN; or ASYNC_ECANCELED, ASYNC_ENOMEM. */
ASYNC_SUSPENDS
static inline int aside_do(int (*work)(void *arg), void *arg)
{
	int rc = async_to_thread(work, arg);

	if (rc == -EAGAIN) {
		async_blocking("no thread can be started", 1)
			rc = work(arg);
	}
	return rc;
}

#endif
