/* SPDX-License-Identifier: MIT */
/*
 * unix.c - sockets that have a path instead of an address. They have no handshake, so connecting to
 * one needs no wait.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/channel.h"
#include "net/tls.h"
#include "runtime/portable.h"

#define BACKLOG 100 /* asyncio's */

static int parse(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (length >= sizeof address->sun_path)
		return async_raise(-ENAMETOOLONG, "AF_UNIX path too long");
	memcpy(address->sun_path, path, length + 1);
	return 0;
}

/* A socket whose server is gone; anything else at that path is left alone, and bind says so. */
static void remove_stale(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
}

uint64_t unix_inode(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_ino : 0;
}

void unix_remove(const char *path, uint64_t inode)
{
	if (inode && unix_inode(path) == inode)
		unlink(path);
}

static int open_known(const char *here, int fd, int rc)
{
	if (rc == 0)
		rc = fd_open(here, fd);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int unix_listen(const char *here, const char *path)
{
	struct sockaddr_un address;
	int rc = parse(&address, path), fd;

	if (rc < 0)
		return rc;
	fd = portable_socket(AF_UNIX);
	if (fd < 0)
		return -errno;
	remove_stale(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0)
		rc = -errno;
	return open_known(here, fd, rc);
}

int unix_connect(const char *here, const char *path)
{
	struct sockaddr_un address;
	int rc = parse(&address, path), fd;

	if (rc < 0)
		return rc;
	fd = portable_socket(AF_UNIX);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		rc = -errno;
	fd = open_known(here, fd, rc);
	if (fd >= 0)
		fd_clear(fd, FD_READ);
	return fd;
}

ASYNC_SUSPENDS
int net_open_unix_connection_at(const char *here, struct net_reader **reader,
				struct net_writer **writer, const char *path,
				const struct net_stream_options *options)
{
	static const struct net_address none;
	struct net_stream *stream;
	struct channel *channel;
	int rc = unix_connect(here, path);

	if (rc < 0)
		return rc;
	rc = stream_new(&stream, here, rc, &none);
	if (rc == 0)
		rc = channel_new(&channel, here, stream, CHANNEL_BOTH, options);
	if (rc < 0)
		return rc;
	if (options && options->tls)
		rc = upgrade_channel(here, channel, options->tls, options->tls_name, 0,
				     options->tls_timeout);
	if (rc < 0) {
		channel_free(here, channel);
		return rc;
	}
	*reader = &channel->reader;
	*writer = &channel->writer;
	return 0;
}
