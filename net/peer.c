/* SPDX-License-Identifier: MIT */
/*
 * peer.c - what stands behind an fd, for reports of the runtime, which knows no sockets.
 *
 * Only system calls, as it may be asked on another thread than the loop's.
 */
#include "net/peer.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "net/address.h"
#include "runtime/fd.h"

union name {
	struct sockaddr any;
	struct sockaddr_un path;
	struct net_address address;
};

static bool format(const char *before, const struct sockaddr *name, socklen_t length,
		   char text[FD_TEXT])
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)(const void *)name;
	struct net_address address;
	char numbers[NET_ADDRESS_TEXT];

	if (address_from(&address, name, length))
		snprintf(text, FD_TEXT, "%s%s", before, net_address_format(&address, numbers));
	else if (name->sa_family == AF_UNIX && length > offsetof(struct sockaddr_un, sun_path) + 1)
		snprintf(text, FD_TEXT, "%s%.80s", before, local->sun_path);
	else
		return false;
	return true;
}

static bool describe(int fd, char text[FD_TEXT])
{
	struct sockaddr_storage name = { 0 };
	socklen_t length = sizeof name, size = sizeof(int);
	int listens = 0;

	if (getpeername(fd, (struct sockaddr *)&name, &length) == 0)
		return format("", (struct sockaddr *)&name, length, text);
	length = sizeof name;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens ||
	    getsockname(fd, (struct sockaddr *)&name, &length) < 0)
		return false;
	return format("listening on ", (struct sockaddr *)&name, length, text);
}

void peer_enable_reports(void)
{
	fd_set_describer(describe);
}
