/* SPDX-License-Identifier: MIT */
/*
 * http.h - the HTTP/1.1 client, its session, and a small server. The manual of http/.
 *
 * The promise: every response is complete and verified, or it is an error. A session keeps
 * connections alive, limits them, and is fair to those who wait for one. Long, because who writes a
 * program of requests reads this one manual.
 */
#ifndef LOOPHOUND_HTTP_HTTP_H
#define LOOPHOUND_HTTP_HTTP_H

#include "http/json.h"
#include "net/net.h"
#include "runtime/async.h"

#ifdef __cplusplus
extern "C" {
#endif

/* http's own codes; net's, the runtime's and negative errnos pass through. */
enum http_code {
	HTTP_EURL = -12001,		 /* url_invalid */
	HTTP_EPARSE = -12002,		 /* http_parse: not an HTTP/1.x response, or a broken one */
	HTTP_EFRAMING = -12003,		 /* framing_conflict */
	HTTP_EHEADER_OVERFLOW = -12004,	 /* header_overflow */
	HTTP_EHEADER_TIMEOUT = -12005,	 /* header_timeout: no complete head in time */
	HTTP_EBODY_IDLE = -12006,	 /* body_idle_timeout */
	HTTP_ETOTAL_TIMEOUT = -12007,	 /* total_timeout */
	HTTP_EPOOL_TIMEOUT = -12008,	 /* no connection became free in time */
	HTTP_EDNS_TIMEOUT = -12009,	 /* dns_timeout */
	HTTP_ECONNECT_TIMEOUT = -12010,	 /* connect_timeout */
	HTTP_ETLS_TIMEOUT = -12011,	 /* tls_timeout */
	HTTP_ECLOSED_EARLY = -12012,	 /* conn_closed_early: the end came before the head did */
	HTTP_EBODY_TRUNCATED = -12013,	 /* body_truncated */
	HTTP_EBODY_TOO_LARGE = -12014,	 /* body_too_large */
	HTTP_ETOO_MANY_1XX = -12015,	 /* too_many_1xx */
	HTTP_EUNEXPECTED_304 = -12016,	 /* unexpected_304 */
	HTTP_EUNEXPECTED_206 = -12017,	 /* unexpected_206 */
	HTTP_EREDIRECT_LIMIT = -12018,	 /* redirect_limit */
	HTTP_EREDIRECT_LOOP = -12019,	 /* redirect_loop */
	HTTP_EREDIRECT_BLOCKED = -12020, /* redirect_blocked: not http or https */
	HTTP_EREDIRECT_DOWNGRADE = -12021, /* redirect_downgrade: https to http */
	HTTP_EREQUEST = -12022, /* a method or header that cannot be sent (CR, LF, NUL, ...) */
	HTTP_ESESSION_CLOSED = -12023, /* "Session is closed." */
	HTTP_EJSON = -12024,	       /* json_get: no such path, or not JSON */
	HTTP_EDECODE = -12025,	       /* decode_error: a Content-Encoding that cannot be undone */
	HTTP_EDECODE_TRUNCATED = -12026, /* decode_truncated: the coding's own end is missing */
	HTTP_EBODY_SLOW = -12031,	 /* body_too_slow: less than low_speed_limit */
	HTTP_EWRITE_TIMEOUT = -12030,	 /* write_timeout: the server does not take the request */
	HTTP_EPROXY_AUTH = -12027,	 /* proxy_auth: 407, or SOCKS5 credentials refused */
	HTTP_EPROXY_REFUSED = -12028,	 /* proxy_refused: it does not connect on */
	HTTP_EPROXY_PROTOCOL = -12029,	 /* proxy_protocol: no answer that a proxy gives */
};

struct http_header {
	const char *name, *value;
};

/* Of a query: neither needs to be encoded. */
struct http_param {
	const char *name, *value;
};

/* ---- Trace ----------------------------------------------------------------------------------- */

/* In the order in which they come, as far as they happen; aiohttp.TraceConfig()'s signals. */
enum http_trace_event {
	HTTP_TRACE_REQUEST_START,
	HTTP_TRACE_QUEUED_START, /* for a slot of the pool, however long that takes */
	HTTP_TRACE_QUEUED_END,
	HTTP_TRACE_REUSE, /* of a connection; else: */
	HTTP_TRACE_DNS_START,
	HTTP_TRACE_DNS_END,
	HTTP_TRACE_DNS_CACHE_HIT,
	HTTP_TRACE_CONNECT_START, /* these two for each address; they may overlap */
	HTTP_TRACE_CONNECT_END,
	HTTP_TRACE_TLS_START,
	HTTP_TRACE_TLS_END,
	HTTP_TRACE_HEADERS_SENT, /* the request's head, and its body if that was in memory */
	HTTP_TRACE_CHUNK_SENT,	 /* of a body that was not */
	HTTP_TRACE_HEAD_RECEIVED,
	HTTP_TRACE_CHUNK_RECEIVED, /* of the response's body, not decoded yet */
	HTTP_TRACE_CHUNK_DECODED, /* the same as it is handed on; there may be more of these, or less */
	HTTP_TRACE_REDIRECT,	  /* another request follows, beginning with QUEUED_START */
	HTTP_TRACE_REQUEST_END,
	HTTP_TRACE_EXCEPTION, /* instead of it */
};

/* What does not belong to the event is zero. Pointers are good during the call. */
struct http_trace {
	enum http_trace_event event;
	unsigned long request; /* a number per call of the session, from 1 */
	void **context;	       /* yours, one for each call; NULL in it at first */
	int64_t time;	       /* nanoseconds, by async_time_ns() */
	const char *method;
	const char *url; /* as the caller gave it, at REQUEST_START; then the one at hand */
	int code;	 /* *_END, EXCEPTION: 0 or why not */
	const struct net_address *address; /* CONNECT_* */
	unsigned long connection;	   /* its number, from REUSE or HEADERS_SENT on */
	const char *peer, *tls;		   /* of the connection */
	const char *data; /* *_SENT: what was; CHUNK_*: what came; REDIRECT: the new URL */
	size_t size;	  /* of data */
	int status;	  /* from HEAD_RECEIVED on */
	const struct http_header *headers; /* of the response: HEAD_RECEIVED */
	size_t header_count;
};

/* ---- Session --------------------------------------------------------------------------------- */

struct http_session;

/* Zeroes are the defaults; negative numbers mean "none" where the default is a limit. */
struct http_session_options {
	int limit;	    /* connections in all; 100 */
	int limit_per_host; /* per origin; 0: unlimited */
	double keepalive;   /* seconds that an idle connection is kept; 15 */
	int max_idle;	    /* idle connections kept in all, the newest; 0: as limit allows */
	double max_age;	    /* seconds after which a connection is not used again; 0: no limit */
	const char *user_agent; /* "loophound/0.1" */
	/* What a request's URL is resolved against; NULL: it has to be absolute. */
	const char *base_url;
	/* Sent with each request that has no header of that name, and never to another origin. */
	const struct http_header *headers;
	size_t header_count;
	/*
	 * A jar of cookies (RFC 6265): what servers set they get back, unless a request has a Cookie
	 * header of its own. In memory only.
	 */
	bool cookies;
	/* A user and a password for hosts that no option and no URL has one for; NULL: none. */
	const char *netrc_file;
	/* TLS; each as in struct net_tls_options, read when the first https request is made. */
	const char *ca_file, *ca_dir;
	bool insecure;
	const char *cert_file, *key_file;
	enum net_tls_version tls_min_version;
	const char *tls_pins;
	/*
	 * "http://[user:password@]host:port", socks5:// (names are looked up here) or socks5h:// (by
	 * the proxy), for all URLs but those in no_proxy; "": none. https goes through a tunnel
	 * (CONNECT). Denied addresses are refused where they are known here. NULL: none, unless
	 * trust_env, which asks http_proxy, https_proxy, all_proxy and no_proxy, as curl does.
	 */
	const char *proxy, *no_proxy;
	bool trust_env;
	int family; /* AF_UNSPEC */
	/*
	 * Of a host's addresses, tried 250 ms apart, 6 at most, the one that has won over the first is
	 * tried first for so many seconds, or until it fails; 600; negative: it is not remembered.
	 */
	double winner_lifetime;
	/*
	 * Each "host:port:address[,address]...": that is where the host, or a proxy of that name, is
	 * on that port; its name is not looked up, but by a proxy (not by socks5://, which gets an
	 * address). Of two for the same the later.
	 */
	const char *const *resolve;
	size_t resolve_count;
	/*
	 * A path: all connections lead to that Unix socket, whatever host a URL names, which is still
	 * what goes into Host and, with https, what the certificate is verified for. Nothing is looked
	 * up, and no proxy is asked. NULL: none.
	 */
	const char *unix_socket;
	/* Kinds of addresses that may not be connected to; enum net_address_kind. */
	unsigned deny_kinds;
	/* Loopback and private ones are refused too when a redirect leads there from a public one. */
	bool allow_private_redirects;
	/* Told of all that happens to requests, enough to draw a waterfall. Must not suspend. */
	void (*on_trace)(void *arg, const struct http_trace *trace);
	void *on_trace_arg;
	/* Defaults for each request; see struct http_options. */
	double timeout, connect_timeout, dns_timeout, tls_timeout, first_byte_timeout,
		write_timeout, idle_timeout;
};

/*
 * aiohttp.ClientSession(). options may be NULL; its strings are copied. Belongs to the running
 * loop; one that is still open when that closes is reported, "Unclosed client session", and freed.
 * NULL without memory, or when proxy or base_url (HTTP_EURL) or one of resolve (NET_EADDRESS) is none:
 * async_raised() of that code has the reason.
 */
#define http_session_new(...) http_session_new_at(ASYNC_HERE, __VA_ARGS__)
struct http_session *http_session_new_at(const char *here,
					 const struct http_session_options *options);
/*
 * Requests under way end with HTTP_ESESSION_CLOSED, and so do later ones; every connection is
 * closed; frees it. Not to be called from a callback of one of its requests. Returns 0, or
 * ASYNC_ECANCELED: it was cancelled meanwhile, and has closed all the same.
 */
ASYNC_SUSPENDS
int http_session_close(struct http_session *session);

/*
 * The session's cookies, if it has a jar: adds one as if the URL had sent it with Set-Cookie:
 * text, which has to begin "name=value"; what a request there would send, for free(), NULL when that is nothing;
 * forgets all. 0, HTTP_EURL, HTTP_EREQUEST (no cookie that url may set), ASYNC_ENOMEM.
 */
int http_session_add_cookie(struct http_session *session, const char *from, const char *text);
int http_session_cookies(struct http_session *session, const char *from, char **out);
void http_session_clear_cookies(struct http_session *session);

struct http_session_stats {
	unsigned connections;	   /* open now */
	unsigned idle;		   /* of these, waiting for a request */
	unsigned peak_connections; /* the most there were at once */
	unsigned long created, reused,
		requests;      /* requests sent, repeated and redirected included */
	unsigned long surplus; /* connections dropped for bytes nobody asked for */
};
void http_session_stats(const struct http_session *session, struct http_session_stats *stats);

/* ---- Requests -------------------------------------------------------------------------------- */

/* Zeroes are the session's defaults. Times are seconds; negative: no limit. */
struct http_options {
	const char *method; /* "GET" */
	const struct http_header *headers;
	size_t header_count;
	const struct http_param *params; /* added to the URL's query, encoded */
	size_t param_count;
	/*
	 * Authorization: Basic, or Bearer, unless headers have one. For the first origin alone, as a
	 * URL's user information, which they come before.
	 */
	const char *user, *password, *bearer;
	const void *body;
	size_t body_size;
	/* Or a regular file, read on a thread as it is sent. */
	const char *body_file;
	/*
	 * Or what a function gives: at most size bytes into buffer, how many they are, 0 at the end, or
	 * a negative code, which ends the request. May suspend. With a length it has to be exactly that
	 * long; with 0 it is sent in chunks. rewind_body goes back to the beginning, for a redirect or
	 * a repetition that sends the body again; without it those are errors. 0 or a negative code.
	 */
	ssize_t (*read_body)(void *arg, void *buffer, size_t size);
	int (*rewind_body)(void *arg);
	void *read_body_arg;
	int64_t read_body_length;
	/*
	 * Expect: 100-continue: the body waits until the server wants it, for a second at most. An
	 * answer that comes instead is the response.
	 */
	bool expect_continue;
	double timeout;					  /* from the call to the last byte; 300 */
	double pool_timeout;				  /* to get a connection slot; none */
	double dns_timeout, connect_timeout, tls_timeout; /* 5 each */
	double first_byte_timeout; /* from the last byte sent to the end of the head; 30 */
	double write_timeout; /* until the server has taken the next 64 KiB of the request; 15 */
	double idle_timeout;  /* between two reads of the body; 15 */
	/*
	 * Each further so many bytes of the body, as received, have to come within so many seconds;
	 * 0: however slowly. The time that on_body and on_memory take is not counted.
	 */
	size_t low_speed_limit;
	double low_speed_time; /* 30 */
	size_t max_body;       /* bytes, decoded; 64 MiB */
	size_t max_wire;       /* bytes of the body as received; as max_body */
	/*
	 * The body is delivered as it was sent, and Content-Encoding is for the caller to undo. Else
	 * gzip, deflate, br and zstd, as far as their libraries were built in, are asked for (unless
	 * headers say otherwise or name a Range) and undone, and what is damaged, cut short or
	 * encoded in another way is an error.
	 */
	bool keep_encoding;
	int max_redirects;    /* how many are followed; 10; -1: none, the 3xx is the response */
	bool allow_downgrade; /* https to http in a redirect */
	/*
	 * Streams the body instead of keeping it: called for each piece; a negative return ends the
	 * request with that code. May suspend: the socket is not read meanwhile.
	 */
	int (*on_body)(void *arg, const void *data, size_t size);
	void *on_body_arg;
	/*
	 * Told of each change of the bytes held for this response, before they are taken, to keep a
	 * budget: an announced length in one step. May suspend; a negative return ends the request
	 * with that code. The changes add up to 0 after a failure, and to what the body of the
	 * response occupies after a success.
	 */
	int (*on_memory)(void *arg, ptrdiff_t change);
	void *on_memory_arg;
};

/* Nanoseconds, disjoint, adding up to the whole; 0 where a phase did not happen. */
struct http_timing {
	int64_t queue, dns, connect, tls, send, first_byte, body;
};

/* A response that sent on. */
struct http_redirect {
	int status;
	const char *url; /* which gave it */
};

struct http_response {
	int status;
	struct json_span body; /* complete and verified; ends with a NUL beyond its length */
	const struct http_header *headers; /* names lower-case, in the order received */
	size_t header_count;
	const char *url; /* the final one, after redirects */
	int redirects;
	const struct http_redirect *history; /* so many, the first one first */
	struct http_timing timing;
	unsigned long connection; /* a number per connection of the session, from 1 */
	bool reused;
	const char *peer;    /* "127.0.0.1:8080"; "unix:/run/x.sock", cut at 63 bytes */
	const char *tls;     /* "TLSv1.3", or NULL */
	uint64_t wire_bytes; /* of the body, as received; body.len may be more: it is decoded */
};

/*
 * One request, redirects included. *response is the caller's, to be freed with
 * http_response_free(), and is set only when 0 is returned: every status is a response. Otherwise a
 * negative code, the text of which async_raise has recorded in the current task. options may be NULL.
 * A reused connection that closed before the first byte, or answered 408, is retried once on another
 * if the method is idempotent.
 */
ASYNC_SUSPENDS
int http_request(struct http_session *session, const char *url, const struct http_options *options,
		 struct http_response **response);
/* The same with method GET; named as in the examples. */
ASYNC_SUSPENDS
int async_http_get(struct http_session *session, const char *url,
		   const struct http_options *options, struct http_response **response);
/* What a failed request still knows (phase, status, peer, timing), for records. */
struct http_failure {
	/* "url", "queue", "dns", "connect", "proxy", "tls", "send", "head", "body", "redirect" */
	const char *phase;
	int status; /* 0: no head came */
	struct http_timing timing;
	char peer[NET_ADDRESS_TEXT]; /* "": none */
	uint64_t body_bytes;	     /* received before it failed */
	int64_t content_length;	     /* announced; -1 */
	/* Where redirects had led; the caller's, for free(). NULL: nowhere else, or no memory. */
	char *url;
};
ASYNC_SUSPENDS
int http_request_with(struct http_session *session, const char *url,
		      const struct http_options *options, struct http_response **response,
		      struct http_failure *failure);
/* Closes it first, if it is one of http_open()'s. NULL is fine. */
void http_response_free(struct http_response *response);
/* The first header of that name (any case), or NULL. */
const char *http_response_header(const struct http_response *response, const char *name);

/* ---- Streamed responses ---------------------------------------------------------------------- */

/*
 * async with session.get(url) as response, up to the body of it: the same as http_request(), but
 * that it returns when the head is complete; response->body is empty, and read piece by piece.
 *
 *     rc = http_open(session, url, NULL, &response);
 *     while (rc == 0 && (n = http_response_read(response, buffer, sizeof buffer)) > 0)
 *             write(fd, buffer, n);
 *     http_response_free(response);
 *
 * It has a connection of the session, and one of the places that limit counts, until its body has
 * been read to the end, it fails, or is closed. The timeout runs on meanwhile; idle_timeout and
 * low_speed_time run only while somebody reads. Not with on_body or on_memory. One that is still
 * open when its loop closes is reported, "Unclosed response", and freed; one whose session was
 * closed is not. response->timing and wire_bytes are final at the end: body is all the time up to it.
 */
#define http_open(session, url, options, response) \
	http_open_at(ASYNC_HERE, (session), (url), (options), (response))
ASYNC_SUSPENDS
int http_open_at(const char *here, struct http_session *session, const char *url,
		 const struct http_options *options, struct http_response **response);
/*
 * response.content.read(size), decoded: at least one byte, and how many; 0 at the end, when all of the body
 * was there and in order, and not before; or a negative code, as http_request() has them: what was
 * read is then not to be relied upon. The socket is read only when there is nothing left of what
 * has come, so a server that is too fast has to wait. ASYNC_ECANCELED loses nothing: a later read
 * goes on. ASYNC_ERUNTIME while another task is reading; after a failure the same code again,
 * ASYNC_ECLOSED after http_response_close(), HTTP_ESESSION_CLOSED after the session's end.
 */
ASYNC_SUSPENDS
ssize_t http_response_read(struct http_response *response, void *buffer, size_t size);
/*
 * response.release(): no more of the body is wanted. The connection is kept if the rest of it has
 * come already, and else closed: a body is not worth waiting for that nobody reads. What the head
 * said may still be read. Again, and for a whole response, it does nothing. Nobody may be reading.
 */
void http_response_close(struct http_response *response);

/* ---- Server ---------------------------------------------------------------------------------- */

struct http_server_request {
	const char *method;
	const char *target; /* as sent: path and query */
	const struct http_header *headers;
	size_t header_count;
	struct json_span body;
	struct net_address peer;
};

struct http_server_response {
	int status;
	const struct http_header *headers;
	size_t header_count;
	const void *body;
	size_t body_size;
	bool close; /* close the connection after it */
	/* Called once the response is written, or cannot be; NULL: nothing to do. */
	void (*free_body)(void *body);
};

struct http_server_options {
	struct net_tls_context *tls; /* NULL: plain; must outlive the server */
	double head_timeout;	     /* seconds for a TLS handshake, and for a request's head; 10 */
	/* Between requests, and between two steps of a body, which also has to come with 256 bytes a
	 * second on average, this time not counted; 60. */
	double idle_timeout;
	size_t max_body;     /* of a request; 1 MiB */
	int max_connections; /* 1,000; further ones wait in the listen queue */
};

struct http_server;
/*
 * Serves a listener, which it takes over when it succeeds, with a task per connection. handler runs
 * on that task, may suspend, fills the response (zeroed, status 200) and returns 0, or a negative
 * code: 500. What the response points at stays until free_body, which is called in any case. Date,
 * Content-Length and Connection are the server's to set; a header that cannot be sent is a 500.
 * Broken, slow and too large requests are answered (400, 408, 413, 431) without the handler.
 * options may be NULL. 0, ASYNC_ENOMEM or ASYNC_ENOGUARD. http_server_stop() ends it; one that is
 * there when its loop closes is reported, "unclosed server <...>", and freed.
 */
#define http_server_start(out, listener, ...) \
	http_server_start_at(ASYNC_HERE, (out), (listener), __VA_ARGS__)
int http_server_start_at(const char *here, struct http_server **out, struct net_listener *listener,
			 const struct http_server_options *options,
			 int (*handler)(void *arg, const struct http_server_request *request,
					struct http_server_response *response),
			 void *arg);
/*
 * Stops accepting, closes idle connections, lets requests under way finish for at most grace seconds
 * (negative: without limit), cancels the rest and waits for their end, frees it. Not for a handler.
 * 0, or ASYNC_ECANCELED: cancelled meanwhile, and all the same done.
 */
ASYNC_SUSPENDS
int http_server_stop(struct http_server *server, double grace);
unsigned http_server_connections(const struct http_server *server);
unsigned http_server_peak_connections(const struct http_server *server);

#ifdef __cplusplus
}
#endif
#endif
