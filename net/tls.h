/* SPDX-License-Identifier: MIT */
/*
 * tls.h - what TLS is to the rest of net/, and what its own files share. OpenSSL's types appear only
 * by their tags, so that no other file needs its headers.
 */
#ifndef LOOPHOUND_NET_TLS_H
#define LOOPHOUND_NET_TLS_H

#include "net/stream.h"

struct ssl_st;
struct ssl_ctx_st;
struct bio_st;

/*
 * Shakes hands as a client over a plain stream and makes it a TLS one. name is verified and sent as
 * SNI; sessions are reused per (name, port). 0 or a negative code; the stream stays the caller's.
 */
ASYNC_SUSPENDS
int tls_start_client(const char *here, struct net_stream *stream, struct net_tls_context *context,
		     const char *name, int port);

/* ---- Between the files of TLS ---------------------------------------------------------------- */

#define TLS_NAME_SIZE 264 /* a name of 254 bytes, a colon, a port */

struct tls {
	struct ssl_st *ssl;
	struct net_stream *stream;
	struct net_tls_context *context; /* counted */
	int receives_left; /* before OpenSSL has to come back, so that no peer holds the loop */
	int error;	   /* errno of the socket's failure, or 0 */
	bool ended;	   /* the socket is at its end */
	bool established;  /* the handshake is over */
	bool flooded;	   /* too many messages that carry no data */
	int broken;	   /* 0, or the code that every further operation returns */
	int unwritable;	   /* 0, or the code that every further write returns */
	int messages;	   /* of the handshake's kind since window began */
	int64_t window;
	unsigned char first[8]; /* the peer's first bytes, to name what is not TLS */
	size_t first_size;
	char name[TLS_NAME_SIZE]; /* "host:port", or a server's "client 127.0.0.1:5" */
};

enum tls_outcome { TLS_WANT_READ = 1, TLS_WANT_WRITE, TLS_END };

/*
 * tls_error.c: what the last call of OpenSSL said, to be asked at once, on the same thread: one of
 * the outcomes, or a negative code, the message of which is recorded.
 */
int tls_outcome(struct tls *tls, int returned);
/* Likewise for a failure while settings are made: the text of OpenSSL's first error. */
void tls_error_text(char *text, size_t size);

/* tls_bio.c: OpenSSL's way to the socket, which never waits. NULL without memory. */
struct bio_st *tls_bio_new(struct tls *tls);

/* tls_context.c */
struct ssl_ctx_st *tls_context_settings(struct net_tls_context *context);
bool tls_context_is_server(const struct net_tls_context *context);
void tls_context_take(struct net_tls_context *context);
void tls_context_drop(struct net_tls_context *context);

/* tls_session.c: the sessions of a client's context, one per "host:port", the oldest dropped. */
struct tls_sessions {
	struct async_list list; /* the newest first */
	int count;
};
struct ssl_session_st;
/* Takes over the session; false without memory, and then it is still the caller's. */
bool tls_sessions_put(struct tls_sessions *sessions, const char *name,
		      struct ssl_session_st *session);
/* Borrowed; NULL: none. */
struct ssl_session_st *tls_sessions_get(struct tls_sessions *sessions, const char *name);
void tls_sessions_clear(struct tls_sessions *sessions);
struct tls_sessions *tls_context_sessions(struct net_tls_context *context);

#endif
