/* SPDX-License-Identifier: MIT */
/* test_pool.c - who gets a lease, in which order, and who gives one up. */
#include "http/pool.h"
#include "tests/raw_client.h"

static struct pool pool;
static char order[64];

struct leaser {
	const char *name; /* its first letter is noted when it has a lease */
	const char *origin;
	struct async_event *leave;
	struct async_task *task;
};
#define LEASER(n, o, l)                                  \
	{                                                \
		.name = (n), .origin = (o), .leave = (l) \
	}

static int lease(void *arg)
{
	struct leaser *leaser = arg;
	struct pool_origin *origin;
	struct limit limit;
	int rc;

	limit_begin(&limit);
	rc = pool_acquire(&pool, &origin, leaser->origin, &limit, DEADLINE_NEVER, 0);
	if (rc == 0) {
		strncat(order, leaser->name, 1);
		if (leaser->leave)
			rc = async_event_wait(leaser->leave);
		pool_release(&pool, origin, NULL, 0);
	}
	return limit_end(&limit, rc);
}

static void begin(struct leaser *leasers, size_t count)
{
	order[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		leasers[i].task = async_create_task(lease, &leasers[i]);
		CHECK(leasers[i].task != NULL);
	}
	raw_settle();
}

static void end(struct leaser *leasers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		async_cancel(leasers[i].task);
		(void)async_await(leasers[i].task);
		async_task_release(leasers[i].task);
	}
	CHECK_INT(pool.leases, 0);
	CHECK_INT(pool.origin_count, 0);
	pool_destroy(&pool);
}

CLIENT_TEST(leases_are_given_in_the_order_asked_and_a_cancelled_one_is_skipped)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "x", NULL),
				    LEASER("c", "x", NULL), LEASER("d", "x", NULL) };

	CHECK_INT(pool_init(&pool, 1, 0, 15), 0);
	begin(leasers, 4);
	CHECK_STR(order, "a");
	async_cancel(leasers[1].task);
	async_event_set(&leave);
	raw_settle();
	CHECK_STR(order, "acd");
	end(leasers, 4);
}

CLIENT_TEST(one_that_was_woken_and_cancelled_in_the_same_turn_passes_its_slot_on)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "x", NULL),
				    LEASER("c", "x", NULL) };

	/* Once for the slot of the pool, once for that of the origin. */
	for (int per_host = 0; per_host < 2; per_host++) {
		CHECK_INT(pool_init(&pool, per_host ? 0 : 1, per_host, 15), 0);
		async_event_clear(&leave);
		begin(leasers, 3);
		async_event_set(&leave);
		/* a runs now and gives its slot to b, */
		async_sleep(0);
		CHECK(async_task_done(leasers[0].task));
		/* which has not run since. */
		async_cancel(leasers[1].task);
		raw_settle();
		CHECK_STR(order, "ac");
		end(leasers, 3);
	}
}

CLIENT_TEST(who_waits_for_its_origin_keeps_nobody_else_waiting)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "x", NULL),
				    LEASER("c", "x", NULL), LEASER("d", "y", NULL) };

	CHECK_INT(pool_init(&pool, 2, 1, 15), 0);
	begin(leasers, 4);
	CHECK_STR(order, "ad");
	async_event_set(&leave);
	raw_settle();
	CHECK_STR(order, "adbc");
	end(leasers, 4);
}

CLIENT_TEST(who_gives_up_on_a_slot_of_the_pool_gives_back_that_of_its_origin)
{
	struct async_event leave = { 0 };
	struct leaser leasers[] = { LEASER("a", "x", &leave), LEASER("b", "y", NULL),
				    LEASER("c", "y", NULL) };

	CHECK_INT(pool_init(&pool, 1, 1, 15), 0);
	begin(leasers, 3);
	async_cancel(leasers[1].task);
	raw_settle();
	async_event_set(&leave);
	raw_settle();
	CHECK_STR(order, "ac");
	end(leasers, 3);
}

CLIENT_TEST(a_newcomer_does_not_overtake_those_who_wait)
{
	struct async_event leave = { 0 };
	struct leaser first[] = { LEASER("a", "x", &leave), LEASER("b", "y", &leave) };
	struct leaser late = LEASER("c", "z", NULL);

	CHECK_INT(pool_init(&pool, 1, 0, 15), 0);
	begin(first, 2);
	async_event_set(&leave);
	/* The slot is b's already, but b has not run. */
	async_sleep(0);
	late.task = async_create_task(lease, &late);
	raw_settle();
	CHECK_STR(order, "abc");
	end(&late, 0);
	(void)async_await(late.task);
	async_task_release(late.task);
	for (int i = 0; i < 2; i++)
		async_task_release(first[i].task);
}

CLIENT_TEST(a_lease_that_comes_too_late_ends_with_the_code_given)
{
	struct async_event leave = { 0 };
	struct leaser holder = LEASER("a", "x", &leave);
	struct pool_origin *origin;
	struct limit limit;
	int rc;

	CHECK_INT(pool_init(&pool, 1, 0, 15), 0);
	begin(&holder, 1);
	limit_begin(&limit);
	rc = pool_acquire(&pool, &origin, "y", &limit, async_time_ns() + 1000000,
			  HTTP_EPOOL_TIMEOUT);
	CHECK_INT(rc, ASYNC_ECANCELED);
	CHECK_INT(limit_end(&limit, rc), HTTP_EPOOL_TIMEOUT);
	end(&holder, 1);
}

CLIENT_TEST(ten_thousand_origins_are_told_apart)
{
	enum { COUNT = 10000 };
	static struct pool_origin *origins[COUNT];
	struct limit limit;

	CHECK_INT(pool_init(&pool, 0, 1, 15), 0);
	limit_begin(&limit);
	for (int i = 0; i < COUNT; i++)
		CHECK_INT(pool_acquire(&pool, &origins[i], format("http://h%d:80", i), &limit,
				       DEADLINE_NEVER, 0),
			  0);
	CHECK_INT(pool.origin_count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		CHECK_STR(origins[i]->name, format("http://h%d:80", i));
		pool_release(&pool, origins[i], NULL, 0);
	}
	CHECK_INT(pool.origin_count, 0);
	CHECK_INT(limit_end(&limit, 0), 0);
	pool_destroy(&pool);
}
