/* SPDX-License-Identifier: MIT */
/* winner.h - the address of a host that has won over the one before it: the next to be tried first. */
#ifndef LOOPHOUND_NET_WINNER_H
#define LOOPHOUND_NET_WINNER_H

#include "net/net.h"

#define WINNER_LIFETIME 600.0 /* seconds, unless the caller has another opinion */

/* The one that is remembered for host, or the first of its family, moves to the front. */
void winner_first(const char *host, struct net_address *addresses, int count);
/* addresses[0] was tried first, and won has won; NULL: none of them has. */
void winner_note(const char *host, const struct net_address *addresses,
		 const struct net_address *won, double lifetime);

#endif
