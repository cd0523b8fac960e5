/* SPDX-License-Identifier: MIT */
/* record.c - the fields in their fixed order, each written straight into the batch. */
#include "app/record.h"

#include <string.h>

#include "app/codes.h"
#include "http/httpdate.h"
#include "app/retry.h"

__extension__ typedef unsigned __int128 wide;

static wide hash(wide hash, const char *data, size_t size)
{
	const wide prime = ((wide)1 << 88) + 0x13B;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)data[i]) * prime;
	return hash * prime; /* the zero byte behind it */
}

static wide hash_number(wide before, unsigned number)
{
	char digits[16];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return hash(before, digits + at, sizeof digits - at);
}

void record_id(const char *source, struct json_span url, const char *cursor, unsigned page,
	       unsigned idx, char id[RECORD_ID])
{
	wide value = (wide)UINT64_C(0x6C62272E07BB0142) << 64 | UINT64_C(0x62B821756295C58D);

	value = hash(value, source, strlen(source));
	value = hash(value, url.ptr, url.len);
	value = hash(value, cursor, strlen(cursor));
	value = hash_number(value, page);
	value = hash_number(value, idx);
	for (int i = RECORD_ID - 2; i >= 0; i--, value >>= 4)
		id[i] = "0123456789abcdef"[(unsigned)value & 15];
	id[RECORD_ID - 1] = '\0';
}

static void string_member(struct text *text, const char *name, const char *value)
{
	text_string(text, name);
	if (value)
		text_json(text, value, strlen(value));
	else
		text_string(text, "null");
}

static void ms_member(struct text *text, const char *name, int64_t ns)
{
	text_string(text, name);
	text_ms(text, ns);
}

static void number_member(struct text *text, const char *name, uint64_t value)
{
	text_string(text, name);
	text_unsigned(text, value);
}

/* {"v":1,"type":...,"url":... : what every record begins with. */
static void begin(struct text *text, const struct record *record, const char *type)
{
	char id[RECORD_ID], stamp[HTTPDATE_ISO];

	record_id(record->source, record->url, "", record->page, 0, id);
	text_string(text, "{\"v\":1,\"type\":\"");
	text_string(text, type);
	text_string(text, "\",\"run\":\"");
	text_string(text, record->run);
	text_string(text, "\",\"id\":\"");
	text_string(text, id);
	string_member(text, "\",\"source\":", record->source);
	number_member(text, ",\"seq\":", record->line);
	number_member(text, ",\"page\":", record->page);
	text_string(text, ",\"ts\":\"");
	text_string(text, httpdate_iso(record->wall_ms, stamp));
	string_member(text, "\",\"method\":", record->method);
	text_string(text, ",\"url\":");
	text_json(text, record->url.ptr, record->url.len);
	if (record->final_url)
		string_member(text, ",\"final_url\":", record->final_url);
	if (record->ref.ptr) {
		text_string(text, ",\"ref\":");
		text_json_value(text, record->ref);
	}
}

static void timing(struct text *text, const struct record *record)
{
	const struct http_timing *t = &record->timing;

	ms_member(text, ",\"elapsed_ms\":", record->elapsed);
	ms_member(text, ",\"timing_ms\":{\"queue\":", t->queue);
	ms_member(text, ",\"rate_wait\":", record->rate_wait);
	ms_member(text, ",\"dns\":", t->dns);
	ms_member(text, ",\"connect\":", t->connect);
	ms_member(text, ",\"tls\":", t->tls);
	ms_member(text, ",\"send\":", t->send);
	ms_member(text, ",\"first_byte\":", t->first_byte);
	ms_member(text, ",\"body\":", t->body);
	text_char(text, '}');
}

static void connection(struct text *text, const struct record *record)
{
	if (!record->peer) {
		text_string(text, ",\"conn\":null");
		return;
	}
	text_string(text, ",\"conn\":{\"id\":");
	if (record->connection) {
		text_unsigned(text, record->connection);
		text_string(text, record->reused ? ",\"reused\":true" : ",\"reused\":false");
	} else {
		text_string(text, "null,\"reused\":null");
	}
	string_member(text, ",\"peer\":", record->peer);
	string_member(text, ",\"tls\":", record->tls);
	text_char(text, '}');
}

static bool seen_before(const struct record *record, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(record->headers[k].name, record->headers[i].name))
			return true;
	return false;
}

/* A further value of the string that has just been written. */
static void join(struct text *text, const char *value)
{
	size_t from;

	if (text->failed)
		return;
	text->length--; /* the closing quote */
	text_string(text, ", ");
	from = text->length;
	text_json_latin1(text, value, strlen(value));
	text_remove(text, from, 1); /* the opening quote */
}

/* All values of the name of header i: one string, or for Set-Cookie an array of them. */
static void header(struct text *text, const struct record *record, size_t i)
{
	const char *name = record->headers[i].name;
	bool array = !strcmp(name, "set-cookie");

	text_json_latin1(text, name, strlen(name));
	text_string(text, array ? ":[" : ":");
	text_json_latin1(text, record->headers[i].value, strlen(record->headers[i].value));
	for (size_t k = i + 1; k < record->header_count; k++) {
		const char *value = record->headers[k].value;

		if (strcmp(record->headers[k].name, name))
			continue;
		if (!array) {
			join(text, value);
			continue;
		}
		text_char(text, ',');
		text_json_latin1(text, value, strlen(value));
	}
	if (array)
		text_char(text, ']');
}

static void headers(struct text *text, const struct record *record)
{
	bool first = true;

	text_string(text, ",\"headers\":{");
	for (size_t i = 0; i < record->header_count; i++) {
		if (seen_before(record, i))
			continue;
		if (!first)
			text_char(text, ',');
		header(text, record, i);
		first = false;
	}
	number_member(text, "},\"bytes\":{\"wire\":", record->wire_bytes);
	number_member(text, ",\"body\":", record->body_bytes);
	text_char(text, '}');
}

static void body(struct text *text, const struct record *record)
{
	switch (record->form) {
	case VERDICT_JSON:
		text_string(text, ",\"body\":");
		text_json_value(text, record->body);
		break;
	case VERDICT_TEXT:
		text_string(text, ",\"body_text\":");
		text_json(text, record->body.ptr, record->body.len);
		break;
	case VERDICT_BASE64:
		text_string(text, ",\"body_b64\":");
		text_json_base64(text, record->body.ptr, record->body.len);
		break;
	case VERDICT_NO_BODY:
		break;
	}
}

void record_response(struct text *text, const struct record *record)
{
	begin(text, record, "response");
	number_member(text, ",\"status\":", (uint64_t)record->status);
	number_member(text, ",\"attempts\":", record->attempts);
	timing(text, record);
	connection(text, record);
	headers(text, record);
	body(text, record);
	text_string(text, "}\n");
}

void record_unchanged(struct text *text, const struct record *record)
{
	begin(text, record, "unchanged");
	number_member(text, ",\"status\":", (uint64_t)record->status);
	number_member(text, ",\"attempts\":", record->attempts);
	timing(text, record);
	connection(text, record);
	headers(text, record);
	text_string(text, "}\n");
}

static void history(struct text *text, const struct record *record)
{
	char name[CODES_NAME];

	text_string(text, ",\"history\":[");
	for (unsigned i = 0; i < record->past_count; i++) {
		const struct job_past *past = &record->past[i];

		number_member(text, i ? ",{\"n\":" : "{\"n\":", i + 1);
		string_member(text, ",\"code\":", codes_name(past->outcome, name));
		ms_member(text, ",\"wait_ms\":", past->wait);
		string_member(text, ",\"why\":", retry_why_name((enum retry_why)past->why));
		text_char(text, '}');
	}
	text_char(text, ']');
}

static void error(struct text *text, const struct record *record)
{
	const struct codes_entry *entry = record->outcome < 0 ? codes_find(record->outcome) : NULL;
	const char *phase = record->phase ? record->phase : entry ? entry->phase : "head";
	const char *class =
		record->class ? record->class
			      : codes_class_name(
					entry ? entry->class : codes_status_class(record->outcome));
	char name[CODES_NAME];

	string_member(text, ",\"error\":{\"code\":", codes_name(record->outcome, name));
	string_member(text, ",\"phase\":", phase);
	string_member(text, ",\"class\":", class);
	string_member(text, ",\"message\":", record->message);
	if (record->status)
		number_member(text, ",\"status\":", (uint64_t)record->status);
	else
		text_string(text, ",\"status\":null");
	text_char(text, '}');
}

void record_error(struct text *text, const struct record *record)
{
	begin(text, record, "error");
	number_member(text, ",\"attempts\":", record->attempts);
	timing(text, record);
	connection(text, record);
	error(text, record);
	history(text, record);
	headers(text, record);
	body(text, record);
	text_string(text, "}\n");
}
