/* SPDX-License-Identifier: MIT */
/*
 * har_entry.c - what is known of one request while it runs, and what it becomes in the file.
 *
 * The spec's times: blocked is the wait for a slot; connect has ssl in it; a step that did not happen
 * is -1. Together, without ssl, they are the entry's time.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/codes.h"
#include "app/fields.h"
#include "app/har.h"
#include "app/text.h"
#include "http/utf8.h"

struct har_entry {
	bool begun;	      /* a request is at hand */
	struct timespec wall; /* when it began */
	/* By the clock of the trace; 0: not yet. */
	int64_t queued, leased, dns, resolved, connect, connected, tls, secure, sent, head, end;
	struct text method, url, peer, redirect;
	struct text request_headers, response_headers, type;
	struct text body;   /* the beginning of it, decoded */
	size_t body_limit;  /* so much of it */
	uint64_t body_size; /* all of it */
	size_t head_size, body_sent;
	uint64_t body_received;
	int status, code;
	unsigned long connection;
};

struct har_entry *har_entry_new(size_t body_limit)
{
	struct har_entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->body_limit = body_limit;
	return entry;
}

static void forget(struct har_entry *entry)
{
	struct text *texts[] = { &entry->method,
				 &entry->url,
				 &entry->peer,
				 &entry->redirect,
				 &entry->request_headers,
				 &entry->response_headers,
				 &entry->type,
				 &entry->body };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		text_free(texts[i]);
	*entry = (struct har_entry){ .body_limit = entry->body_limit };
}

void har_entry_free(struct har_entry *entry)
{
	if (!entry)
		return;
	forget(entry);
	free(entry);
}

/* ---- What happens ---------------------------------------------------------------------------- */

/* What -H takes for a credential, but for a server's question after one. A name that is too long to tell is one. */
static bool is_secret(const char *name, size_t size)
{
	char copy[256];

	if (size >= sizeof copy)
		return true;
	memcpy(copy, name, size);
	copy[size] = '\0';
	return fields_is_credential(copy) && strcasecmp(copy, "www-authenticate") != 0 &&
	       strcasecmp(copy, "proxy-authenticate") != 0;
}

static void add_header(struct text *text, const char *name, size_t name_size, const char *value,
		       size_t value_size)
{
	if (is_secret(name, name_size)) {
		value = "(withheld)";
		value_size = strlen(value);
	}
	text_string(text, text->length ? ",{\"name\":" : "{\"name\":");
	text_json_latin1(text, name, name_size);
	text_string(text, ",\"value\":");
	text_json_latin1(text, value, value_size);
	text_char(text, '}');
}

static const char *line_end(const char *from, const char *end)
{
	const char *at = memmem(from, (size_t)(end - from), "\r\n", 2);

	return at ? at : end;
}

/* Line by line, behind the first one; we wrote it ourselves, "Name: value". */
static void note_request(struct har_entry *entry, const char *data, size_t size)
{
	const char *end = memmem(data, size, "\r\n\r\n", 4), *next;

	if (!end)
		return;
	entry->head_size = (size_t)(end + 4 - data);
	entry->body_sent = size - entry->head_size;
	for (next = line_end(data, end); next < end;) {
		const char *name = next + 2, *colon;

		next = line_end(name, end);
		colon = memchr(name, ':', (size_t)(next - name));
		if (colon && next - colon >= 2)
			add_header(&entry->request_headers, name, (size_t)(colon - name), colon + 2,
				   (size_t)(next - colon - 2));
	}
}

static void note_head(struct har_entry *entry, const struct http_trace *trace)
{
	entry->status = trace->status;
	for (size_t i = 0; i < trace->header_count; i++) {
		const struct http_header *header = &trace->headers[i];

		add_header(&entry->response_headers, header->name, strlen(header->name),
			   header->value, strlen(header->value));
		if (strcmp(header->name, "content-type") == 0)
			text_string(&entry->type, header->value);
	}
}

static void begin(struct har_entry *entry, const struct http_trace *trace)
{
	forget(entry);
	entry->begun = true;
	clock_gettime(CLOCK_REALTIME, &entry->wall);
	entry->queued = trace->time;
	text_string(&entry->method, trace->method);
	text_string(&entry->url, trace->url);
}

/* A connection that was lost may be replaced: then the last one counts. */
static void note_sent(struct har_entry *entry, const struct http_trace *trace)
{
	entry->sent = trace->time;
	entry->connection = trace->connection;
	text_free(&entry->request_headers);
	note_request(entry, trace->data, trace->size);
	text_free(&entry->peer);
	if (strncmp(trace->peer, "unix:", 5) != 0)
		text_bytes(&entry->peer, trace->peer,
			   (size_t)(strrchr(trace->peer, ':') - trace->peer));
}

static void note_body(struct har_entry *entry, const char *data, size_t size)
{
	size_t room = entry->body_limit - entry->body.length;

	entry->body_size += size;
	text_bytes(&entry->body, data, size < room ? size : room);
}

static bool finish(struct har_entry *entry, const struct http_trace *trace)
{
	bool begun = entry->begun;

	entry->begun = false;
	entry->end = trace->time;
	entry->code = trace->code;
	if (trace->event == HTTP_TRACE_REDIRECT)
		text_bytes(&entry->redirect, trace->data, trace->size);
	return begun;
}

static void note_step(struct har_entry *entry, const struct http_trace *trace)
{
	int64_t *const places[] = {
		[HTTP_TRACE_QUEUED_END] = &entry->leased,
		[HTTP_TRACE_DNS_START] = &entry->dns,
		[HTTP_TRACE_DNS_END] = &entry->resolved,
		[HTTP_TRACE_CONNECT_START] = entry->connect ? NULL : &entry->connect,
		[HTTP_TRACE_CONNECT_END] = &entry->connected,
		[HTTP_TRACE_TLS_START] = &entry->tls,
		[HTTP_TRACE_TLS_END] = &entry->secure,
	};

	if (trace->event < sizeof places / sizeof *places && places[trace->event])
		*places[trace->event] = trace->time;
}

bool har_entry_note(struct har_entry *entry, const struct http_trace *trace)
{
	switch (trace->event) {
	case HTTP_TRACE_QUEUED_START:
		begin(entry, trace);
		break;
	case HTTP_TRACE_HEADERS_SENT:
		note_sent(entry, trace);
		break;
	case HTTP_TRACE_CHUNK_SENT:
		entry->sent = trace->time;
		entry->body_sent += trace->size;
		break;
	case HTTP_TRACE_HEAD_RECEIVED:
		entry->head = trace->time;
		note_head(entry, trace);
		break;
	case HTTP_TRACE_CHUNK_RECEIVED:
		entry->body_received += trace->size;
		break;
	case HTTP_TRACE_CHUNK_DECODED:
		note_body(entry, trace->data, trace->size);
		break;
	case HTTP_TRACE_REDIRECT:
	case HTTP_TRACE_REQUEST_END:
	case HTTP_TRACE_EXCEPTION:
		return finish(entry, trace);
	default:
		note_step(entry, trace);
	}
	return false;
}

/* ---- What is written ------------------------------------------------------------------------- */

static void key(struct text *text, const char *name, const struct text *value)
{
	text_printf(text, "\"%s\":", name);
	text_json(text, value->data ? value->data : "", value->length);
	text_char(text, ',');
}

static void write_query(struct text *text, const struct text *url)
{
	const char *end = url->data + url->length, *at = memchr(url->data, '?', url->length);
	const char *fragment = memchr(url->data, '#', url->length);

	if (fragment)
		end = fragment;
	text_string(text, "\"queryString\":[");
	for (bool first = true; at && at < end; first = false) {
		const char *name = at + 1, *stop = memchr(name, '&', (size_t)(end - name));
		const char *value, *last = stop ? stop : end;

		value = memchr(name, '=', (size_t)(last - name));
		text_string(text, first ? "{\"name\":" : ",{\"name\":");
		text_json(text, name, (size_t)((value ? value : last) - name));
		text_string(text, ",\"value\":");
		text_json(text, value ? value + 1 : last, value ? (size_t)(last - value - 1) : 0);
		text_char(text, '}');
		at = stop;
	}
	text_string(text, "],");
}

static void write_headers(struct text *text, const struct text *headers)
{
	text_string(text, "\"httpVersion\":\"HTTP/1.1\",\"cookies\":[],\"headers\":[");
	text_bytes(text, headers->data, headers->length);
	text_string(text, "],");
}

static void write_request(const struct har_entry *entry, struct text *text)
{
	text_string(text, "\"request\":{");
	key(text, "method", &entry->method);
	key(text, "url", &entry->url);
	write_headers(text, &entry->request_headers);
	write_query(text, &entry->url);
	text_printf(text, "\"headersSize\":%zd,\"bodySize\":%zu},",
		    entry->head_size ? (ssize_t)entry->head_size : -1, entry->body_sent);
}

/* The part of it that ends with a whole character; 0 when it is not UTF-8. */
static size_t text_part(const struct text *body, bool cut)
{
	const char *at = body->data, *end = at + body->length;

	while (at < end) {
		int length = utf8_length(at, end);

		/* What the limit has cut through may be three bytes of a character. */
		if (length == 0)
			return cut && end - at <= 3 ? (size_t)(at - body->data) : 0;
		at += length;
	}
	return body->length;
}

static void write_body(const struct har_entry *entry, struct text *text)
{
	const struct text *body = &entry->body;
	size_t part = body->length;

	if (part == 0)
		return;
	part = text_part(body, entry->body_size > part);
	text_string(text, ",\"text\":");
	if (part > 0) {
		text_json(text, body->data, part);
	} else {
		part = body->length;
		text_json_base64(text, body->data, part);
		text_string(text, ",\"encoding\":\"base64\"");
	}
	if (part < entry->body_size)
		text_printf(text, ",\"comment\":\"the first %zu bytes\"", part);
}

static void write_response(const struct har_entry *entry, struct text *text)
{
	char name[CODES_NAME];

	text_printf(text, "\"response\":{\"status\":%d,\"statusText\":\"\",", entry->status);
	write_headers(text, &entry->response_headers);
	text_printf(text, "\"content\":{\"size\":%llu,", (unsigned long long)entry->body_size);
	key(text, "mimeType", &entry->type);
	text->length -= !text->failed; /* its comma */
	write_body(entry, text);
	text_string(text, "},");
	key(text, "redirectURL", &entry->redirect);
	if (entry->code < 0)
		text_printf(text, "\"_error\":\"%s\",", codes_name(entry->code, name));
	text_printf(text, "\"headersSize\":-1,\"bodySize\":%llu},",
		    (unsigned long long)entry->body_received);
}

/* From one moment to the next, if both have come; else what else says. */
static int64_t between(int64_t from, int64_t to, int64_t otherwise)
{
	return from && to >= from ? to - from : otherwise;
}

static void write_time(struct text *text, const char *before, int64_t ns)
{
	text_string(text, before);
	if (ns < 0)
		text_string(text, "-1");
	else
		text_printf(text, "%.3f", (double)ns / 1e6);
}

static void write_times(const struct har_entry *entry, struct text *text)
{
	int64_t ready = entry->secure ? entry->secure : entry->connected;
	int64_t connect = between(entry->connect, ready, -1);
	int64_t blocked = between(entry->queued, entry->leased ? entry->leased : entry->end, -1);
	int64_t dns = between(entry->dns, entry->resolved, -1);
	int64_t wait = between(entry->sent, entry->head ? entry->head : entry->end, 0);
	int64_t receive = between(entry->head, entry->end, 0);
	int64_t known = (blocked > 0 ? blocked : 0) + (dns > 0 ? dns : 0) +
			(connect > 0 ? connect : 0) + wait + receive;
	int64_t whole = entry->end - entry->queued;

	/* What is left is ours: it was spent on writing, or on whatever came before. */
	int64_t send = whole > known ? whole - known : 0;

	write_time(text, "\"time\":", known + send);
	write_time(text, ",\"timings\":{\"blocked\":", blocked);
	write_time(text, ",\"dns\":", dns);
	write_time(text, ",\"connect\":", connect);
	write_time(text, ",\"ssl\":", between(entry->tls, entry->secure, -1));
	write_time(text, ",\"send\":", send);
	write_time(text, ",\"wait\":", wait);
	write_time(text, ",\"receive\":", receive);
	text_char(text, '}');
}

void har_entry_write(const struct har_entry *entry, struct text *text)
{
	struct tm utc;
	char date[32];

	gmtime_r(&entry->wall.tv_sec, &utc);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
	text_printf(text, "{\"startedDateTime\":\"%s.%03ldZ\",", date,
		    entry->wall.tv_nsec / 1000000);
	write_request(entry, text);
	write_response(entry, text);
	if (entry->peer.length)
		key(text, "serverIPAddress", &entry->peer);
	if (entry->connection)
		text_printf(text, "\"connection\":\"%lu\",", entry->connection);
	text_string(text, "\"cache\":{},");
	write_times(entry, text);
	text_char(text, '}');
}
