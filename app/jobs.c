/* SPDX-License-Identifier: MIT */
/* jobs.c - checks a line and packs what it says into one block. */
#include "app/jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/codes.h"
#include "http/redirect.h"

static uint32_t put(char *base, size_t *at, const char *data, size_t size)
{
	size_t from = *at;

	memcpy(base + from, data, size);
	base[from + size] = '\0';
	*at = from + size + 1;
	return (uint32_t)from;
}

static struct job *pack(const struct job_parts *parts, uint64_t number)
{
	size_t texts = parts->url.len + parts->method.len + parts->body.len + parts->ref.len +
		       parts->headers_size + 5;
	struct job *job = malloc(sizeof *job + texts);
	size_t at = 0;

	if (!job)
		return NULL;
	*job = (struct job){ .line = number, .page = 1, .size = sizeof *job + texts };
	put(job->url, &at, parts->url.ptr, parts->url.len);
	job->url_size = (uint32_t)parts->url.len;
	if (parts->method.ptr)
		job->method = put(job->url, &at, parts->method.ptr, parts->method.len);
	if (parts->header_count)
		job->headers = put(job->url, &at, parts->headers, parts->headers_size);
	job->header_count = parts->header_count;
	if (parts->has_body) {
		job->body = put(job->url, &at, parts->body.ptr, parts->body.len);
		job->body_size = (uint32_t)parts->body.len;
	}
	if (parts->ref.ptr) {
		job->ref = put(job->url, &at, parts->ref.ptr, parts->ref.len);
		job->ref_size = (uint32_t)parts->ref.len;
	}
	return job;
}

static int finish(struct job **out, struct url **url, const struct job_parts *parts,
		  uint64_t number, char why[JOBS_WHY])
{
	char reason[URL_WHY];
	int rc = url_parse(url, parts->url.ptr, parts->url.len, reason);

	if (rc == HTTP_EURL)
		snprintf(why, JOBS_WHY, "%s", reason);
	if (rc < 0)
		return rc;
	*out = pack(parts, number);
	if (*out)
		return 1;
	url_free(*url);
	return ASYNC_ENOMEM;
}

static struct json_span trim(struct json_span line)
{
	while (line.len && (*line.ptr == ' ' || *line.ptr == '\t')) {
		line.ptr++;
		line.len--;
	}
	while (line.len && strchr(" \t\r", line.ptr[line.len - 1]) && line.ptr[line.len - 1])
		line.len--;
	return line;
}

int job_from_url(struct job **out, struct url **url, struct json_span text, uint64_t number,
		 char why[JOBS_WHY])
{
	return finish(out, url, &(struct job_parts){ .url = text }, number, why);
}

/* A string or an array of JSON: no URL begins like that. */
static bool is_other_json(struct json_span line)
{
	return *line.ptr == '"' ||
	       (line.len > 1 && *line.ptr == '[' && strchr("\"{[", line.ptr[1]));
}

int job_parse(struct job **out, struct url **url, struct json_span line, uint64_t number,
	      struct text *scratch, char why[JOBS_WHY])
{
	struct job_parts parts = { 0 };
	int rc;

	/* A byte order mark is some editor's, not the user's. */
	line = trim(number == 1 ? json_without_mark(line) : line);
	if (!line.len || *line.ptr == '#')
		return 0;
	if (is_other_json(line)) {
		snprintf(why, JOBS_WHY, "neither a URL, without quotes, nor an object");
		return COLLECT_ELINE;
	}
	if (*line.ptr != '{')
		return job_from_url(out, url, line, number, why);
	rc = jobs_json_read(line, scratch, &parts, why);
	return rc < 0 ? rc : finish(out, url, &parts, number, why);
}

struct json_span job_ref(struct json_span line)
{
	struct json_span ref = { 0 };

	if (json_get(line, "$.ref", &ref) < 0)
		return (struct json_span){ 0 };
	/* A string is found without its quotes. */
	if (ref.ptr[-1] == '"')
		ref = (struct json_span){ ref.ptr - 1, ref.len + 2 };
	return ref;
}

static size_t headers_size(const struct job *job)
{
	const char *from = job->url + job->headers, *at = from;

	for (uint32_t i = 0; i < 2 * job->header_count; i++)
		at += strlen(at) + 1;
	return (size_t)(at - from);
}

struct job *job_next_page(struct job *job, struct json_span url)
{
	struct job_parts parts = { .url = url, .header_count = job->header_count };
	struct job *next;

	if (job->header_count) {
		parts.headers = job->url + job->headers;
		parts.headers_size = headers_size(job);
	}
	if (job->ref)
		parts.ref = (struct json_span){ job->url + job->ref, job->ref_size };
	next = pack(&parts, job->line);
	if (!next)
		return NULL;
	next->page = job->page + 1;
	next->pages = job->pages;
	job->pages = NULL;
	return next;
}

void job_free(struct job *job)
{
	if (job)
		redirect_forget(&job->pages);
	if (job)
		free(job->past);
	free(job);
}

const char *job_method(const struct job *job)
{
	return job->method ? job->url + job->method : "GET";
}

void job_headers(const struct job *job, struct http_header *out)
{
	const char *at = job->url + job->headers;

	for (uint32_t i = 0; i < job->header_count; i++) {
		out[i].name = at;
		at += strlen(at) + 1;
		out[i].value = at;
		at += strlen(at) + 1;
	}
}

bool job_remember(struct job *job, int outcome, int why, int64_t wait)
{
	struct job_past *past = reallocarray(job->past, job->past_count + 1, sizeof *past);

	if (!past)
		return false;
	past[job->past_count++] = (struct job_past){ outcome, why, wait };
	job->past = past;
	return true;
}
