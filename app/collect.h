/* SPDX-License-Identifier: MIT */
/*
 * collect.h - the state of one run, and how the parts of the program that may suspend use it.
 *
 *   collect.c         main(): options, files, exit status
 *   collect_run.c     the main task: starts jobs, stops, cleans up
 *   collect_input.c   the task that reads jobs
 *   collect_lanes.c   which lane a job goes to, and how many connections each may have
 *   collect_arrive.c  what an attempt leaves to be done when it has ended
 *   collect_lane.c    a lane: attempts begin and end there
 *   collect_thread.c  a lane on a thread of its own, and what goes to and fro
 *   collect_fetch.c   a task for each attempt
 *   collect_report.c  an item's end: its record
 *   collect_pages.c   what comes after an item: its next page
 *
 * A lane is a loop that fetches. With one thread the only one is the main loop, and nothing crosses
 * over. With several each has a thread of its own beside the main loop, which has the dispatcher, the
 * input, the output and all counts: so every limit is kept in one place. A job goes to a lane when it
 * starts and comes back when its attempt has ended; all of a host's go to the same one.
 *
 * struct collect is touched from the main loop's thread only, but for what says otherwise: a lane may
 * read what does not change during the run.
 */
#ifndef LOOPHOUND_APP_COLLECT_H
#define LOOPHOUND_APP_COLLECT_H

#include <pthread.h>
#include <stdatomic.h>

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

/* What is on its way from one loop to another: gathered under the lane's lock, read by a callback. */
struct lane_mail {
	struct async_list flights;
	struct async_list batches; /* of records, so many bytes; to the main loop only */
	size_t batches_size;
	struct text said, har; /* the same: lines for stderr, entries */
	int keep;	       /* connections that may be open; to the lane, -1: no word of it */
	unsigned keep_number;  /* of that word; back: it has been seen to */
	const char *cancel;    /* to the lane: why everything is to be cancelled */
	bool close;	       /* to the lane: nothing more will come */
	bool posted;	       /* the callback is on its way */
	struct async_handle handle; /* which it is */
};

struct lane {
	struct collect *collect;
	unsigned number;	 /* from 0 */
	struct async_loop *loop; /* NULL: the main loop itself */

	/* Of its own loop. */
	struct http_session *session;
	struct async_list flights;
	struct batches *records; /* the sink's, or mine */
	struct batches mine;
	struct text said;
	struct har_desk har;
	struct async_list ended; /* flights on their way back */
	struct budget_branch memory;
	uint64_t random;
	const char *cancelled; /* why nothing may begin any more; NULL: it may */
	unsigned kept;	       /* the last keep_number seen */
	struct async_handle flush;
	struct async_event closed;

	/* Of the main loop. */
	struct async_list waiting; /* flights for which there is no connection to be had yet */
	unsigned queued;	   /* how many */
	unsigned busy, allowed;	   /* flights there; connections that it may have open */
	unsigned lends;		   /* connections that it closes for another lane */
	unsigned told;		   /* the keep_number last sent */
	unsigned lends_number;	   /* the one that asked for it */
	struct lane *borrower;
	bool borrows;
	enum { LANE_STARTS, LANE_RUNS, LANE_GONE } state;
	struct async_handle started, gone;

	pthread_t thread;
	int error; /* with which its loop ended */
	pthread_mutex_t lock;
	struct lane_mail to, from;
};

struct collect {
	const struct options *options;
	struct verdict_rules rules;
	struct retry_policy retry;
	const char *credential; /* what must not go to a second origin, by its name; or NULL */
	char *origin;		/* the first one, when there is such a thing */
	char run[24];
	uint64_t random;
	unsigned threads; /* 1: the main loop fetches */

	struct dispatch *dispatch;
	struct sink *sink;
	struct har *har; /* NULL: none is wanted */
	int har_error;	 /* after the run */
	struct budget budget;
	struct lane here;    /* the main loop's */
	struct lane **lanes; /* those with threads of their own */
	unsigned lane_count;
	struct async_loop *loop; /* the main one, if there are others */
	struct async_event lanes_changed;
	atomic_uint flying; /* flights, wherever they are; any thread */
	struct summary summary;
	struct progress progress;

	enum collect_state state;
	struct async_event wake; /* the main task: something has changed */
	struct async_event room; /* the reader: there may be room for another job */
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

/* What an attempt leaves for the main loop to do. */
struct arrival {
	int outcome;
	bool unchanged;
	bool again; /* after so long; else its record is written */
	int64_t wait;
	int64_t pause; /* of its host */
	bool local;    /* this machine is short of something */
	bool reached;  /* its host has answered; or, for good, nothing connects to it: */
	bool unreachable;
	struct job *next; /* the page behind it; or why there is none: */
	int no_page;
	bool unsent;   /* there was no attempt after all */
	bool complete; /* a response came, in so long */
	int64_t latency;
	uint64_t wire_bytes, body_bytes;
};

/* One attempt, from its start until its arrival has been seen to. */
struct flight {
	struct async_list node; /* in its lane's, or on its way */
	struct lane *lane;
	struct job *job; /* NULL: given back, or its item has ended */
	struct async_task *task;
	struct async_handle done;
	struct budget_share share;
	int64_t started;
	bool landed; /* arrival is filled in */
	struct arrival arrival;
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
const char *collect_why_cancelled(const struct collect *collect);
/* har may be NULL. */
struct http_session *collect_session(const struct options *options, struct har_desk *har);

/* collect_arrive.c, on the main loop. Counts, and frees the flight's job or gives it back. */
void collect_arrive(struct flight *flight);
/* The part of it that must not wait for the rest: what its host hears. Idempotent. */
void collect_hear(struct flight *flight);

/* collect_lanes.c, on the main loop. Starts lanes, as many as can be had; none: this loop fetches. */
ASYNC_SUSPENDS
void collect_open_lanes(struct collect *collect);
/* Ends them; there are no flights any more. */
ASYNC_SUSPENDS
void collect_close_lanes(struct collect *collect);
/* The job starts, on the lane of its host. False without memory: it is the caller's still. */
bool collect_launch(struct collect *collect, struct job *job);
/* The dispatcher's likes(), with a struct collect: the lane of that host need not borrow. */
bool collect_has_connections(void *arg, unsigned long host);
/* A flight is back from its lane, which is the one that frees it. */
void collect_come_back(struct flight *flight);
/* The lane has seen to that keep_number. */
void collect_kept(struct lane *lane, unsigned number);
void collect_cancel_all(struct collect *collect);
/* Connections may have become free, or wanted. */
void collect_share_connections(struct collect *collect);

/* collect_lane.c, on the lane's loop. */
void lane_init(struct lane *lane, struct collect *collect, unsigned number);
void lane_begin(struct flight *flight);
void lane_cancel(struct lane *lane, const char *why);
/* The main task looks again. */
void lane_wake_main(struct lane *lane);
/* A line on stderr. */
void lane_say(struct lane *lane, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Between 0 and 1. */
double lane_random(struct lane *lane);

/* collect_thread.c. A thread with a loop; the lane's state tells. 0 or a negative code. */
int lane_start(struct lane *lane);
/* On the lane's loop: what it has for the main loop goes there soon. */
void lane_flush(struct lane *lane);
/* On the main loop: what goes to the lane, to be added to between begin and end. */
struct lane_mail *lane_mail_begin(struct lane *lane);
void lane_mail_end(struct lane *lane);

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
 * collect_pages.c, for --paginate, on the lane's loop. The page that comes after this flight's becomes a
 * part of its arrival, or the reason why there is none. May suspend for a large body.
 */
ASYNC_SUSPENDS
void collect_next_page(struct flight *flight, const struct http_response *response);

/*
 * collect_report.c, on the lane's loop. Writes the record; the job is the caller's still. May suspend
 * for a large body; a record of an error without a response never does. Returns the outcome to count:
 * without memory the record says so instead.
 */
ASYNC_SUSPENDS
int collect_report(struct lane *lane, const struct job *job, const struct collect_end *end);
/* On the main loop: the item counts. */
void collect_count(struct collect *collect, int outcome, bool unchanged);
/* An item that has no job: a line of the input that is wrong. ref as in struct record. */
void collect_report_line(struct collect *collect, uint64_t line, struct json_span text,
			 struct json_span ref, int code, const char *message);

#endif
