/* SPDX-License-Identifier: MIT */
/*
 * collect_fetch.c - one attempt: ask, judge, and either end the item or give its job back for
 * another attempt. Waiting for that is the dispatcher's, so that no task and no run slot is held.
 */
#include "app/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "app/aside.h"
#include "app/codes.h"
#include "runtime/list.h"

#define SECOND 1e9
#define LONG_MESSAGE 400

/* 0 is "none" for the user and "the default" for http/. */
static double seconds(int64_t ns)
{
	return ns ? (double)ns / SECOND : -1;
}

static bool overridden(const struct http_header *own, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(own[i].name, name))
			return true;
	return false;
}

/* The job's own headers, then those of -H that it does not have. NULL without memory. */
static struct http_header *headers(const struct flight *flight, size_t *count)
{
	const struct fields *common = &flight->lane->collect->options->headers;
	const struct job *job = flight->job;
	struct http_header *all = calloc(job->header_count + common->count + 1, sizeof *all);

	*count = job->header_count;
	if (!all)
		return NULL;
	job_headers(job, all);
	for (size_t i = 0; i < common->count; i++)
		if (!overridden(all, job->header_count, common->items[i].name))
			all[(*count)++] = common->items[i];
	return all;
}

static int on_memory(void *arg, ptrdiff_t change)
{
	struct flight *flight = arg;
	int rc = budget_change(&flight->share, change);

	/* It may have been the last one that waited: requests may start again. */
	if (flight->share.waited)
		lane_wake_main(flight->lane);
	flight->share.waited = false;
	return rc;
}

static void fill_options(struct http_options *http, struct flight *flight)
{
	const struct options *options = flight->lane->collect->options;
	const struct job *job = flight->job;

	*http = (struct http_options){
		.method = job_method(job),
		.body = job->body ? job->url + job->body : NULL,
		.body_size = job->body_size,
		.timeout = seconds(options->max_time),
		.pool_timeout = -1,
		.dns_timeout = seconds(options->dns_timeout),
		.connect_timeout = seconds(options->connect_timeout),
		.tls_timeout = seconds(options->tls_timeout),
		.first_byte_timeout = seconds(options->first_byte_timeout),
		.idle_timeout = seconds(options->idle_timeout),
		.max_body = options->max_body,
		.max_wire = options->max_wire,
		.max_redirects = options->max_redirs ? (int)options->max_redirs : -1,
		.allow_downgrade = options->allow_downgrade,
		.user = options->user,
		.password = options->password,
		.bearer = options->bearer,
		.on_memory = on_memory,
		.on_memory_arg = flight,
	};
}

static int ask(struct flight *flight, struct http_response **response, struct http_failure *failure)
{
	const struct job *job = flight->job;
	struct http_header *all = NULL;
	struct http_options http;
	int rc;

	fill_options(&http, flight);
	if (job->header_count || flight->lane->collect->options->headers.count) {
		all = headers(flight, &http.header_count);
		if (!all)
			return async_raise(ASYNC_ENOMEM, "out of memory");
		http.headers = all;
	}
	rc = http_request_with(flight->lane->session, job->url, &http, response, failure);
	free(all);
	return rc;
}

struct judging {
	struct verdict *verdict;
	const struct verdict_rules *rules;
	const struct http_response *response;
	const char *method;
};

static int judge_aside(void *arg)
{
	struct judging *j = arg;

	verdict_judge(j->verdict, j->rules, j->response, j->method);
	return 0;
}

/* 0, or ASYNC_ECANCELED while a thread was at it. */
static int judge(const struct flight *flight, const struct http_response *response,
		 struct verdict *verdict)
{
	struct judging j = { verdict, &flight->lane->collect->rules, response,
			     job_method(flight->job) };

	if (response->body.len >= COLLECT_LARGE)
		return aside_do(judge_aside, &j);
	return judge_aside(&j);
}

static int64_t asked_to_wait(const struct http_response *response)
{
	const char *date = http_response_header(response, "date");
	int64_t longest = -1;

	/* When there are several, the longest is what all of them allow. */
	for (size_t i = 0; i < response->header_count; i++) {
		int64_t wait;

		if (strcasecmp(response->headers[i].name, "retry-after"))
			continue;
		wait = retry_after(response->headers[i].value, date, (int64_t)time(NULL));
		longest = wait > longest ? wait : longest;
	}
	return longest;
}

/* Of the quota that headers tell of: no longer than anybody waits for a server. -1: no need. */
static int64_t quota_wait(const struct flight *flight, const struct http_response *response)
{
	int64_t wait = limited_wait(&flight->lane->collect->options->limited, response,
				    (int64_t)time(NULL));
	int64_t most = flight->lane->collect->retry.max_wait;

	return wait < most ? wait : most;
}

/* -1: the server did not say. */
static int64_t wait_ordered(const struct flight *flight, const struct http_response *response)
{
	int64_t wait = asked_to_wait(response);

	return wait >= 0 ? wait : quota_wait(flight, response);
}

static struct retry_verdict decide(struct flight *flight, const struct collect_end *end)
{
	const struct job *job = flight->job;
	const char *method = job_method(job);

	return retry_decide(
		&flight->lane->collect->retry,
		&(struct retry_case){
			.outcome = end->outcome,
			.status = end->failure ? end->failure->status : 0,
			.idempotent = !strcmp(method, "GET") || !strcmp(method, "HEAD"),
			.attempts = (int)job->attempts,
			.local = (int)job->local,
			.spent = job->spent,
			.retry_after = end->response ? wait_ordered(flight, end->response) : -1,
			.host_requests = dispatch_host_requests(job),
			.host_retries = dispatch_host_retries(job),
			.fraction = lane_random(flight->lane),
		});
}

static void say_retry(const struct flight *flight, const struct collect_end *end,
		      const struct retry_verdict *retry)
{
	char name[CODES_NAME];

	if (flight->lane->collect->options->verbose)
		lane_say(flight->lane, "%s %s: again in %.1f s (%s)", flight->job->url,
			 codes_name(end->outcome, name), (double)retry->wait / SECOND,
			 retry_why_name(retry->why));
}

/* True when the item goes on. */
static bool try_again(struct flight *flight, const struct collect_end *end,
		      const struct retry_verdict *retry)
{
	struct job *job = flight->job;

	if (!retry->again || !job_remember(job, end->outcome, (int)retry->why, retry->wait))
		return false;
	if (!retry_is_local(end->outcome))
		dispatch_count_retry(job);
	if (retry->why == RETRY_BACKOFF && end->outcome != COLLECT_ECROWDED)
		job->spent += retry->wait;
	say_retry(flight, end, retry);
	flight->arrival.again = true;
	flight->arrival.wait = retry->wait;
	return true;
}

/* Adds to the message why there is no other attempt, when the history does not show it. */
static void say_why_not(struct collect_end *end, const struct retry_verdict *retry,
			char message[LONG_MESSAGE])
{
	const char *was = end->message ? end->message : "";

	if (retry->why == RETRY_TOO_LONG)
		snprintf(message, LONG_MESSAGE,
			 "%s; not again, since Retry-After asks for %.0f s and --retry-max-wait "
			 "allows less",
			 was, (double)retry->pause / SECOND);
	else if (retry->why == RETRY_NO_TIME)
		snprintf(message, LONG_MESSAGE, "%s; not again: --retry-max-time is used up", was);
	else if (retry->why == RETRY_NO_BUDGET)
		snprintf(message, LONG_MESSAGE,
			 "%s; not again: of this host's requests too many were retries", was);
	else
		return;
	end->message = message;
}

/* Refused, unreachable or too late: what breaks a host when it goes on. */
static bool cannot_connect(int outcome)
{
	const struct codes_entry *entry = outcome < 0 ? codes_find(outcome) : NULL;

	return entry && !strcmp(entry->phase, "connect") && entry->class == CODES_TRANSIENT;
}

/* Only they give back what the machine is short of. */
static bool others_fly(const struct collect *c)
{
	return atomic_load_explicit(&c->flying, memory_order_relaxed) > 1;
}

static void measure(struct arrival *arrival, const struct collect_end *end, int64_t took)
{
	arrival->outcome = end->outcome;
	arrival->unchanged = end->verdict && end->verdict->unchanged;
	arrival->local = retry_is_local(end->outcome);
	if (end->response) {
		arrival->complete = arrival->reached = true;
		arrival->latency = took;
		arrival->wire_bytes = end->response->wire_bytes;
		arrival->body_bytes = end->response->body.len;
	} else if (end->failure) {
		arrival->wire_bytes = arrival->body_bytes = end->failure->body_bytes;
	}
}

static void end_item(struct flight *flight, const struct collect_end *end)
{
	flight->arrival.outcome = collect_report(flight->lane, flight->job, end);
	if (!end->outcome && end->response && flight->lane->collect->options->paginate)
		collect_next_page(flight, end->response);
}

static void finish(struct flight *flight, struct collect_end *end)
{
	struct lane *lane = flight->lane;
	struct job *job = flight->job;
	char message[LONG_MESSAGE];
	struct retry_verdict retry;
	int64_t took = async_time_ns() - flight->started;

	job->spent += end->outcome == COLLECT_ECROWDED ? 0 : took;
	job->local += retry_is_local(end->outcome) && others_fly(lane->collect);
	measure(&flight->arrival, end, took);
	if (end->response)
		flight->arrival.pause = quota_wait(flight, end->response);
	/* Once stopping, what failed is unfinished, not wrong: the main task reports it as cancelled. */
	if (end->outcome) {
		retry = decide(flight, end);
		if (retry.pause > flight->arrival.pause)
			flight->arrival.pause = retry.pause;
		if (!try_again(flight, end, &retry)) {
			say_why_not(end, &retry, message);
			flight->arrival.unreachable = cannot_connect(end->outcome);
		}
	}
	if (!lane->loop)
		collect_hear(flight);
	if (!flight->arrival.again)
		end_item(flight, end);
	flight->landed = true;
	if (!lane->loop)
		collect_arrive(flight);
}

static const char *words(int code)
{
	const struct async_error *error = async_raised(code);

	return error && error->message ? error->message : async_strerror(code);
}

static void attempt(struct flight *flight)
{
	struct http_response *response = NULL;
	struct http_failure failure = { .url = NULL };
	struct verdict verdict;
	struct collect_end end = { 0 };
	int rc = ask(flight, &response, &failure);

	if (!rc)
		rc = judge(flight, response, &verdict);
	if (rc < 0) {
		end = (struct collect_end){ .outcome = rc, .message = words(rc) };
		end.failure = response ? NULL : &failure;
	} else {
		end = (struct collect_end){ .outcome = verdict.outcome,
					    .message = verdict.why,
					    .response = response,
					    .verdict = &verdict,
					    .share = &flight->share };
	}
	finish(flight, &end);
	free(failure.url);
	http_response_free(response);
}

ASYNC_SUSPENDS
int collect_fetch(void *arg)
{
	struct flight *flight = arg;

	flight->started = async_time_ns();
	if (!flight->job->started)
		flight->job->started = flight->started;
	flight->job->attempts++;
	attempt(flight);
	budget_release(&flight->share);
	if (!flight->lane->loop)
		lane_wake_main(flight->lane);
	return 0;
}
