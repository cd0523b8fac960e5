/* SPDX-License-Identifier: MIT */
/*
 * upload.h - where a request's body comes from: memory, a file, or a function of the caller's. Piece
 * by piece, since none but the first need ever be in memory as a whole.
 */
#ifndef LOOPHOUND_HTTP_UPLOAD_H
#define LOOPHOUND_HTTP_UPLOAD_H

#include "http/http.h"

#define UPLOAD_PIECE (64 * 1024)

struct upload {
	const struct http_options *options;
	enum { UPLOAD_MEMORY, UPLOAD_FILE, UPLOAD_FUNCTION } source;
	int64_t length; /* -1: only its end will tell; sent in chunks. 0: there is no body */
	int64_t sent;
	int fd;
	char *piece; /* room for one, framed; NULL until it is needed, and for memory */
};

/*
 * By the options' body, body_file or read_body. A file is opened on a thread. 0, or raised: a negative
 * errno, HTTP_EREQUEST for two of them at once, ASYNC_ECANCELED. To be dropped in any case.
 */
ASYNC_SUSPENDS int upload_open(struct upload *upload, const struct http_options *options);
void upload_drop(struct upload *upload);
/* A redirect has made the request one without a body. */
void upload_forget(struct upload *upload);

/* May all of it be sent again? */
bool upload_can_repeat(const struct upload *upload);
/* From the beginning. 0, HTTP_EREQUEST when that cannot be, or what rewind_body returned; raised. */
ASYNC_SUSPENDS int upload_rewind(struct upload *upload);
/*
 * The next piece, valid until the next call: its size, 0 at the end, or raised: HTTP_EREQUEST for a
 * body that is not as long as announced, a negative errno, what read_body returned.
 */
ASYNC_SUSPENDS ssize_t upload_next(struct upload *upload, const char **piece);
/*
 * What upload_next() has just given, its size included, as RFC 9112 7.1 has chunks: in place, so that
 * it leaves as one. The end is one, too. Only without a length.
 */
struct json_span upload_chunk(struct upload *upload, size_t size);

#endif
