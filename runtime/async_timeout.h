/* SPDX-License-Identifier: MIT */
/*
 * async_timeout.h - a limit on a stretch of the current task. A chapter of the manual.
 */
#ifndef LOOPHOUND_RUNTIME_ASYNC_TIMEOUT_H
#define LOOPHOUND_RUNTIME_ASYNC_TIMEOUT_H

#include "runtime/async_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * asyncio.timeout(): a limit on a stretch of the current task.
 *
 *     struct async_timeout limit;
 *     async_timeout_begin(&limit, 5.0);
 *     int rc = several_waits();
 *     rc = async_timeout_end(&limit, rc);       // ASYNC_ETIMEOUT when the limit ended the wait
 *
 * begin and end pair up in one function and nest: anything else aborts, and so does NaN. 0 or less is
 * over at the next turn, as in asyncio; ASYNC_NO_TIMEOUT is no limit.
 * At the deadline the current await of the task returns ASYNC_ECANCELED, which end turns into
 * ASYNC_ETIMEOUT unless somebody else cancelled the task too; other codes pass.
 */
#define ASYNC_NO_TIMEOUT __builtin_inf()

struct async_timeout {
	struct async_timer timer;
	void *task;
	int saved_cancelling;
	unsigned depth;
	enum { ASYNC_TIMEOUT_OUTSIDE, ASYNC_TIMEOUT_ENTERED, ASYNC_TIMEOUT_EXPIRING } stage;
	bool expired;
	struct async_timeout *outer; /* of the same task */
	const char *begun_at;
	double when;
};

#define async_timeout_begin(limit, seconds) async_timeout_begin_at(ASYNC_HERE, (limit), (seconds))
/* asyncio.timeout_at(): the deadline by the loop's clock, async_time(). */
#define async_timeout_at_begin(limit, when) \
	async_timeout_begin_at(ASYNC_HERE, (limit), (when)-async_time())
void async_timeout_begin_at(const char *here, struct async_timeout *limit, double seconds);
int async_timeout_end(struct async_timeout *limit, int rc);
/* True once the limit has ended the stretch. */
bool async_timeout_expired(const struct async_timeout *limit);
/* Timeout.when(): the deadline by async_time(); ASYNC_NO_TIMEOUT when there is none. */
double async_timeout_when(const struct async_timeout *limit);
/* Moves the deadline to async_time() + seconds, as begin has them; only between begin and end. */
void async_timeout_reschedule(struct async_timeout *limit, double seconds);

#ifdef __cplusplus
}
#endif
#endif
