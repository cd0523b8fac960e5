/* SPDX-License-Identifier: MIT */
/*
 * tls_bio.c - OpenSSL's way to the socket: recv and send(MSG_NOSIGNAL) that know the sticky bits.
 *
 * OpenSSL's own socket BIO would raise SIGPIPE and try a system call that is known to fail. Nothing
 * here waits: a clear bit is a retry for OpenSSL, and tls.c does the waiting. One call of OpenSSL
 * gets a few receives and no more: it would otherwise go on for as long as a peer sends messages
 * that are no data.
 */
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "net/tls.h"

/* What was read off the socket before TLS began on it comes first. */
static int receive_early(struct net_stream *stream, char *data, size_t size)
{
	size_t left = stream->early_size - stream->early_used;

	if (size > left)
		size = left;
	memcpy(data, stream->early + stream->early_used, size);
	stream->early_used += size;
	return (int)size;
}

static int receive(BIO *bio, char *data, int size)
{
	struct tls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (tls->flooded)
		return -1;
	if (tls->stream->early_used < tls->stream->early_size)
		return receive_early(tls->stream, data, (size_t)size);
	if (tls->receives_left == 0 || !fd_ready(tls->stream->fd, FD_READ)) {
		BIO_set_retry_read(bio);
		return -1;
	}
	tls->receives_left--;
	n = stream_receive(tls->stream, data, (size_t)size);
	if (n == -EAGAIN) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n < 0) {
		tls->error = (int)-n;
		return -1;
	}
	tls->ended = n == 0;
	if (n > 0 && tls->first_size < sizeof tls->first) {
		size_t room = sizeof tls->first - tls->first_size;
		size_t part = (size_t)n < room ? (size_t)n : room;

		memcpy(tls->first + tls->first_size, data, part);
		tls->first_size += part;
	}
	return (int)n;
}

static int send_out(BIO *bio, const char *data, int size)
{
	struct tls *tls = BIO_get_data(bio);
	ssize_t n = -EAGAIN;

	BIO_clear_retry_flags(bio);
	if (fd_ready(tls->stream->fd, FD_WRITE))
		n = stream_send(tls->stream, data, (size_t)size);
	if (n >= 0)
		return (int)n;
	/* After the peer's end OpenSSL still sends its alert: that nobody takes it is not the news. */
	if (n == -EAGAIN)
		BIO_set_retry_write(bio);
	else if (!tls->ended)
		tls->error = (int)-n;
	return -1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
	struct tls *tls = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return tls->ended;
	default:
		return 0;
	}
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "loophound");
	if (!method)
		return;
	BIO_meth_set_read(method, receive);
	BIO_meth_set_write(method, send_out);
	BIO_meth_set_ctrl(method, control);
}

struct bio_st *tls_bio_new(struct tls *tls)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *bio;

	pthread_once(&once, make_method);
	bio = method ? BIO_new(method) : NULL;
	if (!bio)
		return NULL;
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	return bio;
}
