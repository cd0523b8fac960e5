/* SPDX-License-Identifier: MIT */
/* resolve.c - see resolve.h. */
#include "http/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(char why[RESOLVE_WHY], const char *text, const char *reason)
{
	snprintf(why, RESOLVE_WHY, "\"%.80s\": %s", text, reason);
	return NET_EADDRESS;
}

/* One of the list, of so many characters. */
static bool parse_address(struct net_address *address, const char *text, size_t size, int port)
{
	char copy[NET_ADDRESS_TEXT];

	if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
		text++;
		size -= 2;
	}
	if (size == 0 || size >= sizeof(copy))
		return false;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return net_address_parse(address, copy, port) == 0;
}

static int parse_addresses(struct resolve *entry, const char *list, const char *text,
			   char why[RESOLVE_WHY])
{
	for (;; list++) {
		size_t size = strcspn(list, ",");

		if (entry->count == RESOLVE_MAX)
			return refuse(why, text, "more than 6 addresses");
		if (!parse_address(&entry->addresses[entry->count], list, size, entry->port))
			return refuse(why, text, "what is behind the port is no list of addresses");
		entry->count++;
		list += size;
		if (!*list)
			return 0;
	}
}

int resolve_add(struct resolve **list, const char *text, char why[RESOLVE_WHY])
{
	size_t size = strcspn(text, ":");
	struct resolve *entry;
	char *end;
	long port;
	int rc;

	port = text[size] ? strtol(text + size + 1, &end, 10) : 0;
	if (size == 0 || port < 1 || port > 65535 || *end != ':')
		return refuse(why, text, "it is not host:port:address");
	entry = calloc(1, sizeof(*entry) + size + 1);
	if (!entry)
		return ASYNC_ENOMEM;
	memcpy(entry->host, text, size);
	entry->port = (int)port;
	rc = parse_addresses(entry, end + 1, text, why);
	if (rc < 0) {
		free(entry);
		return rc;
	}
	entry->next = *list;
	*list = entry;
	return 0;
}

const struct resolve *resolve_find(const struct resolve *list, const char *host, int port)
{
	while (list && (list->port != port || strcasecmp(list->host, host) != 0))
		list = list->next;
	return list;
}

void resolve_free(struct resolve *list)
{
	while (list) {
		struct resolve *next = list->next;

		free(list);
		list = next;
	}
}
