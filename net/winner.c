/* SPDX-License-Identifier: MIT */
/*
 * winner.c - what a race has cost 250 ms to find out need not be found out again for a while.
 *
 * A winner that had the head start teaches nothing, and does not live longer by it: so an address
 * that was dead gets another chance when the time is over, however busy the host is.
 *
 * The table has one place for each of some hosts; two that share one drive each other out, and one
 * that is taken for another only changes an order. Without memory nothing is remembered.
 */
#include "net/winner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 128

struct winner {
	uint64_t host;	 /* its hash */
	int64_t expires; /* 0: nobody */
	struct net_address address;
};

/* One per loop, made when the first is to be remembered. */
struct winners {
	struct async_handle close;
	struct winner places[PLACES];
};

static __thread struct winners *here_winners;

static void close_winners(void *arg)
{
	free(arg);
	here_winners = NULL;
}

/* FNV-1a; names are the same in capitals. */
static uint64_t hash_of(const char *host)
{
	uint64_t hash = 14695981039346656037u;

	for (; *host; host++)
		hash = (hash ^ (uint8_t)tolower((unsigned char)*host)) * 1099511628211u;
	return hash;
}

/* Their ports do not matter. */
static bool is_same(const struct net_address *a, const struct net_address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

/* NULL: nobody. */
static struct winner *find(const char *host)
{
	uint64_t hash = hash_of(host);
	struct winner *winner = here_winners ? &here_winners->places[hash % PLACES] : NULL;

	return winner && winner->host == hash && winner->expires > async_time_ns() ? winner : NULL;
}

static void move_to_front(struct net_address *addresses, int which)
{
	struct net_address first = addresses[which];

	memmove(addresses + 1, addresses, (size_t)which * sizeof *addresses);
	addresses[0] = first;
}

void winner_first(const char *host, struct net_address *addresses, int count)
{
	const struct winner *winner = count > 1 ? find(host) : NULL;
	int which = -1;

	for (int i = count - 1; winner && i >= 0; i--)
		if (addresses[i].any.sa_family == winner->address.any.sa_family)
			which = i;
	for (int i = 0; winner && i < count; i++)
		if (is_same(&addresses[i], &winner->address))
			which = i;
	if (which > 0)
		move_to_front(addresses, which);
}

static void remember(const char *host, const struct net_address *address, double lifetime)
{
	uint64_t hash = hash_of(host);

	if (!here_winners) {
		here_winners = calloc(1, sizeof *here_winners);
		if (!here_winners)
			return;
		async_on_close(&here_winners->close, close_winners, here_winners);
	}
	here_winners->places[hash % PLACES] = (struct winner){
		.host = hash,
		.expires = async_time_ns() + (int64_t)(lifetime * 1e9),
		.address = *address,
	};
}

void winner_note(const char *host, const struct net_address *addresses,
		 const struct net_address *won, double lifetime)
{
	struct winner *winner = find(host);

	if (won && is_same(won, &addresses[0]))
		return;
	if (winner)
		winner->expires = 0;
	if (won && lifetime > 0)
		remember(host, won, lifetime < 1e6 ? lifetime : 1e6);
}
