/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - every fault of hostile_faults.c in every way in which an answer may come: in
 * single bytes, on a connection that has served before, behind a redirect or an interim response,
 * over TLS, by way of each kind of proxy. What comes of it is the same each time.
 */
#include <stdlib.h>

#include "app/codes.h"
#include "runtime/base.h"
#include "tests/certs.h"
#include "tests/hostile.h"
#include "tests/peer_proxy.h"
#include "tests/raw_client.h"

#define OK "HTTP/1.1 200 OK\r\n"

struct way {
	bool tls, bytewise, reused, redirected, interim, forwarded, tunnel, socks;
};

static struct certs_pair certificate;
static struct peer_proxy proxy;

/* ---- One fault ------------------------------------------------------------------------------- */

static const struct raw_step moved =
	RAW_SEND("HTTP/1.1 307 F\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n");
static const struct raw_step early = RAW_SEND("HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n");

static size_t add_fault(struct raw_step *script, const struct fault *fault, const struct way *way)
{
	size_t n = 0;

	script[n++] = (struct raw_step)RAW_REQUEST;
	if (way->interim)
		script[n++] = early;
	script[n++] = (struct raw_step)RAW_SEND_BYTES(fault->bytes, fault->size);
	script[n++] = (struct raw_step){ .verb = fault->ending };
	return n;
}

/* The first connection leads to the fault; another one is asked only for what it led to. */
static void serve_fault(const struct fault *fault, const struct way *way)
{
	static struct raw_step first[16], others[8];
	size_t n = 0;

	if (way->reused) {
		first[n++] = (struct raw_step)RAW_REQUEST;
		first[n++] = (struct raw_step)RAW_SEND(HI);
	}
	if (way->redirected) {
		first[n++] = (struct raw_step)RAW_REQUEST;
		first[n++] = moved;
	}
	add_fault(first + n, fault, way);
	add_fault(others, fault, way);
	serve(first, others);
	server.bytewise = way->bytewise;
}

static void open_session(const struct way *way)
{
	struct http_session_options options = { .deny_kinds = NET_KIND_LINK_LOCAL };
	char url[64];

	if (way->tls)
		options.ca_file = certificate.cert;
	if (way->tunnel || way->socks) {
		proxy = (struct peer_proxy){ .socks = way->socks, .target = server.port };
		peer_proxy_start(&proxy);
		snprintf(url, sizeof(url), "%s://127.0.0.1:%d", way->socks ? "socks5h" : "http",
			 proxy.port);
		options.proxy = url;
	}
	if (way->forwarded)
		options.proxy = server.url;
	session = http_session_new(&options);
	CHECK(session != NULL);
}

static const char *name_of(int rc, char name[CODES_NAME])
{
	return rc < 0 ? codes_name(rc, name) : "a response";
}

static void judge(const struct fault *fault, const struct way *way, int rc)
{
	char name[CODES_NAME];
	bool error = fault->code && !fault->status;

	if (!error ? rc != 0 : rc >= 0 || strcmp(codes_name(rc, name), fault->code) != 0)
		FAIL("%s: %s (%s)", fault->name, name_of(rc, name),
		     rc < 0 ? async_raised(rc)->message : "");
	if (!error) {
		CHECK_INT(answer->status, fault->status);
		CHECK_MEM(answer->body.ptr, answer->body.len, fault->body, strlen(fault->body));
	} else if (strcmp(failure.phase, fault->phase) != 0 && !way->reused) {
		FAIL("%s: phase %s, not %s", fault->name, failure.phase, fault->phase);
	}
}

static void play(const struct fault *fault, const struct way *way,
		 const struct http_options *options)
{
	const char *url = way->forwarded ? "http://origin.test/" : "/";
	struct net_tls_context *tls = NULL;

	if (way->tls)
		CHECK_INT(net_tls_server(&tls, certificate.cert, certificate.key), 0);
	server.tls = tls;
	serve_fault(fault, way);
	open_session(way);
	if (way->reused)
		CHECK_INT(ask(url, NULL), 0);
	judge(fault, way, ask(url, options));
	client_test_end();
	if (way->tunnel || way->socks)
		peer_proxy_stop(&proxy);
	net_tls_context_free(tls);
}

static void play_all(const struct way *way)
{
	const struct http_options options = { .allow_downgrade = true };

	for (size_t i = 0; i < hostile_fault_count; i++) {
		const struct fault *fault = &hostile_faults[i];

		/* A relay makes an end of it, and so does TLS, which says goodbye first. */
		if (fault->ending == RAW_VERB_RESET && (way->socks || way->tls))
			continue;
		play(fault, way, &options);
	}
}

/* ---- Ways ------------------------------------------------------------------------------------ */

static void make_certificate(void)
{
	certificate = certs_make(&(struct certs_request){ .name = "good", .san = "IP:127.0.0.1" });
}

#define WAY(property, ...)                              \
	static void way_##property(void)                \
	{                                               \
		play_all(&(struct way){ __VA_ARGS__ }); \
	}                                               \
	TEST_WITH_LIMIT(every_fault_##property, 60)     \
	{                                               \
		make_certificate();                     \
		client_test_run(way_##property, false); \
	}

WAY(on_a_fresh_connection, .tls = false)
WAY(byte_by_byte, .bytewise = true)
WAY(on_a_reused_connection, .reused = true)
WAY(behind_a_redirect, .redirected = true)
WAY(behind_an_interim_response, .interim = true)
WAY(over_tls, .tls = true)
WAY(over_tls_in_single_bytes_on_a_reused_connection, .tls = true, .bytewise = true, .reused = true)
WAY(from_a_forwarding_proxy, .forwarded = true)
WAY(through_a_tunnel_over_tls, .tunnel = true, .tls = true)
WAY(through_socks, .socks = true, .redirected = true)

/* ---- Faults meet ------------------------------------------------------------------------------ */

/* The fault with a header more behind its first line; false when that line is another one. */
static bool with_header(struct fault *fault, const char *header)
{
	size_t lead = strlen(OK), more = strlen(header);
	char *bytes;

	if (fault->size < lead || memcmp(fault->bytes, OK, lead) != 0)
		return false;
	bytes = format("%*s", (int)(fault->size + more), "");
	memcpy(bytes, OK, lead);
	memcpy(bytes + lead, header, more);
	memcpy(bytes + lead + more, fault->bytes + lead, fault->size - lead);
	fault->bytes = bytes;
	fault->size += more;
	return true;
}

CLIENT_TEST(a_fault_in_an_encoded_answer_is_never_a_success)
{
	static const char *const codings[] = { "gzip", "deflate", "gzip, gzip" };

	for (size_t i = 0; i < hostile_fault_count * array_size(codings); i++) {
		struct fault fault = hostile_faults[i / array_size(codings)];
		const char *coding = codings[i % array_size(codings)];
		int rc;

		if (!with_header(&fault, format("Content-Encoding: %s\r\n", coding)))
			continue;
		serve_fault(&fault, &(struct way){ .tls = false });
		rc = ask("/", NULL);
		if (rc >= 0)
			FAIL("%s, %s: a response", fault.name, coding);
		client_test_end();
	}
}

CLIENT_TEST(to_head_a_fault_in_the_head_is_the_same_and_one_in_the_body_is_none)
{
	const struct http_options head = { .method = "HEAD" };

	for (size_t i = 0; i < hostile_fault_count; i++) {
		struct fault fault = hostile_faults[i];

		if (fault.ending == RAW_VERB_RESET)
			continue;
		if (!fault.code || fault.status || !strcmp(fault.phase, "body") ||
		    !strcmp(fault.code, "body_too_large")) {
			fault.code = NULL;
			fault.body = "";
			fault.status = fault.status ? fault.status : 200;
			if (!strncmp(fault.bytes, "HTTP/1.1 404", 12))
				fault.status = 404;
		}
		play(&fault, &(struct way){ .tls = false }, &head);
	}
}

/* What remains after a fault is never an answer: the next request has a connection of its own. */
CLIENT_TEST(no_fault_leaves_anything_to_the_next_request)
{
	for (size_t i = 0; i < hostile_fault_count; i++) {
		const struct fault *fault = &hostile_faults[i];
		const struct raw_step bad[] = {
			RAW_REQUEST, RAW_SEND_BYTES(fault->bytes, fault->size), RAW_REQUEST,
			RAW_SEND(OK "Content-Length: 4\r\n\r\nkept"), RAW_END
		};
		static const struct raw_step good[] = {
			RAW_REQUEST, RAW_SEND(OK "Content-Length: 5\r\n\r\nfresh"), RAW_AGAIN
		};
		const struct http_options options = { .timeout = 5, .max_redirects = -1 };
		int rc;

		if (fault->ending != RAW_VERB_AGAIN)
			continue;
		serve(bad, good);
		rc = ask("/", &options);
		raw_settle();
		CHECK_INT(ask("/", &options), 0);
		if (rc < 0 && server.accepted != 2)
			FAIL("%s: %d connections", fault->name, server.accepted);
		CHECK_STR(answer->body.ptr, server.accepted == 1 ? "kept" : "fresh");
		client_test_end();
	}
}
