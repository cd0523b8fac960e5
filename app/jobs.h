/* SPDX-License-Identifier: MIT */
/*
 * jobs.h - a line of the input as a job: a URL, or {"url","method","headers","body","ref"}. Pure.
 *
 * A job is one block of memory with its texts behind it, since ten thousand of them wait at a time.
 * It belongs to one owner after the other: the reader, the dispatcher, the task that fetches it.
 */
#ifndef LOOPHOUND_APP_JOBS_H
#define LOOPHOUND_APP_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "app/due.h"
#include "app/text.h"
#include "http/http.h"
#include "http/url.h"

/* An attempt that failed and was followed by another. */
struct job_past {
	int outcome; /* a status, or a negative code */
	int why;     /* enum retry_why */
	int64_t wait;
};

struct job {
	struct due due;		      /* the dispatcher's: in the retries of its host */
	struct job *next;	      /* the dispatcher's: in the queue of its host */
	struct host *host;	      /* the dispatcher's */
	uint64_t line;		      /* of the input, from 1 */
	unsigned page;		      /* of its pages, from 1 */
	struct redirect_visit *pages; /* those before it; NULL: it is the first */

	/* What has happened to it; nanoseconds. */
	int64_t started;   /* when its first attempt was; 0: none yet */
	int64_t spent;	   /* on attempts and our own backoff */
	int64_t rate_wait; /* before the last attempt, for rates and pauses alone */
	unsigned attempts;
	unsigned local; /* of these, how many failed for this machine while others went on */
	unsigned past_count;
	struct job_past *past;

	/* Offsets into url[]; 0: there is none. */
	uint32_t method, headers, body, ref;
	uint32_t url_size, body_size, ref_size;
	uint32_t header_count;
	size_t size; /* of the whole block */
	char url[];  /* as given, NUL-terminated */
};

#define JOBS_WHY 256

/*
 * 1: *out is a job, the caller's until job_free(), and *url its URL, for url_free(). 0: the line is
 * blank or a comment. Negative: HTTP_EURL, HTTP_EREQUEST, COLLECT_ELINE, ASYNC_ENOMEM, and why says
 * it in words. scratch is memory that the caller keeps from line to line.
 */
int job_parse(struct job **out, struct url **url, struct json_span line, uint64_t number,
	      struct text *scratch, char why[JOBS_WHY]);
/* The same for a URL alone, whatever it begins with: an argument. */
int job_from_url(struct job **out, struct url **url, struct json_span text, uint64_t number,
		 char why[JOBS_WHY]);
/* The next page: as the job, which keeps all that is its own but the pages seen. NULL without memory. */
struct job *job_next_page(struct job *job, struct json_span url);
void job_free(struct job *job);
/* The "ref" of a line that was refused, as JSON: ptr NULL when there is none to be found. */
struct json_span job_ref(struct json_span line);

const char *job_method(const struct job *job); /* "GET" when none was given */
/* Its own headers: out has room for header_count. */
void job_headers(const struct job *job, struct http_header *out);
/* False without memory. */
bool job_remember(struct job *job, int outcome, int why, int64_t wait);

/* What a job is made of, as the parsers fill it in; the texts are theirs. */
struct job_parts {
	struct json_span url, method, body, ref;
	const char *headers; /* name, NUL, value, NUL, and so on */
	size_t headers_size;
	uint32_t header_count;
	bool has_body;
};
/* jobs_json.c: reads the object into parts, whose texts lie in scratch or in line. 0 or a code. */
int jobs_json_read(struct json_span line, struct text *scratch, struct job_parts *parts,
		   char why[JOBS_WHY]);

#endif
