/* SPDX-License-Identifier: MIT */
/* address.h - what net's own files need of addresses beyond net.h. */
#ifndef LOOPHOUND_NET_ADDRESS_H
#define LOOPHOUND_NET_ADDRESS_H

#include "net/net.h"

int address_port(const struct net_address *address);
/* Any port, 0 included. */
void address_set_port(struct net_address *address, int port);
/* From what accept, getsockname or getaddrinfo gave: false for a family other than IPv4 and IPv6. */
bool address_from(struct net_address *address, const struct sockaddr *from, socklen_t length);

#endif
