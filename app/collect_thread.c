/* SPDX-License-Identifier: MIT */
/*
 * collect_thread.c - a lane on a thread of its own: a loop that waits for mail, and the mail. What a
 * turn of the lane's loop has for the main loop is gathered without a lock and goes over in one piece.
 */
#include "app/collect.h"

#include <signal.h>

#include "app/brief.h"
#include "http/session.h"
#include "runtime/list.h"

/* ---- To the main loop ------------------------------------------------------------------------ */

static void move_text(struct text *to, struct text *from)
{
	if (!to->length) {
		text_free(to);
		*to = *from;
		*from = (struct text){ 0 };
		return;
	}
	text_bytes(to, from->data, from->length);
	text_free(from);
}

/* On the main loop. */
static void read_news(void *arg)
{
	struct lane *lane = arg;
	struct collect *c = lane->collect;
	struct async_list flights = { 0 }, batches = { 0 }, *node;
	struct text said = { 0 }, har = { 0 };
	unsigned kept;
	size_t size;

	brief_lock(&lane->lock);
	lane->from.posted = false;
	list_splice(&flights, &lane->from.flights);
	list_splice(&batches, &lane->from.batches);
	size = lane->from.batches_size;
	lane->from.batches_size = 0;
	move_text(&said, &lane->from.said);
	move_text(&har, &lane->from.har);
	kept = lane->from.keep_number;
	brief_unlock(&lane->lock);
	batches_receive(sink_batches(c->sink), &batches, size);
	har_receive(c->har, &har);
	while ((node = list_take(&flights)))
		collect_come_back(container_of(node, struct flight, node));
	if (said.length) {
		progress_erase(&c->progress);
		(void)progress_write(c->progress.fd, said.data, said.length);
	}
	text_free(&said);
	collect_kept(lane, kept);
	collect_share_connections(c);
	async_event_set(&c->wake);
}

static void send_news(void *arg)
{
	struct lane *lane = arg;
	struct lane_mail *mail = &lane->from;

	brief_lock(&lane->lock);
	list_splice(&mail->flights, &lane->ended);
	list_splice(&mail->batches, &lane->mine.list);
	mail->batches_size += lane->mine.queued;
	lane->mine.queued = 0;
	move_text(&mail->said, &lane->said);
	move_text(&mail->har, &lane->har.entries);
	mail->keep_number = lane->kept;
	if (!mail->posted)
		mail->posted = async_call_soon_threadsafe(lane->collect->loop, &mail->handle,
							  read_news, lane) == 0;
	brief_unlock(&lane->lock);
}

void lane_flush(struct lane *lane)
{
	if (!async_handle_scheduled(&lane->flush))
		async_call_soon(&lane->flush, send_news, lane);
}

static void on_more(void *arg)
{
	lane_flush(arg);
}

/* ---- From it --------------------------------------------------------------------------------- */

/* On the lane's loop. */
static void read_mail(void *arg)
{
	struct lane *lane = arg;
	struct async_list flights = { 0 }, *node;
	const char *cancel;
	unsigned number;
	bool close;
	int keep;

	brief_lock(&lane->lock);
	lane->to.posted = false;
	list_splice(&flights, &lane->to.flights);
	keep = lane->to.keep;
	number = lane->to.keep_number;
	cancel = lane->to.cancel;
	close = lane->to.close;
	lane->to.keep = -1;
	brief_unlock(&lane->lock);
	if (keep >= 0) {
		pool_open_at_most(&lane->session->pool, keep);
		lane->kept = number;
		lane_flush(lane);
	}
	while ((node = list_take(&flights)))
		lane_begin(container_of(node, struct flight, node));
	if (cancel && !lane->cancelled)
		lane_cancel(lane, cancel);
	if (close)
		async_event_set(&lane->closed);
}

struct lane_mail *lane_mail_begin(struct lane *lane)
{
	brief_lock(&lane->lock);
	return &lane->to;
}

void lane_mail_end(struct lane *lane)
{
	if (!lane->to.posted)
		lane->to.posted = async_call_soon_threadsafe(lane->loop, &lane->to.handle,
							     read_mail, lane) == 0;
	brief_unlock(&lane->lock);
}

/* ---- The thread ------------------------------------------------------------------------------ */

static void on_started(void *arg)
{
	struct lane *lane = arg;

	lane->state = LANE_RUNS;
	async_event_set(&lane->collect->lanes_changed);
}

static void on_gone(void *arg)
{
	struct lane *lane = arg;

	lane->state = LANE_GONE;
	async_event_set(&lane->collect->lanes_changed);
}

ASYNC_SUSPENDS
static int run_lane(void *arg)
{
	struct lane *lane = arg;
	struct collect *c = lane->collect;

	lane->loop = async_get_running_loop();
	lane->har = (struct har_desk){ .body_limit = c->options->har_body,
				       .added = on_more,
				       .arg = lane,
				       .step = c->threads,
				       .offset = c->threads - lane->number - 1 };
	lane->session = collect_session(c->options, c->har ? &lane->har : NULL);
	if (!lane->session)
		return ASYNC_ENOMEM;
	budget_join(&lane->memory, &c->budget, lane->loop);
	lane->mine = (struct batches){ .pending = sink_batches(c->sink)->pending,
				       .added = on_more,
				       .arg = lane };
	lane->records = &lane->mine;
	(void)async_call_soon_threadsafe(c->loop, &lane->started, on_started, lane);
	/* Nobody cancels it but the end of its loop, which cannot come before this. */
	(void)async_event_wait(&lane->closed);
	(void)http_session_close(lane->session);
	budget_leave(&lane->memory);
	batches_free(&lane->mine);
	return 0;
}

static void *thread_main(void *arg)
{
	struct lane *lane = arg;

	lane->error = async_run(run_lane, lane);
	(void)async_call_soon_threadsafe(lane->collect->loop, &lane->gone, on_gone, lane);
	return NULL;
}

/* Signals are the main loop's; but not those that say that this thread is at fault. */
int lane_start(struct lane *lane)
{
	sigset_t stopping, before;
	int rc;

	sigemptyset(&stopping);
	sigaddset(&stopping, SIGINT);
	sigaddset(&stopping, SIGTERM);
	sigaddset(&stopping, SIGHUP);
	sigaddset(&stopping, SIGQUIT);
	pthread_sigmask(SIG_BLOCK, &stopping, &before);
	rc = pthread_create(&lane->thread, NULL, thread_main, lane);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}
