/* SPDX-License-Identifier: MIT */
/*
 * har.h - a waterfall of all requests for a browser's tools: HAR 1.2, one entry for each request sent,
 * redirects included, with as much of each response's body as is asked for, and with cookies and all that
 * -H takes for a credential withheld from headers.
 *
 * The file is valid JSON after each write: entries take the place of the closing brackets, which come
 * again behind them. So a run that is killed leaves all but its last entries, and no run holds them.
 */
#ifndef LOOPHOUND_APP_HAR_H
#define LOOPHOUND_APP_HAR_H

#include "app/text.h"
#include "http/http.h"

struct har;

/* What the requests of one loop have for the file. */
struct har_desk {
	struct text entries; /* a comma before each */
	/* There is another; must not suspend. */
	void (*added)(void *arg);
	void *arg;
	size_t body_limit; /* of what is kept of each body */
	/* Where several loops count their connections from 1: the k-th of mine is k * step - offset. */
	unsigned long step, offset;
};

/*
 * Over a regular file, whose content goes; the fd stays the caller's. Of each body at most so many
 * bytes. written is called after each write and must not suspend. 0, ASYNC_ENOMEM, -errno.
 */
int har_open(struct har **out, int fd, size_t body_limit, void (*written)(void *arg), void *arg);
/* A session's on_trace, with the struct har_desk of its loop as its argument. */
void har_trace(void *desk, const struct http_trace *trace);
/* The desk of the file's own loop. NULL for NULL. */
struct har_desk *har_desk(struct har *har);
/* Takes over what another loop's desk has; *entries is empty afterwards. NULL is fine. */
void har_receive(struct har *har, struct text *entries);
/* Bytes that wait to be written; NULL: none. */
size_t har_pending(const struct har *har);
/* Writes what is left. 0, or what went wrong first: then the file has what came before. NULL is fine. */
ASYNC_SUSPENDS int har_close(struct har *har);

/* har_entry.c: what is known of one request. */
struct har_entry;
/* An event of it; complete: it is to be written now. NULL without memory. */
struct har_entry *har_entry_new(size_t body_limit);
void har_entry_free(struct har_entry *entry);
bool har_entry_note(struct har_entry *entry, const struct http_trace *trace);
void har_entry_write(const struct har_entry *entry, struct text *text);

#endif
