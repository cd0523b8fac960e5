/* SPDX-License-Identifier: MIT */
/*
 * codes.c - net's error codes: their names and texts, and what getaddrinfo's codes become.
 *
 * The table registers itself before main(). The file is linked into every program that resolves a
 * name, which is every program that connects.
 */
#include "net/codes.h"

#include <errno.h>
#include <netdb.h>

#include "net/net.h"
#include "runtime/base.h"

static const struct async_error_entry net_codes[] = {
	{ NET_EDNS_NXDOMAIN, "NET_EDNS_NXDOMAIN", "the name does not exist" },
	{ NET_EDNS_TEMPORARY, "NET_EDNS_TEMPORARY", "the name server has no answer for now" },
	{ NET_EDNS_FAILED, "NET_EDNS_FAILED", "the name could not be resolved" },
	{ NET_EADDRESS, "NET_EADDRESS", "not an address, or a port outside 1..65535" },
	{ NET_EADDR_BLOCKED, "NET_EADDR_BLOCKED", "connecting to that address is not allowed" },
	{ NET_ETLS_PROTOCOL, "NET_ETLS_PROTOCOL", "no TLS connection could be agreed on" },
	{ NET_ETLS_CERT_EXPIRED, "NET_ETLS_CERT_EXPIRED", "the certificate has expired" },
	{ NET_ETLS_CERT_NOT_YET, "NET_ETLS_CERT_NOT_YET", "the certificate is not valid yet" },
	{ NET_ETLS_CERT_HOST, "NET_ETLS_CERT_HOST", "the certificate is for another name" },
	{ NET_ETLS_CERT_UNTRUSTED, "NET_ETLS_CERT_UNTRUSTED",
	  "nobody who is trusted vouches for the certificate" },
	{ NET_ETLS_TRUNCATED, "NET_ETLS_TRUNCATED",
	  "the TLS connection was cut without a close_notify" },
	{ NET_ETLS_CONFIG, "NET_ETLS_CONFIG", "certificates or keys that cannot be used" },
	{ NET_ETLS_PIN, "NET_ETLS_PIN", "the server's public key is not one of those pinned" },
	{ NET_EINCOMPLETE, "NET_EINCOMPLETE", "the end came before all that was to be read" },
	{ NET_ELIMITOVERRUN, "NET_ELIMITOVERRUN", "no separator within the limit" },
};

__attribute__((constructor)) static void register_codes(void)
{
	async_register_errors(net_codes, array_size(net_codes));
}

int codes_of_eai(int eai, int error)
{
	switch (eai) {
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA: /* the name exists, but has no address */
#endif
		return NET_EDNS_NXDOMAIN;
	case EAI_AGAIN:
		return NET_EDNS_TEMPORARY;
	case EAI_MEMORY:
		return ASYNC_ENOMEM;
	case EAI_SYSTEM:
		return error > 0 ? -error : NET_EDNS_FAILED;
	default:
		return NET_EDNS_FAILED;
	}
}
