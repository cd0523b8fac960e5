/* SPDX-License-Identifier: MIT */
/*
 * dns.c - names to addresses: getaddrinfo on threads of net's own, one flight a name, a cache.
 *
 * Whoever asks for a name looks for its answer in the loop's table. Without one, a new answer goes
 * there and a task of its own (the flight) has the look-up done by the pool; everybody who asks
 * meanwhile waits for that answer's landing. Nobody who waits owns the flight: a cancelled caller
 * just leaves, and a flight that nobody waits for any more goes on, so that a name that is stuck
 * holds one thread however often it is asked for.
 *
 * An answer is counted by its table, its flight and its callers, and never changes once it has
 * landed: a fresh look-up makes a fresh answer.
 */
#include <ctype.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/dns.h"
#include "net/lookup.h"
#include "net/name.h"
#include "runtime/sync.h"
#include "runtime/waiter.h"

/* Threads that wait in getaddrinfo cost little; a stuck name must not be the next one's delay. */
#define THREADS 64
#define BUCKETS 256
#define MAX_ANSWERS 1024
#define LIFETIME (60 * (int64_t)1000000000)
#define LIFETIME_NONE ((int64_t)1000000000) /* of the news that a name does not exist */

struct answer {
	struct async_list node; /* in its bucket */
	int references;
	int family;
	bool landed;
	struct async_event landing;
	int code, eai; /* 0, or why there are no addresses */
	struct net_address *addresses;
	int count;
	int64_t expires;
	uint64_t used;
	char name[];
};

/* One per loop, made by its first look-up. */
struct dns {
	struct async_handle close;
	struct async_pool *pool;
	struct async_list buckets[BUCKETS];
	int answers;
	uint64_t clock; /* ticks with each look-up, for `used` */
};

static __thread struct dns *here_dns;

/* ---- Answers --------------------------------------------------------------------------------- */

static void free_answer(struct answer *answer)
{
	list_remove(&answer->node);
	free(answer->addresses);
	free(answer);
}

static void drop(struct answer *answer)
{
	if (--answer->references == 0)
		free_answer(answer);
}

/* Takes the answer out of the table. */
static void forget(struct dns *dns, struct answer *answer)
{
	list_remove(&answer->node);
	dns->answers--;
	drop(answer);
}

static struct async_list *bucket_of(struct dns *dns, const char *name, int family)
{
	uint32_t hash = 2166136261u ^ (uint32_t)family;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &dns->buckets[hash % BUCKETS];
}

static struct answer *find(struct dns *dns, const char *name, int family)
{
	list_for_each(node, bucket_of(dns, name, family)) {
		struct answer *answer = container_of(node, struct answer, node);

		if (answer->family != family || strcmp(answer->name, name) != 0)
			continue;
		if (answer->landed && answer->expires <= async_time_ns()) {
			forget(dns, answer);
			return NULL;
		}
		return answer;
	}
	return NULL;
}

/* A pass over the whole table costs less than the look-up that it makes room for. */
static void evict_oldest(struct dns *dns)
{
	struct answer *oldest = NULL;

	for (int i = 0; i < BUCKETS; i++)
		list_for_each(node, &dns->buckets[i]) {
			struct answer *answer = container_of(node, struct answer, node);

			if (answer->landed && (!oldest || answer->used < oldest->used))
				oldest = answer;
		}
	if (oldest)
		forget(dns, oldest);
}

static struct answer *add(struct dns *dns, const char *name, int family)
{
	struct answer *answer = calloc(1, sizeof *answer + strlen(name) + 1);

	if (!answer)
		return NULL;
	if (dns->answers >= MAX_ANSWERS)
		evict_oldest(dns);
	strcpy(answer->name, name);
	answer->family = family;
	answer->references = 1;
	list_append(bucket_of(dns, name, family), &answer->node);
	dns->answers++;
	return answer;
}

/* ---- Flights --------------------------------------------------------------------------------- */

/* A loop ends after its tasks, so only the table's and unstarted flights' references are left. */
static void close_dns(void *arg)
{
	struct dns *dns = arg;

	for (int i = 0; i < BUCKETS; i++)
		list_for_each(node, &dns->buckets[i])
			free_answer(container_of(node, struct answer, node));
	free(dns);
	here_dns = NULL;
}

static struct dns *dns_of_loop(void)
{
	struct dns *dns = here_dns;

	if (dns)
		return dns;
	dns = calloc(1, sizeof *dns);
	if (!dns)
		return NULL;
	dns->pool = async_pool_new(THREADS);
	if (!dns->pool) {
		free(dns);
		return NULL;
	}
	async_on_close(&dns->close, close_dns, dns);
	here_dns = dns;
	return dns;
}

static void land(struct answer *answer, const struct lookup_job *job)
{
	int64_t lifetime = 0;

	if (job->code == 0)
		lifetime = LIFETIME;
	else if (job->code == NET_EDNS_NXDOMAIN)
		lifetime = LIFETIME_NONE;
	answer->code = job->code;
	answer->eai = job->eai;
	answer->addresses = job->addresses;
	answer->count = job->count;
	answer->expires = async_time_ns() + lifetime;
	answer->landed = true;
	async_event_set(&answer->landing);
}

ASYNC_SUSPENDS
static int fly(void *arg)
{
	struct answer *answer = arg;
	struct lookup_job job = { .family = answer->family };
	int rc;

	strcpy(job.name, answer->name);
	rc = async_pool_run(here_dns->pool, lookup_run, &job, sizeof job, lookup_drop);
	if (rc < 0) {
		/* The result may have come back in the turn of the cancellation. */
		lookup_drop(&job);
		job = (struct lookup_job){ .code = rc == ASYNC_ECANCELED ? ASYNC_ESHUTDOWN : rc };
	}
	land(answer, &job);
	drop(answer);
	return rc == ASYNC_ECANCELED ? rc : 0; /* its callers have the failure; nobody reads this */
}

static int launch(struct dns *dns, const char *name, int family, struct answer **out)
{
	struct answer *answer = add(dns, name, family);
	char label[NAME_SIZE + 4];
	int rc;

	if (!answer)
		return ASYNC_ENOMEM;
	answer->references++;
	snprintf(label, sizeof label, "dns %s", name);
	rc = async_spawn_with(fly, answer, &(struct async_task_options){ .name = label });
	if (rc < 0) {
		drop(answer);
		forget(dns, answer);
		return rc;
	}
	*out = answer;
	return 0;
}

/* ---- Callers --------------------------------------------------------------------------------- */

/* 1 when host is an address, which is then in out[0]; 0 when it has to be looked up. */
static int literal(const char *host, int port, int family, struct net_address *out)
{
	const char *fault;

	if (port < 1 || port > 65535)
		return async_raise(NET_EADDRESS, "port %d is outside 1..65535", port);
	if (net_address_parse(out, host, port) == 0) {
		if (family == AF_UNSPEC || family == out->any.sa_family)
			return 1;
		return async_raise(NET_EDNS_FAILED, "%s is an address of another family", host);
	}
	if (strchr(host, ':') || name_ends_in_number(host))
		return async_raise(NET_EADDRESS, "%.300s is not an address", host);
	fault = name_fault(host);
	if (fault)
		return async_raise(NET_EDNS_NXDOMAIN, "%.300s cannot be a host's name: %s", host,
				   fault);
	return 0;
}

static int deliver(const struct answer *answer, int port, struct net_address *out, int max)
{
	int count = answer->count < max ? answer->count : max;

	if (answer->code < 0)
		return async_raise(answer->code, "cannot resolve %s: %s", answer->name,
				   answer->eai && answer->eai != EAI_SYSTEM
					   ? gai_strerror(answer->eai)
					   : async_strerror(answer->code));
	for (int i = 0; i < count; i++) {
		out[i] = answer->addresses[i];
		address_set_port(&out[i], port);
	}
	return count;
}

static void describe(struct wait_view *view, const struct async_future *future)
{
	struct waiter waiter;

	if (!wait_peek_around(view, &waiter, future, future))
		return;
	wait_say(view, " of ");
	wait_say_text(view, ((const struct answer *)waiter.owner)->name);
}

static const struct async_future_kind look_up = { &look_up, "look-up", NULL, describe };

static void lower(char name[NAME_SIZE], const char *host)
{
	for (size_t i = 0, length = strlen(host); i <= length; i++)
		name[i] = (char)tolower((unsigned char)host[i]);
}

bool dns_is_cached(const char *host, int family)
{
	const struct answer *answer;
	char name[NAME_SIZE];

	if (!here_dns || name_fault(host))
		return false;
	lower(name, host);
	answer = find(here_dns, name, family);
	return answer && answer->landed;
}

ASYNC_SUSPENDS
int net_resolve_at(const char *here, const char *host, int port, int family,
		   struct net_address *out, int max)
{
	char name[NAME_SIZE];
	struct answer *answer;
	struct dns *dns;
	int rc;

	must(max > 0, "%s: net_resolve: no room for an address", here);
	rc = literal(host, port, family, out);
	if (rc != 0)
		return rc;
	dns = dns_of_loop();
	if (!dns)
		return ASYNC_ENOMEM;
	lower(name, host);
	answer = find(dns, name, family);
	if (!answer)
		rc = launch(dns, name, family, &answer);
	if (rc < 0)
		return rc;
	answer->used = ++dns->clock;
	answer->references++;
	if (!answer->landed)
		rc = sync_event_wait(here, &answer->landing, &look_up, answer);
	if (rc == 0)
		rc = deliver(answer, port, out, max);
	drop(answer);
	return rc;
}
