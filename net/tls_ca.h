/* SPDX-License-Identifier: MIT */
/* tls_ca.h - whom a client trusts, for tls_context.c. */
#ifndef LOOPHOUND_NET_TLS_CA_H
#define LOOPHOUND_NET_TLS_CA_H

#include "net/tls.h"

/* Reads files: for a thread. False: reason says why, ready for the user. */
bool tls_ca_load(struct ssl_ctx_st *settings, const struct net_tls_options *options, char *reason,
		 size_t size);

#endif
