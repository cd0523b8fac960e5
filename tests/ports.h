/* SPDX-License-Identifier: MIT */
/* ports.h - ports of this machine to connect to: one that takes it, one that refuses, one that is silent. */
#ifndef LOOPHOUND_TESTS_PORTS_H
#define LOOPHOUND_TESTS_PORTS_H

#include "net/net.h"

/* A listener on 127.0.0.1: its port. */
int listen_here(struct net_listener **listener);

/* A port that nobody listens on: it was the kernel's last choice a moment ago. */
int unused_port(void);

/*
 * A listener whose queue is full takes no further connections: the kernel drops what knocks, as a
 * dead machine would.
 */
struct deaf {
	int fd, port;
	int knocks[8];
};
struct deaf deaf_start(void);
void deaf_stop(struct deaf *deaf);

#endif
