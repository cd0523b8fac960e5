/* SPDX-License-Identifier: MIT */
/*
 * error.c - codes, their names and texts.
 *
 * A table per layer; a negative errno is looked up in libc's own. No lower layer knows an upper
 * one: each registers its table before its first failure.
 */
#include "runtime/error.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base.h"
#include "runtime/portable.h"

#define MAX_TABLES 16

static const struct async_error_entry runtime_codes[] = {
	{ ASYNC_OK, "ASYNC_OK", "success" },
	{ ASYNC_ECANCELED, "ASYNC_ECANCELED", "cancelled" },
	{ ASYNC_ETIMEOUT, "ASYNC_ETIMEOUT", "timed out" },
	{ ASYNC_EINVALIDSTATE, "ASYNC_EINVALIDSTATE", "invalid state" },
	{ ASYNC_ESELF, "ASYNC_ESELF", "Task cannot await on itself" },
	{ ASYNC_EDEADLOCK, "ASYNC_EDEADLOCK",
	  "deadlock: nothing ready, no timer, nothing to wait for" },
	{ ASYNC_ENOGUARD, "ASYNC_ENOGUARD",
	  "no guard page for another stack (guard=required); see vm.max_map_count" },
	{ ASYNC_ECLOSED, "ASYNC_ECLOSED", "closed while somebody waited on it" },
	{ ASYNC_EBUSY, "ASYNC_EBUSY", "another one is in use already" },
	{ ASYNC_ESHUTDOWN, "ASYNC_ESHUTDOWN", "shutting down" },
	{ ASYNC_EFAILED, "ASYNC_EFAILED", "failed" },
	{ ASYNC_ESTOPPED, "ASYNC_ESTOPPED", "Event loop stopped before Future completed." },
	{ ASYNC_EINTERRUPTED, "ASYNC_EINTERRUPTED", "interrupted by a signal" },
	{ ASYNC_ERUNTIME, "ASYNC_ERUNTIME", "not allowed in this state" },
	{ ASYNC_EBROKENBARRIER, "ASYNC_EBROKENBARRIER", "the barrier is broken" },
	{ ASYNC_EQUEUEFULL, "ASYNC_EQUEUEFULL", "the queue is full" },
	{ ASYNC_EQUEUEEMPTY, "ASYNC_EQUEUEEMPTY", "the queue is empty" },
	{ ASYNC_EQUEUESHUTDOWN, "ASYNC_EQUEUESHUTDOWN", "the queue is shut down" },
};

static struct {
	const struct async_error_entry *entries;
	size_t count;
} tables[MAX_TABLES] = { { runtime_codes, array_size(runtime_codes) } };
static size_t table_count = 1;
static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;

void async_register_errors(const struct async_error_entry *table, size_t count)
{
	pthread_mutex_lock(&tables_lock);
	for (size_t i = 0; i < table_count; i++)
		if (tables[i].entries == table)
			goto out;
	must(table_count < MAX_TABLES, "async_register_errors: more than %d tables", MAX_TABLES);
	tables[table_count].entries = table;
	tables[table_count++].count = count;
out:
	pthread_mutex_unlock(&tables_lock);
}

static const struct async_error_entry *find(int code)
{
	const struct async_error_entry *found = NULL;

	pthread_mutex_lock(&tables_lock);
	for (size_t t = 0; t < table_count && !found; t++)
		for (size_t i = 0; i < tables[t].count && !found; i++)
			if (tables[t].entries[i].code == code)
				found = &tables[t].entries[i];
	pthread_mutex_unlock(&tables_lock);
	return found;
}

const char *async_strerror(int code)
{
	const struct async_error_entry *entry = find(code);
	const char *text;

	if (entry)
		return entry->text;
	text = code < 0 && code > -4096 ? portable_errno_text(-code) : NULL;
	return text ? text : "unknown error";
}

const char *async_errname(int code)
{
	const struct async_error_entry *entry = find(code);
	const char *name;

	if (entry)
		return entry->name;
	name = code < 0 && code > -4096 ? portable_errno_name(-code) : NULL;
	return name ? name : "unknown";
}

/* What a failure is reported as when there is no memory for its text. */
static struct error_record no_memory = {
	.references = -1,
	.error = { .code = ASYNC_ENOMEM,
		   .message = "no memory for the message",
		   .function = "?",
		   .file = "?" },
};

struct error_record *error_record_make(int code, const char *function, const char *file, int line,
				       const char *format, va_list arguments)
{
	struct error_record *record;
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		length = 0;
	record = malloc(sizeof *record + (size_t)length + 1);
	if (!record)
		return &no_memory;
	vsnprintf(record->text, (size_t)length + 1, format, arguments);
	record->references = 1;
	record->made_up = false;
	record->members = NULL;
	record->error = (struct async_error){ .code = code,
					      .message = record->text,
					      .function = function,
					      .file = file,
					      .line = line };
	return record;
}

struct error_record *error_record_text(int code, const char *function, const char *file, int line,
				       const char *format, ...)
{
	struct error_record *record;
	va_list arguments;

	va_start(arguments, format);
	record = error_record_make(code, function, file, line, format, arguments);
	va_end(arguments);
	return record;
}

struct error_record *error_record_for(struct error_record *record, int code)
{
	return record && record->error.code == code ? record : NULL;
}

struct error_record *error_record_take(struct error_record *record)
{
	if (record && record->references > 0)
		record->references++;
	return record;
}

void error_record_drop(struct error_record *record)
{
	if (!record || record->references < 0 || --record->references > 0)
		return;
	for (size_t i = 0; i < record->error.member_count; i++)
		error_record_drop(
			container_of(record->members[i].error, struct error_record, error));
	free(record->members);
	free(record);
}

void base_die(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fputs("loophound: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}
