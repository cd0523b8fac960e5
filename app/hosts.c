/* SPDX-License-Identifier: MIT */
/* hosts.c - the table of origins, and the queue of each. */
#include "app/hosts.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *origin)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *origin; origin++)
		hash = (hash ^ (unsigned char)*origin) * UINT64_C(1099511628211);
	return hash;
}

/* When there is no memory for more buckets, the chains get longer and nothing else happens. */
static bool grow(struct hosts *hosts)
{
	size_t count = hosts->bucket_count ? hosts->bucket_count * 2 : 64;
	struct host **buckets = calloc(count, sizeof *buckets);

	if (!buckets)
		return hosts->buckets != NULL;
	for (size_t i = 0; i < hosts->bucket_count; i++) {
		while (hosts->buckets[i]) {
			struct host *host = hosts->buckets[i];

			hosts->buckets[i] = host->next;
			host->next = buckets[host->hash & (count - 1)];
			buckets[host->hash & (count - 1)] = host;
		}
	}
	free(hosts->buckets);
	hosts->buckets = buckets;
	hosts->bucket_count = count;
	return true;
}

static struct host *make(struct hosts *hosts, const char *origin, uint64_t hash)
{
	size_t size = strlen(origin) + 1;
	struct host *host = calloc(1, sizeof *host + size), **bucket;

	if (!host)
		return NULL;
	memcpy(host->origin, origin, size);
	host->hash = hash;
	host->number = hosts->made++;
	host->last = &host->first;
	bucket = &hosts->buckets[hash & (hosts->bucket_count - 1)];
	host->next = *bucket;
	*bucket = host;
	hosts->count++;
	return host;
}

struct host *hosts_get(struct hosts *hosts, const char *origin, int64_t now)
{
	uint64_t hash = hash_of(origin);
	struct host *host;

	if (hosts->count >= hosts->bucket_count && !grow(hosts))
		return NULL;
	host = hosts->buckets[hash & (hosts->bucket_count - 1)];
	while (host && (host->hash != hash || strcmp(host->origin, origin)))
		host = host->next;
	if (host)
		return host;
	host = make(hosts, origin, hash);
	if (host)
		hosts_idle(hosts, host, now);
	return host;
}

static void forget(struct hosts *hosts, struct host *host)
{
	struct host **place = &hosts->buckets[host->hash & (hosts->bucket_count - 1)];

	while (*place != host)
		place = &(*place)->next;
	*place = host->next;
	hosts_busy(hosts, host);
	hosts->count--;
	free(host);
}

void hosts_idle(struct hosts *hosts, struct host *host, int64_t now)
{
	struct host *oldest;

	list_append(&hosts->idle, &host->node);
	host->state = HOST_IDLE;
	if (++hosts->idle_count <= HOSTS_IDLE)
		return;
	/* What a server has asked for, or a rate has used up, outlives idleness. */
	oldest = container_of(hosts->idle.next, struct host, node);
	if (oldest != host && oldest->paused_until <= now && oldest->next_slot <= now &&
	    oldest->broken_until <= now) {
		forget(hosts, oldest);
		return;
	}
	/* It must not keep those behind it from being forgotten. */
	list_remove(&oldest->node);
	list_append(&hosts->idle, &oldest->node);
}

void hosts_busy(struct hosts *hosts, struct host *host)
{
	list_remove(&host->node);
	host->state = HOST_BUSY;
	hosts->idle_count--;
}

void hosts_free(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->bucket_count; i++) {
		struct host *next;

		for (struct host *host = hosts->buckets[i]; host; host = next) {
			struct job *job;

			next = host->next;
			while ((job = host_take(host, INT64_MAX)))
				job_free(job);
			free(host);
		}
	}
	free(hosts->buckets);
}

void host_append(struct host *host, struct job *job)
{
	job->next = NULL;
	*host->last = job;
	host->last = &job->next;
	host->waiting++;
}

struct job *host_take(struct host *host, int64_t now)
{
	struct job *job = host->first;

	if (host->retries.first && host->retries.first->when <= now) {
		job = container_of(due_pop(&host->retries), struct job, due);
	} else if (job) {
		host->first = job->next;
		if (!host->first)
			host->last = &host->first;
	}
	if (job)
		host->waiting--;
	return job;
}

/*
 * The generic cell rate algorithm: a slot every interval, and a host that has not used its slots
 * may take up to burst of them at once.
 */
int64_t host_slot_due(const struct units_rate *rate, int64_t next_slot)
{
	return rate->interval ? next_slot - (rate->burst - 1) * rate->interval : 0;
}

int64_t host_slot_take(const struct units_rate *rate, int64_t next_slot, int64_t now)
{
	return (next_slot > now ? next_slot : now) + rate->interval;
}
