/* SPDX-License-Identifier: MIT */
/* tls_pin.h - which public keys a server may have, for tls_context.c. */
#ifndef LOOPHOUND_NET_TLS_PIN_H
#define LOOPHOUND_NET_TLS_PIN_H

#include "net/tls.h"

struct tls_pins;

/*
 * Reads options->pins, and has each handshake of settings checked for them; *out has to outlive it.
 * False: reason says why, ready for the user.
 */
bool tls_pins_set(struct tls_pins **out, struct ssl_ctx_st *settings,
		  const struct net_tls_options *options, char *reason, size_t size);
/* NULL is fine. */
void tls_pins_free(struct tls_pins *pins);

#endif
