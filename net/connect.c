/* SPDX-License-Identifier: MIT */
/*
 * connect.c - net_connect: a name becomes a stream in three steps, or four with a proxy, each with
 * its limit, its time and its name in the failure.
 */
#include <string.h>

#include "net/channel.h"
#include "net/dns.h"
#include "net/race.h"
#include "net/tls.h"
#include "net/winner.h"

#define MAX_FOUND 16
/* A Unix socket whose queue is full cannot be waited for but by asking again. */
#define QUEUE_PAUSE 0.01

struct connecting {
	const char *here;
	const char *host;
	int port;
	const struct net_connect_options *options;
	struct net_connect_timing timing;
	const char *step;
	bool literal; /* host is an address */
	struct net_address found[MAX_FOUND];
	int count;
	struct race_result race;
	struct net_stream *stream;
};

/* what: "connection timeout", for example. */
static int expired(const struct connecting *c, int code, const char *what, double seconds,
		   const char *detail)
{
	return async_raise(code ? code : ASYNC_ETIMEOUT, "%s to host %.255s:%d after %g s%s%s",
			   what, c->host, c->port, seconds, *detail ? "; " : "", detail);
}

static void tell(const struct connecting *c, enum net_connect_event event, int code)
{
	race_tell(c->options, event, NULL, code);
}

/* A step's limit, and its clock. */
struct timed {
	struct async_timeout limit;
	int64_t start;
};

/* seconds of 0: no limit. */
static void begin(struct timed *step, double seconds)
{
	step->start = async_time_ns();
	async_timeout_begin(&step->limit, seconds > 0 ? seconds : ASYNC_NO_TIMEOUT);
}

static int end(struct timed *step, int rc, int64_t *took)
{
	rc = async_timeout_end(&step->limit, rc);
	*took = async_time_ns() - step->start;
	return rc;
}

/* Addresses on the deny list are dropped here; what is left is what is connected to. */
static int allow(struct connecting *c)
{
	char text[NET_ADDRESS_TEXT];
	int kept = 0;

	for (int i = 0; i < c->count; i++)
		if (!(net_address_kind(&c->found[i]) & c->options->deny_kinds))
			c->found[kept++] = c->found[i];
	if (kept == 0) {
		c->step = "connect";
		return async_raise(NET_EADDR_BLOCKED, "connecting to %.255s (%s) is not allowed",
				   c->host, net_address_format(&c->found[0], text));
	}
	if (c->options->winner_lifetime >= 0)
		winner_first(c->host, c->found, kept);
	c->count = kept < RACE_MAX ? kept : RACE_MAX;
	return 0;
}

static int take_given(struct connecting *c)
{
	const struct net_connect_options *options = c->options;

	c->step = "dns";
	c->count = options->address_count < MAX_FOUND ? options->address_count : MAX_FOUND;
	memcpy(c->found, options->addresses, (size_t)c->count * sizeof c->found[0]);
	return allow(c);
}

ASYNC_SUSPENDS
static int resolve(struct connecting *c)
{
	double seconds = c->options->dns_timeout;
	struct timed step;
	int64_t took;
	bool asks;
	int rc;

	c->literal = net_address_parse(&c->found[0], c->host, c->port) == 0;
	c->step = "dns";
	asks = !c->literal && c->options->watch && !dns_is_cached(c->host, c->options->family);
	if (!c->literal)
		tell(c, asks ? NET_CONNECT_DNS_START : NET_CONNECT_DNS_CACHED, 0);
	begin(&step, seconds);
	rc = net_resolve_at(c->here, c->host, c->port, c->options->family, c->found, MAX_FOUND);
	rc = end(&step, rc, &took);
	if (asks)
		tell(c, NET_CONNECT_DNS_END, rc < 0 ? rc : 0);
	if (!c->literal)
		c->timing.dns = took;
	if (rc == ASYNC_ETIMEOUT)
		return expired(c, c->options->dns_expired, "name look-up timeout", seconds, "");
	if (rc < 0)
		return rc;
	c->count = rc;
	return allow(c);
}

/* Where to connect to, unless it is a path. */
ASYNC_SUSPENDS
static int find(struct connecting *c)
{
	if (c->options->unix_path)
		return 0;
	return c->options->address_count > 0 ? take_given(c) : resolve(c);
}

/* The fd, or a negative code. The report is all there is to say, as with a literal address. */
ASYNC_SUSPENDS
static int connect_to_path(struct connecting *c)
{
	const char *path = c->options->unix_path;
	int rc, slept = 0;

	snprintf(c->race.report, sizeof c->race.report, "unix socket %s: its queue is full", path);
	c->literal = true;
	while ((rc = unix_connect(c->here, path)) == -EAGAIN && slept == 0)
		slept = async_sleep(QUEUE_PAUSE);
	if (slept < 0)
		return slept;
	if (rc < 0)
		snprintf(c->race.report, sizeof c->race.report, "unix socket %s: %s", path,
			 async_strerror(rc));
	return rc;
}

/* rc: as of race_connect(). */
static void note_winner(const struct connecting *c, int rc)
{
	double lifetime = c->options->winner_lifetime;

	if (c->count > 1 && rc != ASYNC_ECANCELED && lifetime >= 0)
		winner_note(c->host, c->found, rc < 0 ? NULL : &c->race.address,
			    lifetime > 0 ? lifetime : WINNER_LIFETIME);
}

ASYNC_SUSPENDS
static int reach(struct connecting *c)
{
	double seconds = c->options->connect_timeout;
	struct timed step;
	int rc;

	c->step = "connect";
	begin(&step, seconds);
	rc = c->options->unix_path
		     ? connect_to_path(c)
		     : race_connect(c->here, c->found, c->count, c->options, &c->race);
	rc = end(&step, rc, &c->timing.connect);
	note_winner(c, rc);
	if (rc == ASYNC_ETIMEOUT)
		return expired(c, c->options->connect_expired, "connection timeout", seconds,
			       c->race.report);
	if (rc == ASYNC_ECANCELED)
		return rc;
	/* The report names each address that was tried: for a literal one that is all there is. */
	if (rc < 0 && c->literal)
		return async_raise(rc, "cannot connect to %s", c->race.report);
	if (rc < 0)
		return async_raise(rc, "cannot connect to %.255s:%d: %s", c->host, c->port,
				   c->race.report);
	return stream_new(&c->stream, c->here, rc, &c->race.address);
}

ASYNC_SUSPENDS
static int prepare(struct connecting *c)
{
	double seconds = c->options->connect_timeout;
	struct timed step;
	int64_t took;
	int rc;

	if (!c->options->prepare)
		return 0;
	c->step = "proxy";
	begin(&step, seconds);
	rc = c->options->prepare(c->options->prepare_arg, c->stream);
	rc = end(&step, rc, &took);
	c->timing.connect += took;
	if (rc == ASYNC_ETIMEOUT)
		return expired(c, c->options->connect_expired, "proxy timeout", seconds, "");
	return rc;
}

ASYNC_SUSPENDS
static int secure(struct connecting *c)
{
	const char *name = c->options->tls_name ? c->options->tls_name : c->host;
	double seconds = c->options->tls_timeout;
	struct timed step;
	int rc;

	if (!c->options->tls)
		return 0;
	c->step = "tls";
	tell(c, NET_CONNECT_TLS_START, 0);
	begin(&step, seconds);
	rc = tls_start_client(c->here, c->stream, c->options->tls, name,
			      c->options->tls_port ? c->options->tls_port : c->port);
	rc = end(&step, rc, &c->timing.tls);
	tell(c, NET_CONNECT_TLS_END, rc);
	if (rc == ASYNC_ETIMEOUT)
		return expired(c, c->options->tls_expired, "TLS handshake timeout", seconds, "");
	return rc;
}

ASYNC_SUSPENDS
int net_connect_at(const char *here, struct net_stream **out, const char *host, int port,
		   const struct net_connect_options *options)
{
	static const struct net_connect_options none;
	struct connecting c = { .here = here,
				.host = host,
				.port = port,
				.options = options ? options : &none,
				.timing = { -1, -1, -1 } };
	int rc = find(&c);

	if (rc == 0)
		rc = reach(&c);
	if (rc == 0)
		rc = prepare(&c);
	if (rc == 0)
		rc = secure(&c);
	if (c.options->timing)
		*c.options->timing = c.timing;
	if (c.options->tried)
		*c.options->tried = c.race.address;
	if (rc < 0) {
		if (c.options->failed_step)
			*c.options->failed_step = c.step;
		net_close(c.stream);
		return rc;
	}
	*out = c.stream;
	return 0;
}
