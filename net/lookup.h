/* SPDX-License-Identifier: MIT */
/* lookup.h - one blocking look-up, for dns.c; and the resolver, which tests of net/ replace. */
#ifndef LOOPHOUND_NET_LOOKUP_H
#define LOOPHOUND_NET_LOOKUP_H

#include <netdb.h>

#include "net/name.h"
#include "net/net.h"

#define LOOKUP_MAX_ADDRESSES 16

/* What the thread works on: a copy, since a cancelled caller does not wait for it. */
struct lookup_job {
	char name[NAME_SIZE];
	int family;
	int code, eai;		       /* 0, or why there are no addresses */
	struct net_address *addresses; /* malloced by the thread */
	int count;
};

/* Takes a struct lookup_job; for a thread. Returns 0: the job has the result. */
ASYNC_BLOCKS_THE_THREAD int lookup_run(void *arg);
/* Frees what an abandoned job holds. */
void lookup_drop(void *arg);

/* Replace both before the first look-up; they are called from several threads. */
extern int (*lookup_getaddrinfo)(const char *name, const char *service,
				 const struct addrinfo *hints, struct addrinfo **list);
extern void (*lookup_freeaddrinfo)(struct addrinfo *list);

#endif
