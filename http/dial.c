/* SPDX-License-Identifier: MIT */
/*
 * dial.c - which host and port to connect to, with which limits, and where the time went.
 *
 * Through a proxy, the address that is connected to is the proxy's, which the user has chosen. What
 * may not be connected to is checked where it is known: in a URL that is a literal address here, in
 * socks.c after a look-up; a name that the proxy looks up is the proxy's to judge. The same holds for
 * a Unix socket.
 */
#include "http/dial.h"

#include "http/trace.h"
#include "http/tunnel.h"

static double positive(double seconds)
{
	return seconds > 0 ? seconds : 0;
}

static unsigned denied(const struct call *call)
{
	return call->session->options.deny_kinds | call->deny_kinds;
}

static void add_times(struct http_timing *to, const struct net_connect_timing *timing)
{
	int64_t dns = timing->dns > 0 ? timing->dns : 0, tls = timing->tls > 0 ? timing->tls : 0;

	/* The parts that were something else than connecting. */
	to->dns += dns;
	to->tls += tls;
	to->connect -= dns + tls;
}

/* options for the way that the call takes; the tunnel is for the duration of the connect. */
static void choose_way(const struct call *call, struct net_connect_options *options,
		       struct tunnel *tunnel)
{
	const char *agent = call->session->options.user_agent;

	if (!call->proxy) {
		options->deny_kinds = denied(call);
		return;
	}
	options->tls_name = call->url->host;
	options->tls_port = call->url->port;
	if (call_is_forwarded(call))
		return;
	*tunnel = (struct tunnel){
		.proxy = call->proxy,
		.url = call->url,
		.user_agent = agent ? agent : REQUEST_USER_AGENT,
		.family = call->session->options.family,
		.given = resolve_find(call->session->resolve, call->url->host, call->url->port),
		.deny_kinds = denied(call),
	};
	options->prepare = tunnel_open;
	options->prepare_arg = tunnel;
}

static bool is_indirect(const struct call *call)
{
	return call->proxy || call->session->options.unix_socket;
}

static void name_socket(const struct call *call, char peer[NET_ADDRESS_TEXT])
{
	snprintf(peer, NET_ADDRESS_TEXT, "unix:%s", call->session->options.unix_socket);
}

/* How near the other end is: what is behind a proxy is public unless its URL says otherwise. */
static enum net_address_kind kind_of_end(const struct call *call)
{
	struct net_address address;

	return net_address_parse(&address, call->url->host, call->url->port) == 0
		       ? net_address_kind(&address)
		       : NET_KIND_PUBLIC;
}

ASYNC_SUSPENDS
static int connect_to(struct call *call, struct net_tls_context *tls, struct connection **out)
{
	struct http_session *session = call->session;
	const struct url *next = call->proxy ? call->proxy->url : call->url;
	const struct resolve *given = resolve_find(session->resolve, next->host, next->port);
	struct net_connect_timing timing = { -1, -1, -1 };
	struct net_address tried = { 0 };
	const char *step = "connect";
	struct tunnel tunnel;
	struct net_connect_options options = {
		.family = session->options.family,
		.unix_path = session->options.unix_socket,
		.winner_lifetime = session->options.winner_lifetime,
		.dns_timeout = positive(call->seconds.dns),
		.connect_timeout = positive(call->seconds.connect),
		.tls_timeout = positive(call->seconds.tls),
		.dns_expired = HTTP_EDNS_TIMEOUT,
		.connect_expired = HTTP_ECONNECT_TIMEOUT,
		.tls_expired = HTTP_ETLS_TIMEOUT,
		.tls = tls,
		.timing = &timing,
		.failed_step = &step,
		.tried = &tried,
	};
	int rc;

	if (session->options.on_trace) {
		options.watch = trace_connect;
		options.watch_arg = call;
	}
	if (given) {
		options.addresses = given->addresses;
		options.address_count = given->count;
	}
	call_enter(call, "connect", &call->timing.connect);
	choose_way(call, &options, &tunnel);
	pool_make_room(&session->pool);
	rc = connection_open(out, &session->counts, next->host, next->port, &options);
	add_times(&call->timing, &timing);
	if (rc < 0)
		call->phase = step;
	if (rc < 0 && tried.length > 0)
		net_address_format(&tried, call->peer);
	if (options.unix_path)
		name_socket(call, rc < 0 ? call->peer : (*out)->peer);
	if (rc == 0 && is_indirect(call))
		(*out)->kind = kind_of_end(call);
	return rc;
}

static int check_end(struct call *call)
{
	if (!is_indirect(call) || !(kind_of_end(call) & denied(call)))
		return 0;
	call->phase = "connect";
	return async_raise(NET_EADDR_BLOCKED, "connecting to %s is not allowed",
			   call->url->authority);
}

ASYNC_SUSPENDS
int dial(struct call *call, struct connection **out)
{
	struct net_tls_context *tls = NULL;
	int rc = check_end(call);

	if (rc < 0)
		return rc;
	limit_wait(&call->limit, call->due, HTTP_ETOTAL_TIMEOUT);
	if (call->url->secure) {
		call_enter(call, "tls", &call->timing.tls);
		rc = session_tls(call->session, &tls);
	}
	if (rc == 0)
		rc = connect_to(call, tls, out);
	/* Out of descriptors: those that lie idle are given back first. */
	if ((rc == -EMFILE || rc == -ENFILE) && call->session->pool.idle_count > 0) {
		pool_drop_idle(&call->session->pool);
		rc = connect_to(call, tls, out);
	}
	limit_wait(&call->limit, DEADLINE_NEVER, 0);
	return rc;
}
