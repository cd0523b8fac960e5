/* SPDX-License-Identifier: MIT */
/*
 * address.c - numeric addresses: strict parsing, printing, and what kind of network they are of.
 *
 * Pure. Only the forms of inet_pton are accepted: the legacy spellings that inet_aton takes
 * (0x7f.1, 2130706433) name the same machines under faces that no deny list would know.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base.h"

int net_address_parse(struct net_address *address, const char *text, int port)
{
	memset(address, 0, sizeof *address);
	if (port < 1 || port > 65535)
		return NET_EADDRESS;
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->length = sizeof address->v4;
	} else if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->length = sizeof address->v6;
	} else {
		return NET_EADDRESS;
	}
	address_set_port(address, port);
	return 0;
}

char *net_address_format(const struct net_address *address, char buffer[NET_ADDRESS_TEXT])
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->length == 0) {
		snprintf(buffer, NET_ADDRESS_TEXT, "?");
	} else if (address->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof text);
		snprintf(buffer, NET_ADDRESS_TEXT, "%s:%d", text, address_port(address));
	} else {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof text);
		snprintf(buffer, NET_ADDRESS_TEXT, "[%s]:%d", text, address_port(address));
	}
	return buffer;
}

int address_port(const struct net_address *address)
{
	bool four = address->any.sa_family == AF_INET;

	return ntohs(four ? address->v4.sin_port : address->v6.sin6_port);
}

void address_set_port(struct net_address *address, int port)
{
	if (address->any.sa_family == AF_INET)
		address->v4.sin_port = htons((uint16_t)port);
	else
		address->v6.sin6_port = htons((uint16_t)port);
}

bool address_from(struct net_address *address, const struct sockaddr *from, socklen_t length)
{
	memset(address, 0, sizeof *address);
	if (from->sa_family == AF_INET && length >= sizeof address->v4)
		address->length = sizeof address->v4;
	else if (from->sa_family == AF_INET6 && length >= sizeof address->v6)
		address->length = sizeof address->v6;
	else
		return false;
	memcpy(&address->any, from, address->length);
	return true;
}

/* The networks that are not public, each as prefix, prefix length in bits and kind. */
static const struct {
	uint32_t prefix;
	int bits;
	enum net_address_kind kind;
} networks4[] = {
	{ 0x00000000, 8, NET_KIND_LOOPBACK },	 { 0x7f000000, 8, NET_KIND_LOOPBACK },
	{ 0xa9fe0000, 16, NET_KIND_LINK_LOCAL }, { 0x0a000000, 8, NET_KIND_PRIVATE },
	{ 0xac100000, 12, NET_KIND_PRIVATE },	 { 0xc0a80000, 16, NET_KIND_PRIVATE },
	{ 0x64400000, 10, NET_KIND_PRIVATE },
};

static enum net_address_kind kind4(uint32_t host)
{
	for (size_t i = 0; i < array_size(networks4); i++)
		if ((host ^ networks4[i].prefix) >> (32 - networks4[i].bits) == 0)
			return networks4[i].kind;
	return NET_KIND_PUBLIC;
}

static enum net_address_kind kind6(const uint8_t *bytes)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	static const uint8_t translated[12] = { 0x00, 0x64, 0xff, 0x9b };
	static const uint8_t zeroes[12];
	uint32_t last = (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
			(uint32_t)bytes[14] << 8 | bytes[15];

	if (memcmp(bytes, zeroes, 12) == 0 && last <= 1)
		return NET_KIND_LOOPBACK; /* :: and ::1 */
	if (memcmp(bytes, mapped, 12) == 0 || memcmp(bytes, translated, 12) == 0 ||
	    memcmp(bytes, zeroes, 12) == 0)
		return kind4(last);
	if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
		return NET_KIND_LINK_LOCAL;
	if ((bytes[0] & 0xfe) == 0xfc || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0xc0))
		return NET_KIND_PRIVATE;
	return NET_KIND_PUBLIC;
}

enum net_address_kind net_address_kind(const struct net_address *address)
{
	if (address->any.sa_family == AF_INET)
		return kind4(ntohl(address->v4.sin_addr.s_addr));
	return kind6(address->v6.sin6_addr.s6_addr);
}
