/* SPDX-License-Identifier: MIT */
/*
 * peer_nginx.h - a real nginx with one worker, on ports of 127.0.0.1 that the kernel chose.
 *
 * The listening sockets are made here and handed down in nginx's NGINX variable, as it does for its
 * own upgrades: nothing races for a port, and connections may be made at once.
 */
#ifndef LOOPHOUND_TESTS_PEER_NGINX_H
#define LOOPHOUND_TESTS_PEER_NGINX_H

#include "tests/harness.h"
#include "tests/peer_certificate.h"

struct nginx {
	int port, tls_port;
	const char *url, *tls_url;	/* "http://127.0.0.1:PORT", no slash at the end */
	const char *root;		/* what is put there is served */
	struct certificate certificate; /* the one of the HTTPS port */
	struct program program;		/* private */
};

/*
 * Starts it; server is what stands inside `server { }`, beside listen, root and the certificate:
 * locations, limits, returns. nginx_stop() returns the access log.
 * Skips the test when there is no nginx.
 */
void nginx_start(struct nginx *nginx, const char *server);
const char *nginx_stop(struct nginx *nginx);

#endif
