/* SPDX-License-Identifier: MIT */
/*
 * deadline.h - the time limits of one request, which hardly ever touch a timer.
 *
 * A request has many limits in a row (pool, head, each read of the body, the whole), and nearly
 * always none of them expires. All of them share one async_timeout, the limit, which remembers
 * the code that its expiry stands for. While a connection is in use, the limit is driven by a
 * timer of the connection that outlives its requests: moving the time later only stores a number,
 * and the timer, firing too early, arms itself again. Only moving it before the armed time costs.
 *
 * Rules:
 *  - limit_begin and limit_end pair up as async_timeout_begin and async_timeout_end do.
 *  - limit_wait is for waits without a connection; deadline_* are for those with one.
 *  - deadline_end comes before limit_end, deadline_stop before the connection's memory goes.
 */
#ifndef LOOPHOUND_HTTP_DEADLINE_H
#define LOOPHOUND_HTTP_DEADLINE_H

#include "runtime/async.h"

#define DEADLINE_NEVER INT64_MAX

struct limit {
	struct async_timeout timeout;
	int code;   /* what expiry means */
	bool armed; /* by limit_wait */
	bool ended; /* somebody has made it expire; code stays as it was then */
};

void limit_begin(struct limit *limit);
/* rc as it was, or limit->code when the limit has ended the stretch. */
int limit_end(struct limit *limit, int rc);
/* From now until the next such call, the limit expires at due, and that means code. */
void limit_wait(struct limit *limit, int64_t due, int code);
/* Makes it expire in the next turn. May be called by anybody on the loop. */
void limit_expire(struct limit *limit, int code);

struct deadline {
	struct async_timer timer;
	struct limit *limit; /* NULL: nobody is being timed */
	int64_t due;	     /* nanoseconds of async_time_ns() */
	int64_t armed;	     /* when the timer fires; meaningful while it is pending */
	int code;
};

void deadline_begin(struct deadline *deadline, struct limit *limit);
void deadline_move(struct deadline *deadline, int64_t due, int code);
void deadline_end(struct deadline *deadline);
void deadline_stop(struct deadline *deadline);

/* start + seconds, without overflow; below 0 or absurdly long: never. */
int64_t deadline_after(int64_t start, double seconds);

#endif
