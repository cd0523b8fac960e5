/* SPDX-License-Identifier: MIT */
/*
 * socks.c - SOCKS5 (RFC 1928), with a user and a password (RFC 1929) if the proxy's URL has them.
 *
 * Every message's length is known before its last part is read, so nothing of what comes through
 * the tunnel is ever read here.
 */
#include <string.h>

#include "http/http.h"
#include "http/tunnel.h"
#include "http/userinfo.h"

enum { VERSION = 5, NO_AUTH = 0, PASSWORD = 2, CONNECT = 1, IPV4 = 1, NAME = 3, IPV6 = 4 };

/* ---- Bytes ----------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
static int read_exactly(const struct tunnel *tunnel, struct net_stream *stream, void *out,
			size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = net_read(stream, (char *)out + at, size - at);

		if (n <= 0)
			return tunnel_lost(tunnel, (int)n);
		at += (size_t)n;
	}
	return 0;
}

ASYNC_SUSPENDS
static int write_all(const struct tunnel *tunnel, struct net_stream *stream,
		     const unsigned char *data, size_t size)
{
	int rc = net_write(stream, data, size);

	return rc < 0 ? tunnel_lost(tunnel, rc) : 0;
}

static int no_socks(const struct tunnel *tunnel)
{
	return async_raise(HTTP_EPROXY_PROTOCOL, "proxy %s does not speak SOCKS5",
			   tunnel->proxy->url->authority);
}

/* ---- Who we are ------------------------------------------------------------------------------ */

ASYNC_SUSPENDS
static int log_in(const struct tunnel *tunnel, struct net_stream *stream)
{
	unsigned char message[3 + 2 * 255] = { 1 }, answer[2];
	char user[255], password[255];
	size_t user_size, password_size;
	int rc;

	if (userinfo_split(tunnel->proxy->url->userinfo, user, &user_size, password,
			   &password_size) < 0)
		return async_raise(HTTP_EURL, "a user or password of a proxy is longer than 255");
	message[1] = (unsigned char)user_size;
	memcpy(message + 2, user, user_size);
	message[2 + user_size] = (unsigned char)password_size;
	memcpy(message + 3 + user_size, password, password_size);
	rc = write_all(tunnel, stream, message, 3 + user_size + password_size);
	if (rc == 0)
		rc = read_exactly(tunnel, stream, answer, sizeof(answer));
	if (rc == 0 && answer[1] != 0)
		rc = async_raise(HTTP_EPROXY_AUTH, "proxy %s does not accept the credentials",
				 tunnel->proxy->url->authority);
	return rc;
}

ASYNC_SUSPENDS
static int greet(const struct tunnel *tunnel, struct net_stream *stream)
{
	const bool has_user = tunnel->proxy->url->userinfo;
	const unsigned char hello[] = { VERSION, has_user ? 2 : 1, NO_AUTH, PASSWORD };
	unsigned char answer[2];
	int rc = write_all(tunnel, stream, hello, has_user ? 4 : 3);

	if (rc == 0)
		rc = read_exactly(tunnel, stream, answer, sizeof(answer));
	if (rc < 0)
		return rc;
	if (answer[0] != VERSION)
		return no_socks(tunnel);
	if (answer[1] == NO_AUTH)
		return 0;
	if (answer[1] == PASSWORD && has_user)
		return log_in(tunnel, stream);
	return async_raise(HTTP_EPROXY_AUTH, "proxy %s wants %s", tunnel->proxy->url->authority,
			   has_user ? "other credentials" : "credentials");
}

/* ---- Where to -------------------------------------------------------------------------------- */

/* Type and address as they go into a message; their length. */
static int put_address(unsigned char *out, const struct net_address *address)
{
	const bool v4 = address->any.sa_family == AF_INET;
	const size_t size = v4 ? 4 : 16;

	out[0] = v4 ? IPV4 : IPV6;
	memcpy(out + 1, v4 ? (const void *)&address->v4.sin_addr : &address->v6.sin6_addr, size);
	return 1 + (int)size;
}

/* As many as there are, or a negative code: the user's word comes first. */
ASYNC_SUSPENDS
static int find_addresses(const struct tunnel *tunnel, struct net_address *out, int max)
{
	const struct resolve *given = tunnel->given;

	if (!given)
		return net_resolve(tunnel->url->host, tunnel->url->port, tunnel->family, out, max);
	memcpy(out, given->addresses, (size_t)given->count * sizeof(*out));
	return given->count;
}

/* The first address that may be connected to. Their number is not ours to try: the proxy does. */
ASYNC_SUSPENDS
static int look_up(const struct tunnel *tunnel, struct net_address *out)
{
	struct net_address found[RESOLVE_MAX];
	int count = find_addresses(tunnel, found, RESOLVE_MAX);

	for (int i = 0; i < count; i++)
		if (!(net_address_kind(&found[i]) & tunnel->deny_kinds)) {
			*out = found[i];
			return 0;
		}
	if (count < 0)
		return count;
	return async_raise(NET_EADDR_BLOCKED, "connecting to %.255s is not allowed",
			   tunnel->url->host);
}

static int put_name(unsigned char *out, const char *host)
{
	size_t size = strlen(host);

	if (size > 255)
		return async_raise(HTTP_EURL, "a name longer than 255 bytes");
	out[0] = NAME;
	out[1] = (unsigned char)size;
	memcpy(out + 2, host, size);
	return (int)size + 2;
}

/* Type and address; their length, or a negative code. */
ASYNC_SUSPENDS
static int put_host(const struct tunnel *tunnel, unsigned char *out)
{
	struct net_address address;
	int rc;

	if (tunnel->proxy->kind == PROXY_SOCKS5H &&
	    net_address_parse(&address, tunnel->url->host, tunnel->url->port) < 0)
		return put_name(out, tunnel->url->host);
	rc = look_up(tunnel, &address);
	return rc < 0 ? rc : put_address(out, &address);
}

static const char *reply_text(unsigned char reply)
{
	static const char *const texts[] = {
		[1] = "general failure",       [2] = "not allowed by its rules",
		[3] = "network unreachable",   [4] = "host unreachable",
		[5] = "connection refused",    [6] = "time to live expired",
		[7] = "command not supported", [8] = "address type not supported",
	};

	return reply < sizeof(texts) / sizeof(texts[0]) ? texts[reply] : "unknown reply";
}

/* What the answer says of the proxy's own end of the connection is read and forgotten. */
ASYNC_SUSPENDS
static int skip_address(const struct tunnel *tunnel, struct net_stream *stream, unsigned char type)
{
	unsigned char bytes[256 + 2], length = type == IPV4 ? 4 : 16;
	int rc = 0;

	if (type == NAME)
		rc = read_exactly(tunnel, stream, &length, 1);
	else if (type != IPV4 && type != IPV6)
		return no_socks(tunnel);
	return rc < 0 ? rc : read_exactly(tunnel, stream, bytes, (size_t)length + 2);
}

ASYNC_SUSPENDS
static int connect_on(const struct tunnel *tunnel, struct net_stream *stream)
{
	unsigned char message[3 + 2 + 255 + 2] = { VERSION, CONNECT }, answer[4];
	int size = put_host(tunnel, message + 3), rc;

	if (size < 0)
		return size;
	message[3 + size] = (unsigned char)(tunnel->url->port >> 8);
	message[4 + size] = (unsigned char)tunnel->url->port;
	rc = write_all(tunnel, stream, message, 5 + (size_t)size);
	if (rc == 0)
		rc = read_exactly(tunnel, stream, answer, sizeof(answer));
	if (rc < 0)
		return rc;
	if (answer[0] != VERSION)
		return no_socks(tunnel);
	if (answer[1] != 0)
		return async_raise(HTTP_EPROXY_REFUSED, "proxy %s does not connect to %.255s: %s",
				   tunnel->proxy->url->authority, tunnel->url->authority,
				   reply_text(answer[1]));
	return skip_address(tunnel, stream, answer[3]);
}

ASYNC_SUSPENDS
int socks_open(const struct tunnel *tunnel, struct net_stream *stream)
{
	int rc = greet(tunnel, stream);

	return rc < 0 ? rc : connect_on(tunnel, stream);
}
