/* SPDX-License-Identifier: MIT */
/*
 * session.c - a session's life: options, TLS settings, statistics, and its end.
 *
 * Closing makes each call under way expire, as a time limit does, so that it ends wherever it waits,
 * and then waits for all of them. Open sessions are in a list, so that a call on one that was
 * closed finds out without touching its memory; only a new session at the same address can
 * deceive it.
 */
#include "http/session.h"

#include <stdlib.h>

#include "http/call.h"
#include "http/errors.h"
#include "http/opened.h"
#include "runtime/base.h"
#include "runtime/list.h"

#define DEFAULT_LIMIT 100
#define DEFAULT_KEEPALIVE 15.0

/* A session belongs to a loop, and a loop to its thread. */
static __thread struct async_list open_sessions;

/* ---- Making ---------------------------------------------------------------------------------- */

static int make_pool(struct http_session *session)
{
	const struct http_session_options *options = &session->options;

	int rc = pool_init(&session->pool, options->limit ? options->limit : DEFAULT_LIMIT,
			   options->limit_per_host,
			   options->keepalive ? options->keepalive : DEFAULT_KEEPALIVE);

	session->pool.max_age = options->max_age;
	session->pool.max_idle = options->max_idle;
	return rc;
}

static void free_session(struct http_session *session)
{
	async_handle_cancel(&session->unclosed);
	session_options_drop(session);
	connection_free_spare(&session->counts);
	net_tls_context_free(session->tls);
	free(session);
}

static void loop_closes(void *arg);

struct http_session *http_session_new_at(const char *here,
					 const struct http_session_options *options)
{
	static const struct http_session_options none;
	struct http_session *session = calloc(1, sizeof(*session));
	int rc;

	errors_register();
	if (!session)
		return NULL;
	async_semaphore_init(&session->tls_lock, 1);
	rc = session_options_take(session, options ? options : &none);
	if (rc == 0)
		rc = make_pool(session);
	if (rc < 0) {
		free_session(session);
		return NULL;
	}
	list_append(&open_sessions, &session->node);
	session->opened_at = here;
	async_on_close(&session->unclosed, loop_closes, session);
	return session;
}

/* ---- Use ------------------------------------------------------------------------------------- */

bool session_is_open(const struct http_session *session)
{
	list_for_each(node, &open_sessions)
		if (container_of(node, struct http_session, node) == session)
			return true;
	return false;
}

void session_enter(struct http_session *session, struct call *call)
{
	list_append(&session->calls, &call->node);
}

void session_leave(struct http_session *session, struct call *call)
{
	list_remove(&call->node);
	if (session->closing && list_empty(&session->calls))
		async_event_set(&session->drained);
}

ASYNC_SUSPENDS
static int load_tls(struct http_session *session)
{
	struct net_tls_options options = {
		.ca_file = session->options.ca_file,
		.ca_dir = session->options.ca_dir,
		.insecure = session->options.insecure,
		.cert_file = session->options.cert_file,
		.key_file = session->options.key_file,
		.min_version = session->options.tls_min_version,
		.pins = session->options.tls_pins,
	};

	/* Whoever had the lock before may have done it. */
	return session->tls ? 0 : net_tls_client(&session->tls, &options);
}

ASYNC_SUSPENDS
int session_tls(struct http_session *session, struct net_tls_context **out)
{
	int rc = 0;

	if (!session->tls) {
		rc = async_semaphore_acquire(&session->tls_lock);
		if (rc < 0)
			return rc;
		rc = load_tls(session);
		async_semaphore_release(&session->tls_lock);
	}
	*out = session->tls;
	return rc;
}

void http_session_stats(const struct http_session *session, struct http_session_stats *stats)
{
	*stats = (struct http_session_stats){
		.connections = session->counts.open,
		.idle = (unsigned)session->pool.idle_count,
		.peak_connections = session->counts.peak,
		.created = session->counts.created,
		.reused = session->reused,
		.requests = session->requests,
		.surplus = session->surplus + session->pool.surplus,
	};
}

/* ---- The end --------------------------------------------------------------------------------- */

ASYNC_SUSPENDS
int http_session_close(struct http_session *session)
{
	int rc = 0;

	must(session_is_open(session), "http_session_close: this session is closed already");
	list_remove(&session->node);
	session->closing = true;
	list_for_each(node, &session->calls) {
		struct call *call = container_of(node, struct call, node);

		must(call->task != async_current_task(),
		     "http_session_close: called by a request of the same session");
		limit_expire(&call->limit, HTTP_ESESSION_CLOSED);
	}
	opened_cut_all(session);
	/* A cancelled close closes all the same: the memory has users until the last call is out. */
	while (!list_empty(&session->calls)) {
		int waited = async_event_wait(&session->drained);

		if (waited < 0)
			rc = waited;
	}
	pool_destroy(&session->pool);
	free_session(session);
	return rc;
}

/*
 * aiohttp's words for what it finds so. Calls that were under way are gone with their tasks, and what
 * they had on their stacks must not be touched: their connections are found without them.
 */
static void loop_closes(void *arg)
{
	struct http_session *session = arg;
	struct async_list *all = &session->counts.all;

	if (!session->closing)
		async_report_unclosed(session->opened_at, "Unclosed client session");
	if (session->pool.idle_count)
		async_report_unclosed(session->opened_at, "Unclosed connector");
	opened_abandon_all(session);
	list_remove(&session->node);
	pool_abandon(&session->pool);
	while (!list_empty(all)) {
		struct connection *connection = container_of(all->next, struct connection, node);

		async_report_unclosed(session->opened_at, "Unclosed connection <%s>",
				      connection->peer);
		connection_close(connection);
	}
	free_session(session);
}
