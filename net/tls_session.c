/* SPDX-License-Identifier: MIT */
/*
 * tls_session.c - the sessions that a client keeps, so that the next connection to the same host
 * and port needs no certificates and half of the arithmetic.
 *
 * At most 256 of them, the newest first: going through the list costs nothing beside a handshake.
 * The key has the name that was verified, so no session vouches for another host.
 */
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls.h"
#include "runtime/list.h"

#define MAX_SESSIONS 256

struct kept {
	struct async_list node;
	SSL_SESSION *session;
	char name[];
};

static struct kept *find(struct tls_sessions *sessions, const char *name)
{
	list_for_each(node, &sessions->list) {
		struct kept *kept = container_of(node, struct kept, node);

		if (strcmp(kept->name, name) == 0)
			return kept;
	}
	return NULL;
}

static void drop(struct tls_sessions *sessions, struct kept *kept)
{
	list_remove(&kept->node);
	sessions->count--;
	SSL_SESSION_free(kept->session);
	free(kept);
}

bool tls_sessions_put(struct tls_sessions *sessions, const char *name,
		      struct ssl_session_st *session)
{
	struct kept *old = find(sessions, name);
	struct kept *kept = malloc(sizeof *kept + strlen(name) + 1);

	if (!kept)
		return false;
	if (old)
		drop(sessions, old);
	else if (sessions->count == MAX_SESSIONS)
		drop(sessions, container_of(sessions->list.prev, struct kept, node));
	kept->node = (struct async_list){ 0 };
	kept->session = session;
	strcpy(kept->name, name);
	list_prepend(&sessions->list, &kept->node);
	sessions->count++;
	return true;
}

struct ssl_session_st *tls_sessions_get(struct tls_sessions *sessions, const char *name)
{
	struct kept *kept = find(sessions, name);

	if (!kept)
		return NULL;
	if (!SSL_SESSION_is_resumable(kept->session)) {
		drop(sessions, kept);
		return NULL;
	}
	list_remove(&kept->node);
	list_prepend(&sessions->list, &kept->node);
	return kept->session;
}

void tls_sessions_clear(struct tls_sessions *sessions)
{
	list_for_each(node, &sessions->list)
		drop(sessions, container_of(node, struct kept, node));
}
