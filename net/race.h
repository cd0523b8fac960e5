/* SPDX-License-Identifier: MIT */
/* race.h - connecting to the first of several addresses that answers, for connect.c. */
#ifndef LOOPHOUND_NET_RACE_H
#define LOOPHOUND_NET_RACE_H

#include "net/net.h"

#define RACE_MAX 6

struct race_result {
	struct net_address address; /* the winner, or the last one tried */
	char report[512];	    /* after a failure: "127.0.0.1:9: Connection refused; ..." */
};

/*
 * Starts a connect to each address in turn, the next one 250 ms after the last or as soon as one
 * has failed; the first that succeeds wins and the others are closed. count is 1..RACE_MAX.
 * options->watch, if there is one, is told of each. Returns the winner's fd (known to the loop), or the most telling of the failures.
 */
ASYNC_SUSPENDS
int race_connect(const char *here, const struct net_address *addresses, int count,
		 const struct net_connect_options *options, struct race_result *result);

/* Tells whoever watches the connect. */
static inline void race_tell(const struct net_connect_options *options,
			     enum net_connect_event event, const struct net_address *address,
			     int code)
{
	if (options->watch)
		options->watch(options->watch_arg, event, address, code);
}

#endif
