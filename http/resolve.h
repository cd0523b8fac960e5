/* SPDX-License-Identifier: MIT */
/* resolve.h - addresses that the user has given for a host and port, instead of a look-up. */
#ifndef LOOPHOUND_HTTP_RESOLVE_H
#define LOOPHOUND_HTTP_RESOLVE_H

#include "net/net.h"

#define RESOLVE_MAX 6
#define RESOLVE_WHY 200

struct resolve {
	struct resolve *next;
	int port, count;
	struct net_address addresses[RESOLVE_MAX];
	char host[];
};

/*
 * "host:port:address[,address]..." becomes the first of the list. IPv6 addresses with or without
 * brackets. 0, ASYNC_ENOMEM, or NET_EADDRESS with a reason.
 */
int resolve_add(struct resolve **list, const char *text, char why[RESOLVE_WHY]);
/* NULL: not given. */
const struct resolve *resolve_find(const struct resolve *list, const char *host, int port);
void resolve_free(struct resolve *list);

#endif
