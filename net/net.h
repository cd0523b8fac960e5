/* SPDX-License-Identifier: MIT */
/*
 * net.h - addresses, name look-ups, streams over TCP and TLS. The manual of net/.
 *
 * A stream is a connected transport behind one small table of operations, so that HTTP never sees
 * whether it is plain or TLS. Everything tries first and waits only on EAGAIN; nothing here has a
 * time limit of its own: callers put async_timeout_begin/end around it.
 */
#ifndef LOOPHOUND_NET_NET_H
#define LOOPHOUND_NET_NET_H

#include <sys/socket.h>
#include <sys/types.h>
#include <netinet/in.h>

#include "runtime/async.h"

#ifdef __cplusplus
extern "C" {
#endif

/* net's own codes; everything else is a negative errno (-ECONNREFUSED, -ECONNRESET, ...). */
enum net_code {
	NET_EDNS_NXDOMAIN = -11001,  /* the name does not exist */
	NET_EDNS_TEMPORARY = -11002, /* the resolver failed for now (SERVFAIL, no server) */
	NET_EDNS_FAILED = -11003,    /* any other answer of getaddrinfo */
	NET_EADDRESS = -11004,	     /* not an address, or a port outside 1..65535 */
	NET_EADDR_BLOCKED = -11005,  /* the address is on the caller's deny list */
	NET_ETLS_PROTOCOL = -11010,  /* no common version or cipher, or not TLS at all */
	NET_ETLS_CERT_EXPIRED = -11011,
	NET_ETLS_CERT_NOT_YET = -11012,
	NET_ETLS_CERT_HOST = -11013, /* the certificate is for another name */
	NET_ETLS_CERT_UNTRUSTED = -11014,
	NET_ETLS_TRUNCATED = -11015, /* end of file without close_notify */
	NET_ETLS_CONFIG = -11016, /* a CA file or certificate that cannot be loaded; no CA at all */
	NET_ETLS_PIN = -11017,	  /* the server's public key is none of those that are pinned */
	NET_EINCOMPLETE = -11020, /* IncompleteReadError: the end came before what was to be read */
	NET_ELIMITOVERRUN = -11021, /* LimitOverrunError: no separator within the limit */
};

/* ---- Addresses ------------------------------------------------------------------------------- */

/* Not a sockaddr_storage, which is four times as large: a dozen of these fit on a small stack. */
struct net_address {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

/*
 * Strict: dotted quad or IPv6 (no brackets, no zone); legacy forms (0x7f.1, 2130706433) are refused.
 * port is 1..65535. 0 or NET_EADDRESS.
 */
int net_address_parse(struct net_address *address, const char *text, int port);
#define NET_ADDRESS_TEXT 64
/* "127.0.0.1:80", "[::1]:443". Returns buffer. */
char *net_address_format(const struct net_address *address, char buffer[NET_ADDRESS_TEXT]);

enum net_address_kind {
	NET_KIND_PUBLIC = 1,
	NET_KIND_LINK_LOCAL = 2, /* 169.254/16, fe80::/10 */
	NET_KIND_LOOPBACK = 4,	 /* 127/8, ::1, 0/8, :: */
	NET_KIND_PRIVATE = 8,	 /* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7, fec0::/10 */
};
/* An IPv4 address written in IPv6 (::ffff:a.b.c.d, ::a.b.c.d, 64:ff9b::a.b.c.d) counts as itself. */
enum net_address_kind net_address_kind(const struct net_address *address);

/* ---- Names ----------------------------------------------------------------------------------- */

/*
 * getaddrinfo on threads of net's own. Concurrent look-ups of one name share one flight, and one
 * caller's cancel does not touch the others. Answers are cached for 60 s, at most 1,024 names; that
 * a name does not exist is remembered for 1 s, other failures are not. A stuck look-up holds one
 * thread of at most 64, and starves no other name while there are free ones.
 * Fills at most max addresses (16 are kept), IPv6 and IPv4 interleaved as RFC 8305 has it, in the
 * order of the system. Literal addresses are answered at once. What cannot be a name (a label over
 * 63 bytes or empty, more than 253 bytes, other than letters, digits, - and _) is
 * NET_EDNS_NXDOMAIN without a look-up; what looks like a number but is no dotted quad is
 * NET_EADDRESS. family: AF_UNSPEC, AF_INET, AF_INET6.
 * Returns how many (1 or more), a NET_EDNS_* code, NET_EADDRESS, ASYNC_ECANCELED, ASYNC_ENOMEM or,
 * when the resolver met an error of the system, a negative errno.
 */
#define net_resolve(host, port, family, out, max) \
	net_resolve_at(ASYNC_HERE, (host), (port), (family), (out), (max))
ASYNC_SUSPENDS
int net_resolve_at(const char *here, const char *host, int port, int family,
		   struct net_address *out, int max);

/* ---- Streams --------------------------------------------------------------------------------- */

struct net_stream;

/* How long each step of a connect took, nanoseconds; -1: the step was not reached or not needed. */
struct net_connect_timing {
	int64_t dns, connect, tls;
};

enum net_connect_event {
	NET_CONNECT_DNS_START,
	NET_CONNECT_DNS_CACHED, /* the answer is known already; instead of the other two */
	NET_CONNECT_DNS_END,
	NET_CONNECT_ADDRESS_START, /* for each address that is tried; they may overlap */
	NET_CONNECT_ADDRESS_END,
	NET_CONNECT_TLS_START,
	NET_CONNECT_TLS_END,
};

struct net_connect_options {
	int family; /* AF_UNSPEC */
	/* Known already: host is not looked up. Their ports count; deny_kinds and the 6 hold too. */
	const struct net_address *addresses;
	int address_count;
	/*
	 * Or the path of a Unix socket, which is connected to whatever host says; NULL: none. A server
	 * whose queue is full is waited for. There is no peer then: its address has length 0.
	 */
	const char *unix_path;
	/* Seconds for each step; 0: none. On expiry: ASYNC_ETIMEOUT, and *failed_step says which. */
	double dns_timeout, connect_timeout, tls_timeout;
	/* What expiry is called instead of ASYNC_ETIMEOUT, by step; 0: that. */
	int dns_expired, connect_expired, tls_expired;
	struct net_tls_context *tls; /* NULL: plain TCP */
	const char *tls_name;	     /* SNI and the name to verify; NULL: host */
	int tls_port;		     /* of the session to resume, with that name; 0: port */
	/*
	 * Called on the connected stream, before TLS: for what a proxy is told. A negative code ends
	 * it all. Counts for connect_timeout once more; its step is "proxy", its time connect's.
	 */
	ASYNC_SUSPENDS int (*prepare)(void *arg, struct net_stream *stream);
	void *prepare_arg;
	/*
	 * Of several addresses the one that has won over the first is tried first by the loop's later
	 * connects to that host, for so many seconds; 0: 600; negative: it is not remembered.
	 */
	double winner_lifetime;
	unsigned deny_kinds;		   /* of enum net_address_kind: NET_EADDR_BLOCKED */
	struct net_connect_timing *timing; /* filled when not NULL */
	const char **failed_step;	   /* set on failure: "dns", "connect", "proxy" or "tls" */
	struct net_address *tried;	   /* the last address tried; length 0: none */
	/*
	 * Told of each step as it begins, and as it ends with 0 or a negative code. address: which, of
	 * the two kinds that have one, else NULL. Must not suspend.
	 */
	void (*watch)(void *arg, enum net_connect_event event, const struct net_address *address,
		      int code);
	void *watch_arg;
};

/*
 * Resolves, connects (each address in turn, at most 6, the next one after 250 ms or an error; the
 * first that answers wins), and shakes hands when TLS is asked for. *out is the caller's, until
 * net_close(). options and *out must stay valid until it returns; options may be NULL.
 * Returns 0, a NET_E* code, a negative errno of connect (the message lists each address's),
 * ASYNC_ETIMEOUT, ASYNC_ECANCELED, ASYNC_ENOMEM.
 */
#define net_connect(out, host, port, ...) \
	net_connect_at(ASYNC_HERE, (out), (host), (port), __VA_ARGS__)
ASYNC_SUSPENDS
int net_connect_at(const char *here, struct net_stream **out, const char *host, int port,
		   const struct net_connect_options *options);

/*
 * Reads at least one byte: the count, 0 at the end of the stream, a negative errno, or for TLS
 * NET_ETLS_TRUNCATED (the end came without close_notify; the caller's framing decides whether
 * that matters) or NET_ETLS_PROTOCOL. ASYNC_ECANCELED loses nothing: a later read gets the bytes.
 * ASYNC_ECLOSED when another task closes the stream meanwhile. One reader and one writer at a time.
 */
#define net_read(stream, buffer, size) net_read_at(ASYNC_HERE, (stream), (buffer), (size))
ASYNC_SUSPENDS
ssize_t net_read_at(const char *here, struct net_stream *stream, void *buffer, size_t size);

/*
 * Writes all of it: 0 or a negative code, and then (a cancel included) nobody knows how much has
 * left and the stream is only good for net_close(). Never raises SIGPIPE (-EPIPE instead).
 */
#define net_write(stream, data, size) net_write_at(ASYNC_HERE, (stream), (data), (size))
ASYNC_SUSPENDS
int net_write_at(const char *here, struct net_stream *stream, const void *data, size_t size);

/*
 * For a connection that should be silent: true while nothing has arrived and it is open. A byte,
 * the end of file or an error makes it false; late TLS session tickets do not. Never suspends.
 */
bool net_is_quiet(struct net_stream *stream);

/*
 * Closes without waiting for the peer (close_notify is tried once). NULL is fine. One that is still
 * open when its loop closes is reported, "unclosed transport <...>", and closed.
 */
void net_close(struct net_stream *stream);

/* The peer, the fd (for tests and status lines), "TLSv1.3" or NULL for a plain stream. */
const struct net_address *net_peer(const struct net_stream *stream);
int net_fd(const struct net_stream *stream);
const char *net_tls_version(const struct net_stream *stream);
bool net_tls_resumed(const struct net_stream *stream);

/* ---- Servers --------------------------------------------------------------------------------- */

struct net_listener;

/*
 * A numeric address; port 0: the kernel picks one, net_listener_port() tells.
 * 0, NET_EADDRESS, a negative errno (-EADDRINUSE, ...), ASYNC_ENOMEM.
 */
#define net_listen(out, address, port) net_listen_at(ASYNC_HERE, (out), (address), (port))
int net_listen_at(const char *here, struct net_listener **out, const char *address, int port);
int net_listener_port(const struct net_listener *listener);
/*
 * The next connection, plain: a TLS server calls net_start_tls_server() in the connection's own
 * task, so that a slow handshake keeps nobody else out. Connections that died in the queue are
 * skipped. 0, ASYNC_ECANCELED, ASYNC_ECLOSED after net_listener_close(), ASYNC_ENOMEM, or a
 * negative errno: after -EMFILE, -ENFILE, -ENOBUFS and -ENOMEM the connection is still in the queue,
 * so the caller has to pause before it tries again.
 */
#define net_accept(listener, out) net_accept_at(ASYNC_HERE, (listener), (out))
ASYNC_SUSPENDS
int net_accept_at(const char *here, struct net_listener *listener, struct net_stream **out);
/* NULL is fine. One that is open when its loop closes is reported as a stream is, and closed. */
void net_listener_close(struct net_listener *listener);

/* ---- TLS ------------------------------------------------------------------------------------- */

struct net_tls_context;

enum net_tls_version { NET_TLS_1_2, NET_TLS_1_3 };

struct net_tls_options {
	/*
	 * Whom to trust: a PEM file, and all files of a directory that have the names of certificates
	 * (*.pem, *.crt, *.cer, or a hash as c_rehash gives it), each read now. Both NULL: the
	 * system's, SSL_CERT_FILE and SSL_CERT_DIR honoured.
	 */
	const char *ca_file, *ca_dir;
	bool insecure; /* no verification, but of pins */
	/*
	 * What to show a server that asks who we are: PEM, the certificate with its chain; its key,
	 * not encrypted. key_file NULL: it is in cert_file. cert_file NULL: nothing.
	 */
	const char *cert_file, *key_file;
	enum net_tls_version min_version; /* the lowest to agree on; TLS 1.2 */
	/*
	 * The only public keys that a server may have, besides a certificate that is good:
	 * "sha256//" and the base64 of the SHA-256 of its SubjectPublicKeyInfo, as curl writes
	 * it, with a ';' between several. NULL: any.
	 */
	const char *pins;
};

/*
 * A client's settings, to be shared by all its connections: verification on, TLS 1.2 or later, SNI,
 * host and IP checks, no renegotiation, session reuse per host and port. Parsing the CA bundle
 * takes tens of ms, so it runs on the thread pool. Belongs to the running loop. options may be NULL,
 * and need not stay. Returns 0 or NET_ETLS_CONFIG (async_raise names the file and what is wrong with
 * it; without any CA the text names the package ca-certificates), ASYNC_ENOMEM, ASYNC_ECANCELED.
 */
#define net_tls_client(out, options) net_tls_client_at(ASYNC_HERE, (out), (options))
ASYNC_SUSPENDS
int net_tls_client_at(const char *here, struct net_tls_context **out,
		      const struct net_tls_options *options);
/* A server's settings from PEM files: the certificate with its chain, and the key. Codes as above. */
#define net_tls_server(out, cert_file, key_file) \
	net_tls_server_at(ASYNC_HERE, (out), (cert_file), (key_file))
ASYNC_SUSPENDS
int net_tls_server_at(const char *here, struct net_tls_context **out, const char *cert_file,
		      const char *key_file);
/* Connections that use it live on. NULL is fine. */
void net_tls_context_free(struct net_tls_context *context);

/*
 * Turns a plain accepted stream into a TLS one, in place: 0 or a negative code, and then the stream
 * is only good for net_close(). Set a limit around it: the peer may never speak.
 */
#define net_start_tls_server(stream, context) \
	net_start_tls_server_at(ASYNC_HERE, (stream), (context))
ASYNC_SUSPENDS
int net_start_tls_server_at(const char *here, struct net_stream *stream,
			    struct net_tls_context *context);

#ifdef __cplusplus
}
#endif

/* The other chapter of the manual. */
#include "net/streams.h"

#endif
