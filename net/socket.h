/* SPDX-License-Identifier: MIT */
/* socket.h - one connect to one address, for connect.c. */
#ifndef LOOPHOUND_NET_SOCKET_H
#define LOOPHOUND_NET_SOCKET_H

#include "net/net.h"

/*
 * A connected fd that the loop knows, to be closed with fd_close(); or a negative errno,
 * ASYNC_ECANCELED, ASYNC_ENOMEM. Never holds an fd when it fails.
 */
ASYNC_SUSPENDS
int socket_connect(const char *here, const struct net_address *address);

/* A listening fd that the loop knows, or a negative code. */
int socket_listen(const char *here, const struct net_address *address);

/* Packets leave when they are written; what is to leave together is written together. */
void socket_no_delay(int fd);

#endif
