/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - getaddrinfo, and its list put in the order in which addresses are worth a try.
 *
 * Everything here runs on a thread of the pool; nothing here knows the loop.
 */
#include "net/lookup.h"

#include <stdlib.h>

#include "net/address.h"
#include "net/codes.h"

int (*lookup_getaddrinfo)(const char *name, const char *service, const struct addrinfo *hints,
			  struct addrinfo **list) = getaddrinfo;
void (*lookup_freeaddrinfo)(struct addrinfo *list) = freeaddrinfo;

static struct addrinfo *next_of(struct addrinfo *at, int family)
{
	while (at && at->ai_family != family)
		at = at->ai_next;
	return at;
}

/* Alternates between the families, beginning with the one that the system put first. */
static void interleave(struct lookup_job *job, struct addrinfo *list)
{
	static const int families[2] = { AF_INET6, AF_INET };
	struct addrinfo *at[2] = { next_of(list, AF_INET6), next_of(list, AF_INET) };
	int turn = list && list->ai_family == AF_INET;

	while (job->count < LOOKUP_MAX_ADDRESSES && (at[0] || at[1])) {
		if (!at[turn])
			turn = !turn;
		if (address_from(&job->addresses[job->count], at[turn]->ai_addr,
				 at[turn]->ai_addrlen))
			job->count++;
		at[turn] = next_of(at[turn]->ai_next, families[turn]);
		turn = !turn;
	}
}

ASYNC_BLOCKS_THE_THREAD int lookup_run(void *arg)
{
	struct lookup_job *job = arg;
	struct addrinfo hints = { .ai_family = job->family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	errno = 0;
	job->eai = lookup_getaddrinfo(job->name, NULL, &hints, &list);
	if (job->eai != 0) {
		job->code = codes_of_eai(job->eai, errno);
		return 0;
	}
	job->addresses = calloc(LOOKUP_MAX_ADDRESSES, sizeof *job->addresses);
	if (job->addresses)
		interleave(job, list);
	else
		job->code = ASYNC_ENOMEM;
	if (job->code == 0 && job->count == 0)
		job->code = NET_EDNS_FAILED;
	lookup_freeaddrinfo(list);
	return 0;
}

void lookup_drop(void *arg)
{
	struct lookup_job *job = arg;

	free(job->addresses);
}
