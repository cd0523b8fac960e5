/* SPDX-License-Identifier: MIT */
/*
 * pool.h - who may use how many connections, and which ones are kept for later.
 *
 * A request takes a lease: one slot of its origin, then one of the whole pool, both from fair
 * semaphores. A lease allows one open connection: an idle one of that origin, the newest first, or
 * a new one. Idle connections hold no slot; before a new connection is made, the oldest idle ones
 * are closed until leases and idle connections together are within the limit. Hence no more than
 * the limit is ever open, and nobody ever waits for a connection that nobody uses.
 *
 * Why in that order: whoever waits for a slot of the pool holds only a slot of its own origin, so
 * it delays nobody but those behind it in its own line. Holders of a slot of the pool never wait
 * for another slot, so there is no circle.
 *
 * Rules:
 *  - pool_acquire and pool_release pair up on every way out; pool_release takes the connection
 *    back when it may be reused, and NULL after it was closed.
 *  - Between pool_acquire and the use of what pool_take_idle gave, or between pool_make_room and
 *    the connect, nothing may suspend.
 */
#ifndef LOOPHOUND_HTTP_POOL_H
#define LOOPHOUND_HTTP_POOL_H

#include "http/connection.h"
#include "runtime/async.h"

/*
 * All connections to one place. TLS settings, proxies and a Unix socket are the session's and need no
 * part in the name.
 */
struct pool_origin {
	struct pool_origin *next; /* in its bucket */
	struct async_semaphore slots;
	struct async_list idle; /* of connection.origin_node, newest first */
	unsigned users;		/* leases and those who wait for one */
	uint32_t hash;
	char name[]; /* "https://example.com:443" */
};

struct pool {
	struct async_semaphore slots;
	struct async_list idle; /* of connection.idle_node, newest first */
	struct pool_origin **buckets;
	size_t bucket_count, origin_count;
	int limit, limit_per_host;
	int most_open; /* connections, in use or idle; limit unless pool_open_at_most() said less */
	int leases, idle_count;
	double keepalive;
	double max_age; /* seconds since it was opened; 0: no limit */
	int max_idle;	/* kept; 0: as many as there may be */
	struct async_timer sweep;
	unsigned long surplus; /* idle connections on which something arrived */
};

/*
 * Limits below 1 mean none; keepalive below 0: for ever. max_age and max_idle may be set then. 0 or
 * ASYNC_ENOMEM.
 */
int pool_init(struct pool *pool, int limit, int limit_per_host, double keepalive);
/* Closes what is idle. Nobody may hold a lease or wait for one. */
void pool_destroy(struct pool *pool);
/* The same when those who hold leases, or wait for one, are gone with their tasks. */
void pool_abandon(struct pool *pool);

/*
 * Waits for a lease. If it has to wait, the limit expires at due, and that means code.
 * The origin's name is copied. 0, ASYNC_ENOMEM or ASYNC_ECANCELED.
 */
ASYNC_SUSPENDS int pool_acquire(struct pool *pool, struct pool_origin **out, const char *name,
				struct limit *limit, int64_t due, int code);
/* connection (may be NULL) becomes idle, as of now, and whoever waits is woken. */
void pool_release(struct pool *pool, struct pool_origin *origin, struct connection *connection,
		  int64_t now);

/*
 * The newest idle connection that is still silent and, at now, young enough; newer ones that are
 * not are closed. NULL: there is none.
 */
struct connection *pool_take_idle(struct pool *pool, struct pool_origin *origin, int64_t now);
void pool_make_room(struct pool *pool);
/*
 * From now on no more than so many connections are open, idle ones included, which are closed if need
 * be; at most the pool's limit. For who shares a limit between several pools, and sees to it that
 * no more requests than that are under way in this one.
 */
void pool_open_at_most(struct pool *pool, int count);
/* Closes all idle connections, to give fds back. */
void pool_drop_idle(struct pool *pool);

#endif
