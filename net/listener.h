/* SPDX-License-Identifier: MIT */
/* listener.h - a listener as a server uses it, which is called back and never waits. */
#ifndef LOOPHOUND_NET_LISTENER_H
#define LOOPHOUND_NET_LISTENER_H

#include "net/net.h"

/*
 * Over a listening fd that the loop knows; takes the fd, also when it fails. Its owner sees to it when
 * the loop closes. 0 or a negative code.
 */
int listener_new(const char *here, struct net_listener **out, int fd);
/* The same for one that net_listen() has made. */
void listener_own(struct net_listener *listener);
int listener_fd(const struct net_listener *listener);
/* Length 0: not of the internet. */
const struct net_address *listener_address(const struct net_listener *listener);
/* One try: 0, -EAGAIN (and the fd's bit is clear), or what net_accept() returns. */
int listener_try_accept(const char *here, struct net_listener *listener, struct net_stream **out);

#endif
