/* SPDX-License-Identifier: MIT */
/*
 * har.h - a waterfall of all requests for a browser's tools: HAR 1.2, one entry for each request sent,
 * redirects included, with as much of each response's body as is asked for, and with credentials and
 * cookies in headers withheld.
 *
 * The file is valid JSON after each write: entries take the place of the closing brackets, which come
 * again behind them. So a run that is killed leaves all but its last entries, and no run holds them.
 */
#ifndef LOOPHOUND_APP_HAR_H
#define LOOPHOUND_APP_HAR_H

#include "http/http.h"

struct har;

/*
 * Over a regular file, whose content goes; the fd stays the caller's. Of each body at most so many
 * bytes. written is called after each write and must not suspend. 0, ASYNC_ENOMEM, -errno.
 */
int har_open(struct har **out, int fd, size_t body_limit, void (*written)(void *arg), void *arg);
/* A session's on_trace, with the struct har as its argument. */
void har_trace(void *har, const struct http_trace *trace);
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
struct text;
void har_entry_write(const struct har_entry *entry, struct text *text);

#endif
