/* SPDX-License-Identifier: MIT */
/*
 * collect.h - the state of one run, and how the parts of the program that may suspend use it.
 *
 *   collect.c         main(): options, files, exit status
 *   collect_run.c     the main task: starts jobs, stops, cleans up
 *   collect_input.c   the task that reads jobs
 *   collect_fetch.c   a task for each attempt
 *   collect_report.c  an item's end: its record, the counts
 *   collect_pages.c   what comes after an item: its next page
 *
 * Everything is touched from the loop's thread only.
 */
#ifndef LOOPHOUND_APP_COLLECT_H
#define LOOPHOUND_APP_COLLECT_H

#include "app/budget.h"
#include "app/dispatch.h"
#include "app/har.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/record.h"
#include "app/retry.h"
#include "app/sink.h"
#include "app/summary.h"
#include "http/http.h"

/* The records that may wait while further requests are started. */
#define COLLECT_SINK_ROOM (2 * 1024 * 1024)
/* From here on a body is judged, and its record built, on a thread. */
#define COLLECT_LARGE (256 * 1024)

enum collect_state {
	COLLECT_RUNNING,
	COLLECT_DRAINING,   /* starts nothing any more, waits for what is in flight */
	COLLECT_CANCELLING, /* does not wait any more */
};

struct collect {
	const struct options *options;
	struct verdict_rules rules;
	struct retry_policy retry;
	const char *credential; /* what must not go to a second origin, by its name; or NULL */
	char *origin;		/* the first one, when there is such a thing */
	char run[24];
	uint64_t random;

	struct dispatch *dispatch;
	struct http_session *session;
	struct sink *sink;
	struct har *har; /* NULL: none is wanted */
	int har_error;	 /* after the run */
	struct budget budget;
	struct budget_branch memory; /* this loop's of it */
	struct summary summary;
	struct progress progress;

	enum collect_state state;
	struct async_event wake; /* the main task: something has changed */
	struct async_event room; /* the reader: there may be room for another job */
	struct async_list flights;
	struct async_timer due, tick, grace, deadline;
	int signals;	 /* how many have come */
	bool late;	 /* the deadline has passed */
	bool unfinished; /* something was accepted and not finished, or not read */
	int sink_error;	 /* after the run */

	int input_fd, output_fd; /* input_fd -1: the URLs are arguments */
	int har_fd;		 /* -1: none */
	struct async_task *reader;
	bool input_ended;
};

/* One attempt, from its start until the callback at the end of its task. */
struct flight {
	struct async_list node;
	struct collect *collect;
	struct job *job; /* NULL: given back, or its item has ended */
	struct async_task *task;
	struct async_handle done;
	struct budget_share share;
	int64_t started;
};

/* What an attempt has come to. Everything but outcome may be missing. */
struct collect_end {
	int outcome; /* 0, a status, or a negative code */
	const char *message;
	const struct http_response *response;
	const struct http_failure *failure;
	const struct verdict *verdict;
	struct budget_share *share; /* what the response holds */
	bool unsent;		    /* its host is paused: the outcome is that of another item */
};

/* collect_run.c. Returns 0 or a negative code when it could not start. */
ASYNC_SUSPENDS
int collect_run(struct collect *collect);
/* From here on: stop starting, or stop at once. Never suspends; going back is not possible. */
void collect_stop(struct collect *collect, enum collect_state state);

/* collect_signals.c. Handlers for SIGINT, SIGTERM and SIGHUP, as long as the loop runs. 0 or a code. */
int collect_watch_signals(struct collect *collect);
/* 0, 3, 4, 5, 6 or 7; the worst wins. */
int collect_status(const struct summary *summary, int sink_error, bool signalled, bool late,
		   bool unfinished);

/* collect_input.c: the coroutine of the reader; its argument is the struct collect. */
ASYNC_SUSPENDS
int collect_read(void *arg);

/* collect_fetch.c: the coroutine of one attempt; its argument is a struct flight. */
ASYNC_SUSPENDS
int collect_fetch(void *arg);

/*
 * collect_pages.c, for --paginate. Hands the page that comes after this job's to the dispatcher, or
 * reports why it does not. May suspend for a large body.
 */
ASYNC_SUSPENDS
void collect_next_page(struct collect *collect, struct job *job,
		       const struct http_response *response);

/*
 * collect_report.c. Writes the record and counts the item; the job is the caller's still. May
 * suspend for a large body; a record of an error without a response never does.
 */
ASYNC_SUSPENDS
void collect_report(struct collect *collect, const struct job *job, const struct collect_end *end);
/* An item that has no job: a line of the input that is wrong. ref as in struct record. */
void collect_report_line(struct collect *collect, uint64_t line, struct json_span text,
			 struct json_span ref, int code, const char *message);
/* Between 0 and 1. */
double collect_random(struct collect *collect);

#endif
