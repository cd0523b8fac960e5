/* SPDX-License-Identifier: MIT */
/*
 * pool.c - leases on two fair semaphores, a table of origins, and the idle connections.
 *
 * An origin lives while somebody uses it, waits for it, or has left a connection idle in it.
 */
#include "http/pool.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base.h"
#include "runtime/list.h"

#define FIRST_BUCKETS 32
/* A connection that the server has closed is noticed without being asked for within that time. */
#define SWEEP_SECONDS 1.0

static struct connection *of_idle(struct async_list *node)
{
	return container_of(node, struct connection, idle_node);
}

static struct connection *of_origin(struct async_list *node)
{
	return container_of(node, struct connection, origin_node);
}

/* ---- Origins --------------------------------------------------------------------------------- */

/* FNV-1a. */
static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 16777619u;
	return hash;
}

static struct pool_origin **bucket_of(struct pool *pool, uint32_t hash)
{
	return &pool->buckets[hash & (pool->bucket_count - 1)];
}

/* Without memory for a larger table the chains just grow. */
static void grow(struct pool *pool)
{
	struct pool_origin **old = pool->buckets;
	size_t old_count = pool->bucket_count;
	struct pool_origin **larger = calloc(2 * old_count, sizeof(*larger));

	if (!larger)
		return;
	pool->buckets = larger;
	pool->bucket_count = 2 * old_count;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct pool_origin *origin = old[i];
			struct pool_origin **bucket = bucket_of(pool, origin->hash);

			old[i] = origin->next;
			origin->next = *bucket;
			*bucket = origin;
		}
	}
	free(old);
}

static struct pool_origin *origin_new(struct pool *pool, const char *name, uint32_t hash)
{
	size_t size = strlen(name) + 1;
	struct pool_origin *origin = calloc(1, sizeof(*origin) + size);

	if (!origin)
		return NULL;
	memcpy(origin->name, name, size);
	origin->hash = hash;
	async_semaphore_init(&origin->slots, pool->limit_per_host);
	if (pool->origin_count >= pool->bucket_count)
		grow(pool);

	struct pool_origin **bucket = bucket_of(pool, hash);
	origin->next = *bucket;
	*bucket = origin;
	pool->origin_count++;
	return origin;
}

static struct pool_origin *origin_get(struct pool *pool, const char *name)
{
	uint32_t hash = hash_of(name);

	for (struct pool_origin *origin = *bucket_of(pool, hash); origin; origin = origin->next)
		if (origin->hash == hash && strcmp(origin->name, name) == 0)
			return origin;
	return origin_new(pool, name, hash);
}

static void origin_free_unused(struct pool *pool, struct pool_origin *origin)
{
	struct pool_origin **at = bucket_of(pool, origin->hash);

	if (origin->users > 0 || !list_empty(&origin->idle))
		return;
	while (*at != origin)
		at = &(*at)->next;
	*at = origin->next;
	pool->origin_count--;
	free(origin);
}

/* ---- Idle connections ------------------------------------------------------------------------ */

static void unlink_idle(struct pool *pool, struct connection *connection)
{
	list_remove(&connection->idle_node);
	list_remove(&connection->origin_node);
	pool->idle_count--;
}

static void drop(struct pool *pool, struct connection *connection)
{
	struct pool_origin *origin = connection->origin;

	unlink_idle(pool, connection);
	connection_close(connection);
	origin_free_unused(pool, origin);
}

static bool too_old(const struct pool *pool, const struct connection *connection, int64_t now)
{
	if (pool->max_age > 0 && (double)(now - connection->opened) >= pool->max_age * 1e9)
		return true;
	return pool->keepalive >= 0 &&
	       (double)(now - connection->idle_since) >= pool->keepalive * 1e9;
}

/* Still as the last request left it? What is not is counted. */
static bool still_good(struct pool *pool, struct connection *connection, int64_t now)
{
	if (too_old(pool, connection, now))
		return false;
	if (net_is_quiet(connection->stream))
		return true;
	pool->surplus += connection_has_input(connection);
	return false;
}

static void sweep_later(struct pool *pool);

static void sweep(void *arg)
{
	struct pool *pool = arg;
	int64_t now = async_time_ns();

	list_for_each(node, &pool->idle)
		if (!still_good(pool, of_idle(node), now))
			drop(pool, of_idle(node));
	sweep_later(pool);
}

static void sweep_later(struct pool *pool)
{
	double seconds = SWEEP_SECONDS;

	/* Due but not run yet counts as armed: it is on the ready queue then. */
	if (list_empty(&pool->idle) || pool->sweep.pending || list_linked(&pool->sweep.handle.node))
		return;
	if (pool->keepalive >= 0 && pool->keepalive < seconds)
		seconds = pool->keepalive;
	async_call_later(&pool->sweep, seconds, sweep, pool);
}

struct connection *pool_take_idle(struct pool *pool, struct pool_origin *origin, int64_t now)
{
	while (!list_empty(&origin->idle)) {
		struct connection *connection = of_origin(origin->idle.next);

		if (still_good(pool, connection, now)) {
			unlink_idle(pool, connection);
			return connection;
		}
		drop(pool, connection);
	}
	return NULL;
}

void pool_make_room(struct pool *pool)
{
	while (pool->leases > pool->most_open - pool->idle_count && pool->idle_count > 0)
		drop(pool, of_idle(pool->idle.prev));
}

void pool_open_at_most(struct pool *pool, int count)
{
	pool->most_open = count;
	pool_make_room(pool);
}

void pool_drop_idle(struct pool *pool)
{
	while (!list_empty(&pool->idle))
		drop(pool, of_idle(pool->idle.prev));
}

/* ---- Leases ---------------------------------------------------------------------------------- */

/* A timer is armed only for a wait that really happens. */
ASYNC_SUSPENDS
static int wait_for_slots(struct pool *pool, struct pool_origin *origin, struct limit *limit,
			  int64_t due, int code)
{
	bool waits = async_semaphore_locked(&origin->slots) || async_semaphore_locked(&pool->slots);
	int rc;

	if (waits)
		limit_wait(limit, due, code);
	rc = async_semaphore_acquire(&origin->slots);
	if (rc == 0) {
		rc = async_semaphore_acquire(&pool->slots);
		if (rc < 0)
			async_semaphore_release(&origin->slots);
	}
	if (waits)
		limit_wait(limit, DEADLINE_NEVER, 0);
	return rc;
}

ASYNC_SUSPENDS
int pool_acquire(struct pool *pool, struct pool_origin **out, const char *name, struct limit *limit,
		 int64_t due, int code)
{
	struct pool_origin *origin = origin_get(pool, name);
	int rc;

	if (!origin)
		return async_raise(ASYNC_ENOMEM, "no memory for another origin");
	origin->users++;
	rc = wait_for_slots(pool, origin, limit, due, code);
	if (rc < 0) {
		origin->users--;
		origin_free_unused(pool, origin);
		return rc;
	}
	pool->leases++;
	*out = origin;
	return 0;
}

void pool_release(struct pool *pool, struct pool_origin *origin, struct connection *connection,
		  int64_t now)
{
	if (connection) {
		connection_give_buffer(connection);
		connection->origin = origin;
		connection->idle_since = now;
		list_prepend(&origin->idle, &connection->origin_node);
		list_prepend(&pool->idle, &connection->idle_node);
		pool->idle_count++;
		if (pool->max_idle > 0 && pool->idle_count > pool->max_idle)
			drop(pool, of_idle(pool->idle.prev));
		sweep_later(pool);
	}
	pool->leases--;
	async_semaphore_release(&pool->slots);
	async_semaphore_release(&origin->slots);
	origin->users--;
	origin_free_unused(pool, origin);
}

int pool_init(struct pool *pool, int limit, int limit_per_host, double keepalive)
{
	*pool = (struct pool){
		.bucket_count = FIRST_BUCKETS,
		.limit = limit > 0 ? limit : INT_MAX,
		.limit_per_host = limit_per_host > 0 ? limit_per_host : INT_MAX,
		.keepalive = keepalive,
	};
	pool->most_open = pool->limit;
	async_semaphore_init(&pool->slots, pool->limit);
	pool->buckets = calloc(FIRST_BUCKETS, sizeof(*pool->buckets));
	return pool->buckets ? 0 : ASYNC_ENOMEM;
}

static void free_table(struct pool *pool)
{
	pool_drop_idle(pool);
	async_timer_cancel(&pool->sweep);
	free(pool->buckets);
	pool->buckets = NULL;
}

void pool_destroy(struct pool *pool)
{
	must(pool->leases == 0, "pool_destroy: %d connections are still in use", pool->leases);
	free_table(pool);
}

void pool_abandon(struct pool *pool)
{
	for (size_t i = 0; i < pool->bucket_count; i++) {
		struct pool_origin *next;

		for (struct pool_origin *origin = pool->buckets[i]; origin; origin = next) {
			next = origin->next;
			origin->users = 0;
			origin_free_unused(pool, origin);
		}
	}
	free_table(pool);
}
