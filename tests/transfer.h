/* SPDX-License-Identifier: MIT */
/* transfer.h - many bytes over two connected streams, both ways at once, each byte checked. */
#ifndef LOOPHOUND_TESTS_TRANSFER_H
#define LOOPHOUND_TESTS_TRANSFER_H

#include "net/net.h"

/* size bytes each way, in pieces of changing sizes. Fails the test at the first wrong byte. */
ASYNC_SUSPENDS
void transfer_both_ways(struct net_stream *one, struct net_stream *other, size_t size);

#endif
