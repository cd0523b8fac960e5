/* SPDX-License-Identifier: MIT */
/*
 * collect_report.c - the end of an item: one record. A small one is written straight into its loop's
 * batch; one with a large body is built on a thread and handed over.
 */
#include "app/collect.h"

#include <string.h>
#include <time.h>

#include "app/codes.h"

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void add_response(struct record *record, const struct lane *lane,
			 const struct http_response *response, const struct verdict *verdict)
{
	unsigned lanes = lane->loop ? lane->collect->threads : 1;

	record->final_url = response->redirects ? response->url : NULL;
	record->timing = response->timing;
	/* Each lane counts its connections from 1; no two of a run have the same number. */
	record->connection = (response->connection - 1) * lanes + lane->number + 1;
	record->reused = response->reused;
	record->peer = response->peer;
	record->tls = response->tls;
	record->status = response->status;
	record->headers = response->headers;
	record->header_count = response->header_count;
	record->wire_bytes = response->wire_bytes;
	record->body_bytes = response->body.len;
	record->form = verdict->form;
	record->body = verdict->body;
}

static void add_failure(struct record *record, const struct http_failure *failure)
{
	record->final_url = failure->url;
	record->timing = failure->timing;
	record->peer = *failure->peer ? failure->peer : NULL;
	record->status = failure->status;
	record->wire_bytes = record->body_bytes = failure->body_bytes;
	record->phase = failure->phase;
}

static void fill(struct record *record, const struct lane *lane, const struct job *job,
		 const struct collect_end *end)
{
	*record = (struct record){
		.run = lane->collect->run,
		.source = "quick",
		.line = job->line,
		.page = job->page,
		.url = { job->url, job->url_size },
		.method = job_method(job),
		.ref = { job->ref ? job->url + job->ref : NULL, job->ref_size },
		.wall_ms = wall_ms(),
		.attempts = job->attempts,
		.elapsed = job->started ? async_time_ns() - job->started : 0,
		.rate_wait = job->rate_wait,
		.outcome = end->outcome,
		.message = end->message,
		.past = job->past,
		.past_count = job->past_count,
	};
	if (end->unsent) {
		record->phase = "queue";
		record->class = codes_class_name(CODES_TRANSIENT);
	}
	if (end->response)
		add_response(record, lane, end->response, end->verdict);
	else if (end->failure)
		add_failure(record, end->failure);
}

struct building {
	struct text *text;
	const struct record *record;
	bool unchanged;
};

static int build(void *arg)
{
	const struct building *b = arg;

	if (b->record->outcome)
		record_error(b->text, b->record);
	else if (b->unchanged)
		record_unchanged(b->text, b->record);
	else
		record_response(b->text, b->record);
	return 0;
}

static int write_small(struct lane *lane, struct building *b)
{
	b->text = batches_begin(lane->records);
	build(b);
	return batches_end(lane->records);
}

static int write_large(struct lane *lane, struct building *b, struct budget_share *share)
{
	size_t size = b->record->body.len;
	struct text text = { 0 };
	int rc;

	b->text = &text;
	budget_take(share, size);
	/* Cancelled before a thread took it: it is short work after all, compared with losing it. */
	if (async_to_thread(build, b) < 0) {
		text.length = 0;
		build(b);
	}
	/* From here on it counts as a record that waits. */
	rc = batches_take(lane->records, &text);
	(void)budget_change(share, -(ptrdiff_t)size);
	return rc;
}

/* The outcome that the item has in the end: without memory its record says so instead. */
static int write_record(struct lane *lane, const struct record *record, bool unchanged,
			struct budget_share *share)
{
	struct building b = { .record = record, .unchanged = unchanged };
	struct record small;
	int rc;

	if (share && record->body.len >= COLLECT_LARGE)
		rc = write_large(lane, &b, share);
	else
		rc = write_small(lane, &b);
	if (rc >= 0)
		return record->outcome;
	/* Without memory for the record there may be enough for one that says so. */
	small = *record;
	small.outcome = ASYNC_ENOMEM;
	small.message = "out of memory for the record";
	small.header_count = 0;
	small.form = VERDICT_NO_BODY;
	b.record = &small;
	if (write_small(lane, &b) < 0)
		lane_say(lane, "out of memory: the record of line %llu is lost",
			 (unsigned long long)record->line);
	return small.outcome;
}

static void say_failure(struct lane *lane, const struct record *record)
{
	char name[CODES_NAME];

	if (lane->collect->options->verbose && record->outcome)
		lane_say(lane, "%.*s %s: %s", (int)record->url.len, record->url.ptr,
			 codes_name(record->outcome, name), record->message);
}

ASYNC_SUSPENDS
int collect_report(struct lane *lane, const struct job *job, const struct collect_end *end)
{
	bool unchanged = end->verdict && end->verdict->unchanged;
	struct record record;

	fill(&record, lane, job, end);
	if (end->outcome == ASYNC_ECANCELED)
		record.message =
			lane->loop ? lane->cancelled : collect_why_cancelled(lane->collect);
	say_failure(lane, &record);
	return write_record(lane, &record, unchanged, end->share);
}

void collect_count(struct collect *c, int outcome, bool unchanged)
{
	summary_item(&c->summary, outcome, unchanged);
	c->unfinished |= outcome == ASYNC_ECANCELED;
}

void collect_report_line(struct collect *c, uint64_t line, struct json_span text,
			 struct json_span ref, int code, const char *message)
{
	struct record record = {
		.run = c->run,
		.source = "quick",
		.line = line,
		.page = 1,
		.url = text,
		.ref = ref,
		.method = "GET",
		.wall_ms = wall_ms(),
		.outcome = code,
		.message = message,
	};

	say_failure(&c->here, &record);
	collect_count(c, write_record(&c->here, &record, false, NULL), false);
}
