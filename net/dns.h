/* SPDX-License-Identifier: MIT */
/* dns.h - what the cache of names knows, for connect.c. */
#ifndef LOOPHOUND_NET_DNS_H
#define LOOPHOUND_NET_DNS_H

#include "net/net.h"

/* net_resolve() would answer at once. Never suspends. */
bool dns_is_cached(const char *host, int family);

#endif
