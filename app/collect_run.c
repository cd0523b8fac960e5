/* SPDX-License-Identifier: MIT */
/*
 * collect_run.c - the main task. It starts what the dispatcher gives, sleeps until something has
 * changed or is due, and at the end accounts for every job that was accepted.
 */
#include "app/collect.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/codes.h"

static void wake(void *arg)
{
	struct collect *c = arg;

	async_event_set(&c->wake);
}

/* ---- Flights --------------------------------------------------------------------------------- */

static void report_here(struct collect *c, struct job *job, const struct collect_end *end)
{
	collect_count(c, collect_report(&c->here, job, end), false);
}

/* An error of an item whose attempt, if there was any, tells nothing more. */
static void report_plain(struct collect *c, struct job *job, int code, const char *message)
{
	report_here(c, job, &(struct collect_end){ .outcome = code, .message = message });
}

static void start(struct collect *c, struct job *job)
{
	if (collect_launch(c, job))
		return;
	report_plain(c, job, ASYNC_ENOMEM, "no memory for a task");
	dispatch_done(c->dispatch, job, async_time_ns());
	job_free(job);
}

#define REFUSAL_WHY 600

static void say_refusal(const struct dispatch_refusal *refusal, char message[REFUSAL_WHY])
{
	char name[CODES_NAME];

	codes_name(refusal->outcome, name);
	if (refusal->failures)
		snprintf(message, REFUSAL_WHY,
			 "not sent: the last %u items of %.150s could not connect, with %s",
			 refusal->failures, refusal->origin, name);
	else
		snprintf(message, REFUSAL_WHY,
			 "not sent: with %s, %.150s asked for %.0f s without requests, which is "
			 "above --retry-max-wait",
			 name, refusal->origin, (double)refusal->wait / 1e9);
}

/*
 * Jobs of hosts that want a longer pause than anybody waits, or that cannot be reached, end here,
 * without a request.
 */
static void refuse_jobs(struct collect *c, int64_t now)
{
	struct dispatch_refusal refusal;
	char message[REFUSAL_WHY];
	struct job *job;

	while (c->state == COLLECT_RUNNING && sink_pending(c->sink) <= COLLECT_SINK_ROOM &&
	       (job = dispatch_refused(c->dispatch, now, &refusal))) {
		say_refusal(&refusal, message);
		report_here(c, job,
			    &(struct collect_end){ .outcome = refusal.outcome,
						   .message = message,
						   .unsent = !refusal.failures });
		job_free(job);
	}
}

/* A reader that is slow, or bodies that wait for memory, are not to be made worse. */
static bool may_start(const struct collect *c)
{
	return c->state == COLLECT_RUNNING && sink_pending(c->sink) <= COLLECT_SINK_ROOM &&
	       har_pending(c->har) <= COLLECT_SINK_ROOM && !budget_queue(&c->budget);
}

static void start_jobs(struct collect *c)
{
	int64_t now = async_time_ns();
	struct job *job;

	refuse_jobs(c, now);
	while (may_start(c) && (job = dispatch_take(c->dispatch, now)))
		start(c, job);
	collect_share_connections(c);
	if (!dispatch_full(c->dispatch))
		async_event_set(&c->room);
}

/* ---- Stopping -------------------------------------------------------------------------------- */

const char *collect_why_cancelled(const struct collect *c)
{
	if (c->late)
		return "--deadline passed";
	return c->signals ? "stopped by a signal" : "the output failed";
}

void collect_stop(struct collect *c, enum collect_state state)
{
	if (state > c->state)
		c->state = state;
	wake(c);
}

/* Once per state: tells the reader, and the flights, to end. */
static void cancel_work(struct collect *c, enum collect_state *told)
{
	if (c->state > COLLECT_RUNNING && *told == COLLECT_RUNNING)
		async_cancel(c->reader);
	if (c->state == COLLECT_CANCELLING && *told != COLLECT_CANCELLING)
		collect_cancel_all(c);
	*told = c->state;
}

static void on_deadline(void *arg)
{
	struct collect *c = arg;

	c->late = true;
	collect_stop(c, COLLECT_CANCELLING);
}

static void on_sink(void *arg)
{
	struct collect *c = arg;

	budget_wake(&c->here.memory);
	async_event_set(&c->room);
	if (sink_error(c->sink))
		collect_stop(c, COLLECT_CANCELLING);
	wake(c);
}

/* ---- The run --------------------------------------------------------------------------------- */

static bool finished(const struct collect *c)
{
	struct dispatch_counts counts;

	dispatch_count(c->dispatch, &counts);
	if (c->flying || !async_task_done(c->reader))
		return false;
	return c->state != COLLECT_RUNNING || (!counts.waiting && !counts.in_flight);
}

static void wait_for_change(struct collect *c)
{
	int64_t due = may_start(c) ? dispatch_due(c->dispatch) : INT64_MAX;

	async_timer_cancel(&c->due);
	/* A microsecond late rather than early, or the loop would turn for nothing. */
	if (due != INT64_MAX)
		async_call_at(&c->due, (double)due / 1e9 + 1e-6, wake, c);
	/* Whoever cancels the main task wants an end as well. */
	if (async_event_wait(&c->wake) < 0)
		collect_stop(c, COLLECT_CANCELLING);
	async_event_clear(&c->wake);
}

static void run_jobs(struct collect *c)
{
	enum collect_state told = COLLECT_RUNNING;

	for (;;) {
		start_jobs(c);
		cancel_work(c, &told);
		if (finished(c))
			return;
		wait_for_change(c);
	}
}

/* Jobs that were accepted and never got an answer: each is told of. */
static void report_unfinished(struct collect *c)
{
	struct job *job;
	unsigned count = 0;

	while ((job = dispatch_drain(c->dispatch))) {
		report_plain(c, job, ASYNC_ECANCELED, NULL);
		job_free(job);
		if (++count % 256 == 0)
			(void)async_sleep(0);
	}
	c->unfinished |= !c->input_ended;
}

/* A signal may still come while a slow reader takes the last records. */
static int close_sink(struct collect *c)
{
	double grace = c->signals > 1 ? 1 : (double)c->options->grace / 1e9 + 1;
	int rc;

	while (c->state == COLLECT_RUNNING && sink_pending(c->sink) && !sink_error(c->sink))
		wait_for_change(c);
	rc = sink_close(c->sink, c->state == COLLECT_RUNNING ? -1 : grace);
	c->sink = NULL;
	return rc;
}

static void tick(void *arg)
{
	struct collect *c = arg;
	struct dispatch_counts counts;
	struct progress_numbers numbers = {
		.ok = c->summary.ok + c->summary.unchanged,
		.failed = c->summary.failed,
		.more = !c->input_ended,
		.p95 = histogram_percentile(&c->summary.latency, 95),
	};

	dispatch_count(c->dispatch, &counts);
	numbers.left = counts.waiting + counts.in_flight;
	numbers.in_flight = counts.in_flight;
	numbers.held = counts.held;
	progress_tick(&c->progress, &numbers, async_time_ns());
	async_call_later(&c->tick, PROGRESS_PERIOD, tick, c);
}

struct http_session *collect_session(const struct options *options, struct har_desk *har)
{
	return http_session_new(&(struct http_session_options){
		.limit = (int)options
				 ->concurrency, /* so that the dispatcher is the one that limits */
		.ca_file = options->cacert,
		.ca_dir = options->capath,
		.insecure = options->insecure,
		.cert_file = options->cert,
		.key_file = options->key,
		.tls_min_version = (enum net_tls_version)options->tls_min,
		.tls_pins = options->pin,
		.family = options->ipv4 == options->ipv6 ? AF_UNSPEC
			  : options->ipv4		 ? AF_INET
							 : AF_INET6,
		.netrc_file = options->netrc_file,
		.unix_socket = options->unix_socket,
		.resolve = options->resolve,
		.resolve_count = options->resolve_count,
		.deny_kinds = (unsigned)options->addr_deny,
		.user_agent = options->user_agent,
		.proxy = options->proxy,
		.no_proxy = options->no_proxy,
		.trust_env = true,
		.on_trace = har ? har_trace : NULL,
		.on_trace_arg = har,
	});
}

static size_t waiting_records(const void *sink)
{
	return sink_pending(sink);
}

static int open_output(struct collect *c)
{
	int rc = sink_open(&c->sink, &(struct sink_options){ c->output_fd, on_sink, c });

	if (rc < 0)
		return rc;
	c->here.records = sink_batches(c->sink);
	c->budget.elsewhere = waiting_records;
	c->budget.arg = c->sink;
	return c->har_fd < 0 ? 0 : har_open(&c->har, c->har_fd, c->options->har_body, wake, c);
}

/* Who fetches: this loop, or others. */
ASYNC_SUSPENDS
static int open_lanes(struct collect *c)
{
	collect_open_lanes(c);
	if (c->lane_count)
		return 0;
	c->here.session = collect_session(c->options, har_desk(c->har));
	return c->here.session ? 0 : ASYNC_ENOMEM;
}

ASYNC_SUSPENDS
static int open_parts(struct collect *c)
{
	const struct options *o = c->options;
	int rc;

	lane_init(&c->here, c, 0);
	budget_init(&c->budget, o->mem);
	budget_join(&c->here.memory, &c->budget, NULL);
	c->dispatch = dispatch_new(&(struct dispatch_limits){
		.concurrency = (unsigned)o->concurrency,
		.per_host = (unsigned)o->per_host,
		.rate = o->rate,
		.rate_total = o->rate_total,
		.lookahead = o->lookahead,
		.lookahead_bytes = 4 << 20,
		.max_pause = c->retry.max_wait,
		.likes = c->threads > 1 ? collect_has_connections : NULL,
		.arg = c,
	});
	rc = c->dispatch ? open_output(c) : ASYNC_ENOMEM;
	if (!rc)
		rc = open_lanes(c);
	if (rc < 0)
		return rc;
	c->reader = async_create_task_with(collect_read, c,
					   &(struct async_task_options){ .name = "input" });
	if (!c->reader)
		return async_last_error();
	return collect_watch_signals(c);
}

static int close_parts(struct collect *c)
{
	int rc = 0;

	async_timer_cancel(&c->due);
	async_timer_cancel(&c->tick);
	async_timer_cancel(&c->deadline);
	if (c->reader) {
		async_cancel(c->reader);
		(void)async_await(c->reader);
		async_task_release(c->reader);
	}
	if (c->here.session)
		http_session_close(c->here.session);
	collect_close_lanes(c);
	c->har_error = har_close(c->har);
	c->har = NULL; /* the sink's end still asks how much is pending */
	if (c->sink)
		rc = close_sink(c);
	async_timer_cancel(&c->grace);
	async_timer_cancel(&c->due);
	budget_leave(&c->here.memory);
	dispatch_free(c->dispatch);
	free(c->origin);
	return rc;
}

ASYNC_SUSPENDS
int collect_run(struct collect *c)
{
	int64_t began = async_time_ns();
	int rc;

	progress_init(&c->progress, c->options, 2, began);
	rc = open_parts(c);
	if (!rc) {
		if (c->progress.mode != OPTIONS_PROGRESS_NONE)
			async_call_later(&c->tick, PROGRESS_PERIOD, tick, c);
		if (c->options->deadline)
			async_call_later(&c->deadline, (double)c->options->deadline / 1e9,
					 on_deadline, c);
		run_jobs(c);
		report_unfinished(c);
	}
	c->sink_error = close_parts(c);
	c->summary.wall = async_time_ns() - began;
	progress_erase(&c->progress);
	return rc;
}

int collect_status(const struct summary *summary, int sink_error, bool signalled, bool late,
		   bool unfinished)
{
	if (sink_error)
		return 5;
	if (signalled && unfinished)
		return 6;
	if (late && unfinished)
		return 7;
	if (summary->items && summary->failed == summary->items)
		return 4;
	return summary->failed ? 3 : 0;
}
