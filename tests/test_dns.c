/* SPDX-License-Identifier: MIT */
/*
 * test_dns.c - names to addresses over a resolver of our own: one flight a name, the cache, what
 * becomes of cancelled and stuck look-ups. Nothing here asks a real name server.
 * Long, because that resolver is a part of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http/http.h"
#include "net/lookup.h"
#include "tests/harness.h"

/* ---- The resolver ---------------------------------------------------------------------------- */

static atomic_int lookups, underway, peak;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool released;

static void release(void)
{
	pthread_mutex_lock(&lock);
	released = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static struct addrinfo *prepend(struct addrinfo *rest, const char *text)
{
	struct {
		struct addrinfo info;
		struct net_address address;
	} *entry = calloc(1, sizeof *entry);

	if (!entry)
		return rest;
	CHECK_INT(net_address_parse(&entry->address, text, 1), 0);
	entry->info.ai_family = entry->address.any.sa_family;
	entry->info.ai_addr = &entry->address.any;
	entry->info.ai_addrlen = entry->address.length;
	entry->info.ai_next = rest;
	return &entry->info;
}

static void free_list(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list);
		list = next;
	}
}

static struct addrinfo *answer_for(const char *name)
{
	struct addrinfo *list = NULL;

	if (strcmp(name, "mixed") == 0) {
		list = prepend(list, "10.0.0.2");
		list = prepend(list, "10.0.0.1");
		list = prepend(list, "fc00::3");
		list = prepend(list, "fc00::2");
		return prepend(list, "fc00::1");
	}
	if (strcmp(name, "thousand") == 0) {
		for (int i = 999; i >= 0; i--)
			list = prepend(list, format("10.1.%d.%d", i / 256, i % 256));
		return list;
	}
	return prepend(list, "10.0.0.7");
}

/* "stuck..." answers when the test releases it; "nx", "again", ... fail as they say. */
static int resolve(const char *name, const char *service, const struct addrinfo *hints,
		   struct addrinfo **list)
{
	int eai = 0;

	(void)service;
	pthread_mutex_lock(&lock);
	lookups++;
	/* underway goes last: the test looks at the others once it has seen it. */
	if (underway + 1 > peak)
		peak = underway + 1;
	underway++;
	while (strncmp(name, "stuck", 5) == 0 && !released)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	if (strcmp(name, "nx") == 0 || strcmp(name, "stuck-nx") == 0)
		eai = EAI_NONAME;
	else if (strcmp(name, "nodata") == 0)
		eai = EAI_NODATA;
	else if (strcmp(name, "again") == 0)
		eai = EAI_AGAIN;
	else if (strcmp(name, "fail") == 0)
		eai = EAI_FAIL;
	else if (strcmp(name, "memory") == 0)
		eai = EAI_MEMORY;
	else if (strcmp(name, "system") == 0)
		eai = EAI_SYSTEM;
	else if (hints->ai_family == AF_INET6)
		*list = prepend(NULL, "fc00::6");
	else
		*list = answer_for(name);
	underway--;
	errno = eai == EAI_SYSTEM ? EMFILE : 0;
	return eai;
}

static int run(int (*fn)(void *arg), void *arg)
{
	struct async_run_options options = { .virtual_clock = true };

	lookup_getaddrinfo = resolve;
	lookup_freeaddrinfo = free_list;
	return async_run_with(fn, arg, &options);
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static int ask(void *arg)
{
	struct net_address address;

	return net_resolve(arg, 80, AF_UNSPEC, &address, 1);
}

static int ask_here(const char *name)
{
	struct net_address address;

	return net_resolve(name, 80, AF_UNSPEC, &address, 1);
}

/* Lets tasks start and threads begin: until so many look-ups are under way. */
static void wait_for_lookups(int count)
{
	while (underway < count)
		CHECK_INT(async_sleep(0), 0);
}

static int shows_order(void *arg)
{
	static const char *const want[] = { "[fc00::1]:80", "10.0.0.1:80", "[fc00::2]:80",
					    "10.0.0.2:80", "[fc00::3]:80" };
	struct net_address list[32];
	char text[NET_ADDRESS_TEXT];

	(void)arg;
	CHECK_INT(net_resolve("mixed", 80, AF_UNSPEC, list, 32), 5);
	for (int i = 0; i < 5; i++)
		CHECK_STR(net_address_format(&list[i], text), want[i]);
	CHECK_INT(net_resolve("mixed", 443, AF_UNSPEC, list, 2), 2);
	CHECK_STR(net_address_format(&list[1], text), "10.0.0.1:443");
	CHECK_INT(net_resolve("thousand", 80, AF_UNSPEC, list, 32), 16);
	CHECK_STR(net_address_format(&list[15], text), "10.1.0.15:80");
	return 0;
}

TEST(families_are_interleaved_and_the_list_is_bounded)
{
	CHECK_INT(run(shows_order, NULL), 0);
}

static int needs_no_lookup(void *arg)
{
	struct net_address address;
	char label[80];

	(void)arg;
	CHECK_INT(ask_here("127.0.0.1"), 1);
	CHECK_INT(ask_here("::1"), 1);
	CHECK_INT(ask_here("127.1"), NET_EADDRESS);
	CHECK_INT(ask_here("2130706433"), NET_EADDRESS);
	CHECK_INT(ask_here("0x7f.0.0.1"), NET_EADDRESS);
	CHECK_INT(ask_here("fe80::1%lo"), NET_EADDRESS);
	CHECK_INT(ask_here("a..b"), NET_EDNS_NXDOMAIN);
	CHECK_INT(ask_here(""), NET_EDNS_NXDOMAIN);
	memset(label, 'x', sizeof label);
	label[64] = '\0';
	CHECK_INT(ask_here(label), NET_EDNS_NXDOMAIN);
	CHECK_INT(net_resolve("one", 0, AF_UNSPEC, &address, 1), NET_EADDRESS);
	CHECK_INT(net_resolve("one", 65536, AF_UNSPEC, &address, 1), NET_EADDRESS);
	CHECK_INT(net_resolve("::1", 80, AF_INET, &address, 1), NET_EDNS_FAILED);
	return 0;
}

TEST(addresses_and_impossible_names_need_no_lookup)
{
	CHECK_INT(run(needs_no_lookup, NULL), 0);
	CHECK_INT(lookups, 0);
}

static int maps_failures(void *arg)
{
	(void)arg;
	CHECK_INT(ask_here("nx"), NET_EDNS_NXDOMAIN);
	CHECK_INT(ask_here("nodata"), NET_EDNS_NXDOMAIN);
	CHECK_INT(ask_here("again"), NET_EDNS_TEMPORARY);
	CHECK_INT(ask_here("fail"), NET_EDNS_FAILED);
	CHECK_INT(ask_here("memory"), ASYNC_ENOMEM);
	CHECK_INT(ask_here("system"), -EMFILE);
	CHECK_STR(async_errname(NET_EDNS_TEMPORARY), "NET_EDNS_TEMPORARY");
	return 0;
}

TEST(each_failure_of_the_resolver_has_its_code)
{
	CHECK_INT(run(maps_failures, NULL), 0);
}

static int reads_the_message(void *arg)
{
	struct async_task *task = async_create_task(ask, "nx");

	(void)arg;
	CHECK(task != NULL);
	CHECK_INT(async_await(task), NET_EDNS_NXDOMAIN);
	CHECK_STR(async_task_error(task)->message, "cannot resolve nx: Name or service not known");
	return 0;
}

TEST(a_failure_names_the_name_and_the_reason)
{
	CHECK_INT(run(reads_the_message, NULL), 0);
}

static int share_a_flight(void *arg)
{
	struct async_task *tasks[50];
	int results[50];

	(void)arg;
	for (int i = 0; i < 50; i++)
		tasks[i] = async_create_task(ask, i % 2 ? "stuck" : "STUCK");
	wait_for_lookups(1);
	for (int i = 0; i < 10; i++)
		CHECK_INT(async_sleep(0), 0);
	release();
	CHECK_INT(async_gather(tasks, 50, ASYNC_RAISE, results), 0);
	for (int i = 0; i < 50; i++)
		CHECK_INT(results[i], 1);
	CHECK_INT(lookups, 1);
	return 0;
}

TEST(concurrent_callers_of_one_name_share_one_lookup)
{
	CHECK_INT(run(share_a_flight, NULL), 0);
}

static int cancel_one(void *arg)
{
	struct async_task *first = async_create_task(ask, "stuck");
	struct async_task *second = async_create_task(ask, "stuck");

	(void)arg;
	CHECK(first && second);
	wait_for_lookups(1);
	CHECK(async_cancel(first));
	CHECK_INT(async_await(first), ASYNC_ECANCELED);
	CHECK(!async_task_done(second));
	release();
	CHECK_INT(async_await(second), 1);
	CHECK_INT(lookups, 1);
	return 0;
}

TEST(a_cancelled_caller_leaves_the_lookup_to_the_others)
{
	CHECK_INT(run(cancel_one, NULL), 0);
}

#define CALLERS 20

/* How many of the callers are cancelled, the first ones first, and when. */
struct leaving {
	const char *name;
	int leavers, rc;
	enum { AT_ONCE, IN_FLIGHT, IN_THE_TURN_OF_LANDING } when;
};

static void leave(struct async_task **tasks, int count)
{
	for (int i = 0; i < count; i++)
		CHECK(async_cancel(tasks[i]));
}

static int leave_others_alone(void *arg)
{
	const struct leaving *l = arg;
	struct async_task *tasks[CALLERS];

	for (int i = 0; i < CALLERS; i++)
		CHECK((tasks[i] = async_create_task(ask, (void *)l->name)) != NULL);
	if (l->when == AT_ONCE)
		async_sleep(0); /* they have asked, and nobody has looked yet */
	else
		wait_for_lookups(1);
	if (l->when != IN_THE_TURN_OF_LANDING)
		leave(tasks, l->leavers);
	release();
	if (l->when == IN_THE_TURN_OF_LANDING) {
		while (underway > 0)
			;
		leave(tasks, l->leavers);
	}
	for (int i = 0; i < CALLERS; i++) {
		CHECK_INT(async_await(tasks[i]), i < l->leavers ? ASYNC_ECANCELED : l->rc);
		async_task_release(tasks[i]);
	}
	/* The flight went on without them: what it found is known, also when all have left. */
	while (l->leavers == CALLERS && underway + (lookups == 0) > 0)
		async_sleep(0.001);
	CHECK_INT(ask_here(l->name), l->rc);
	CHECK_INT(lookups, 1);
	CHECK_INT(peak, 1);
	return 0;
}

TEST(whoever_leaves_whenever_the_others_get_the_one_answer)
{
	static const struct {
		const char *name;
		int rc;
	} names[] = { { "stuck", 1 }, { "stuck-nx", NET_EDNS_NXDOMAIN } };

	for (size_t i = 0; i < 2; i++)
		for (int leavers = 1; leavers <= CALLERS; leavers += CALLERS - 1)
			for (int when = AT_ONCE; when <= IN_THE_TURN_OF_LANDING; when++) {
				struct leaving leaving = { names[i].name, leavers, names[i].rc,
							   when };

				lookups = underway = peak = 0;
				released = false;
				CHECK_INT(run(leave_others_alone, &leaving), 0);
			}
}

static struct http_session *session;

static int request(void *arg)
{
	struct http_response *response;

	return http_request(session, arg, NULL, &response);
}

/* The name leads to an address that is denied, so that nothing is connected to. */
static int give_the_slot_back(void *arg)
{
	struct async_task *tasks[3];
	struct http_session_stats stats;

	session = http_session_new(&(struct http_session_options){
		.limit = 1, .limit_per_host = 1, .deny_kinds = NET_KIND_PRIVATE });
	for (int i = 0; i < 3; i++)
		tasks[i] = async_create_task(request, arg);
	wait_for_lookups(1);
	CHECK(async_cancel(tasks[0]));
	CHECK_INT(async_await(tasks[0]), ASYNC_ECANCELED);
	for (int i = 0; i < 10; i++)
		async_sleep(0);
	/* The next one has the slot and waits for the same look-up. */
	CHECK(!async_task_done(tasks[1]) && !async_task_done(tasks[2]));
	release();
	for (int i = 1; i < 3; i++)
		CHECK_INT(async_await(tasks[i]), NET_EADDR_BLOCKED);
	for (int i = 0; i < 3; i++)
		async_task_release(tasks[i]);
	CHECK_INT(lookups, 1);
	http_session_stats(session, &stats);
	CHECK_INT(stats.connections, 0);
	return http_session_close(session);
}

TEST(a_request_that_is_cancelled_in_its_lookup_leaves_its_slot_to_the_next)
{
	CHECK_INT(run(give_the_slot_back, "http://stuck.test/"), 0);
}

static int ask_a_stuck_name_again(void *arg)
{
	struct async_timeout limit;

	(void)arg;
	for (int i = 0; i < 90; i++) {
		async_timeout_begin(&limit, 0);
		CHECK_INT(async_timeout_end(&limit, ask_here("stuck")), ASYNC_ETIMEOUT);
	}
	wait_for_lookups(1);
	CHECK_INT(peak, 1);
	CHECK_INT(ask_here("other"), 1);
	release();
	CHECK_INT(ask_here("stuck"), 1);
	CHECK_INT(lookups, 2);
	return 0;
}

TEST(a_stuck_name_holds_one_thread_however_often_it_is_asked_for)
{
	CHECK_INT(run(ask_a_stuck_name_again, NULL), 0);
}

static int leave_threads_for_others(void *arg)
{
	struct async_task *tasks[60];
	int results[60];

	(void)arg;
	for (int i = 0; i < 60; i++)
		tasks[i] = async_create_task(ask, format("stuck%d", i));
	wait_for_lookups(60);
	for (int i = 0; i < 100; i++)
		CHECK_INT(ask_here(format("quick%d", i)), 1);
	release();
	CHECK_INT(async_gather(tasks, 60, ASYNC_RAISE, results), 0);
	CHECK_INT(lookups, 160);
	return 0;
}

TEST(stuck_names_do_not_delay_others_while_a_thread_is_free)
{
	CHECK_INT(run(leave_threads_for_others, NULL), 0);
}

static int fill_the_threads(void *arg)
{
	struct async_task *tasks[90];
	int results[90];

	(void)arg;
	for (int i = 0; i < 90; i++)
		tasks[i] = async_create_task(ask, format("stuck%d", i));
	wait_for_lookups(64);
	for (int i = 0; i < 100; i++)
		CHECK_INT(async_sleep(0), 0);
	release();
	CHECK_INT(async_gather(tasks, 90, ASYNC_RAISE, results), 0);
	CHECK_INT(peak, 64);
	return 0;
}

TEST(at_most_64_lookups_run_at_once)
{
	CHECK_INT(run(fill_the_threads, NULL), 0);
}

static int let_answers_age(void *arg)
{
	struct net_address address;

	(void)arg;
	CHECK_INT(ask_here("one"), 1);
	CHECK_INT(async_sleep(59), 0);
	CHECK_INT(ask_here("One"), 1);
	CHECK_INT(lookups, 1);
	CHECK_INT(net_resolve("one", 80, AF_INET6, &address, 1), 1);
	CHECK_INT(lookups, 2); /* another question */
	CHECK_INT(async_sleep(2), 0);
	CHECK_INT(ask_here("one"), 1);
	CHECK_INT(lookups, 3);
	return 0;
}

TEST(answers_are_kept_for_a_minute)
{
	CHECK_INT(run(let_answers_age, NULL), 0);
}

static int ask_for_failures_again(void *arg)
{
	(void)arg;
	CHECK_INT(ask_here("again"), NET_EDNS_TEMPORARY);
	CHECK_INT(ask_here("again"), NET_EDNS_TEMPORARY);
	CHECK_INT(lookups, 2);
	CHECK_INT(ask_here("nx"), NET_EDNS_NXDOMAIN);
	CHECK_INT(ask_here("nx"), NET_EDNS_NXDOMAIN);
	CHECK_INT(lookups, 3);
	CHECK_INT(async_sleep(1.1), 0);
	CHECK_INT(ask_here("nx"), NET_EDNS_NXDOMAIN);
	CHECK_INT(lookups, 4);
	return 0;
}

TEST(failures_are_not_kept_but_for_a_second_of_no_such_name)
{
	CHECK_INT(run(ask_for_failures_again, NULL), 0);
}

static int overfill_the_cache(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1024; i++)
		CHECK_INT(ask_here(format("name%d", i)), 1);
	CHECK_INT(ask_here("name0"), 1); /* now the most recently used */
	CHECK_INT(lookups, 1024);
	CHECK_INT(ask_here("one-more"), 1);
	CHECK_INT(ask_here("name0"), 1);
	CHECK_INT(ask_here("name2"), 1);
	CHECK_INT(lookups, 1025);
	CHECK_INT(ask_here("name1"), 1); /* the one that had to go */
	CHECK_INT(lookups, 1026);
	return 0;
}

TEST(the_name_used_least_recently_makes_room)
{
	CHECK_INT(run(overfill_the_cache, NULL), 0);
}

static int leave_one_stuck(void *arg)
{
	struct async_task *task = async_create_task(ask, "stuck");

	(void)arg;
	CHECK(task != NULL);
	wait_for_lookups(1);
	return 5;
}

TEST(a_stuck_lookup_does_not_hold_the_end_of_the_loop)
{
	CHECK_INT(run(leave_one_stuck, NULL), 5);
	CHECK_INT(underway, 1);
	release();
}

static int ask_in_a_second_loop(void *arg)
{
	(void)arg;
	CHECK_INT(ask_here("one"), 1);
	return 0;
}

TEST(each_loop_has_a_cache_of_its_own)
{
	CHECK_INT(run(ask_in_a_second_loop, NULL), 0);
	CHECK_INT(run(ask_in_a_second_loop, NULL), 0);
	CHECK_INT(lookups, 2);
}

static int ask_whatever_happens(void *arg)
{
	int rc = ask(arg);

	CHECK(rc == 1 || rc == ASYNC_ENOMEM || rc == -EAGAIN || rc == NET_EDNS_FAILED);
	return 0;
}

static void resolve_whatever_happens(void)
{
	int rc = run(ask_whatever_happens, "mixed");

	CHECK(rc == 0 || rc == ASYNC_ENOMEM);
}

TEST_WITH_LIMIT(every_failing_allocation_is_survived, 30)
{
	for_each_failing_allocation(resolve_whatever_happens);
}
