/* SPDX-License-Identifier: MIT */
/*
 * record.h - one line of NDJSON about one item, schema v1. Pure: values in, text out.
 *
 * The body goes through byte for byte: valid JSON loses its line ends between tokens and nothing
 * else. Header names are lower-case and values of one name are joined by ", ", but Set-Cookie, whose
 * values may hold commas, is always an array.
 *
 * id is the 128-bit FNV-1a hash, as 32 hexadecimal digits, of these texts, each with one zero byte
 * behind it: source, url as given, cursor (empty), page, idx (both decimal). The same item has the
 * same id in every run.
 */
#ifndef LOOPHOUND_APP_RECORD_H
#define LOOPHOUND_APP_RECORD_H

#include "app/jobs.h"
#include "app/text.h"
#include "app/verdict.h"
#include "http/http.h"

struct record {
	const char *run, *source;
	uint64_t line;
	unsigned page; /* from 1 */
	struct json_span url;
	const char *method;
	struct json_span ref;  /* JSON as given; ptr NULL: none */
	const char *final_url; /* NULL: no redirect */
	int64_t wall_ms;       /* now, since 1970 */
	unsigned attempts;
	int64_t elapsed;   /* nanoseconds, all attempts */
	int64_t rate_wait; /* of the last attempt */
	struct http_timing timing;

	unsigned long connection; /* 0: unknown */
	bool reused;
	const char *peer; /* NULL: there was no connection */
	const char *tls;  /* NULL: plain */

	int status; /* 0: no head came */
	const struct http_header *headers;
	size_t header_count;
	uint64_t wire_bytes, body_bytes;
	enum verdict_form form;
	struct json_span body;

	/* Errors only. */
	int outcome;	   /* a status or a negative code */
	const char *phase; /* NULL: the table's */
	const char *class; /* NULL: the table's */
	const char *message;
	const struct job_past *past;
	unsigned past_count;
};

void record_response(struct text *text, const struct record *record);
void record_error(struct text *text, const struct record *record);
void record_unchanged(struct text *text, const struct record *record);

#define RECORD_ID 33
void record_id(const char *source, struct json_span url, const char *cursor, unsigned page,
	       unsigned idx, char id[RECORD_ID]);

#endif
