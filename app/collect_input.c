/* SPDX-License-Identifier: MIT */
/*
 * collect_input.c - the reader: lines become jobs, as many as the dispatcher wants ahead. A file is
 * read on a thread; a pipe or terminal when it has something, and what is there is all that is
 * asked for, so its flags, which other programs share, are left as they are.
 */
#include "app/collect.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/aside.h"
#include "app/codes.h"
#include "app/feed.h"

struct input {
	struct collect *collect;
	struct feed feed;
	struct text scratch;
	bool file;
};

static const struct json_span none; /* no ref */

struct reading {
	int fd;
	char *room;
	size_t size;
};

/* The count, 0 at the end, or a negative errno. A count fits: the room is a few MiB at most. */
static int read_some(void *arg)
{
	const struct reading *r = arg;
	ssize_t n;

	do
		n = read(r->fd, r->room, r->size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

static bool readable(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1;
}

/* To make the pipe non-blocking would do so for all who share it. */
static int read_what_is_there(struct reading *r)
{
	int rc = 0;

	async_blocking(
		"a pipe that has something does not wait, unless others who read it are faster",
		0.05)
		rc = read_some(r);
	return rc;
}

static int fill(struct input *in)
{
	struct reading r = { .fd = in->collect->input_fd };
	int rc;

	r.room = feed_room(&in->feed, &r.size);
	if (!r.room)
		return ASYNC_ENOMEM;
	while (!in->file) {
		rc = async_wait_readable(r.fd);
		if (rc == -EPERM) {
			in->file = true; /* it cannot be polled: /dev/null, say */
			break;
		}
		/* Looked at again: whoever shares the pipe may have been faster. */
		if (!rc && !readable(r.fd))
			continue;
		rc = rc < 0 ? rc : read_what_is_there(&r);
		if (rc != -EAGAIN)
			return rc;
	}
	return aside_do(read_some, &r);
}

/* Waits until another job may be taken in. 0 or ASYNC_ECANCELED. */
static int wait_for_room(struct collect *c)
{
	int rc = 0;

	while (!rc && (dispatch_full(c->dispatch) || sink_pending(c->sink) > COLLECT_SINK_ROOM)) {
		async_event_clear(&c->room);
		rc = async_event_wait(&c->room);
	}
	return rc;
}

/* True when a credential would go to a second origin. */
static bool is_foreign(struct collect *c, const struct url *url)
{
	if (!c->credential)
		return false;
	if (!c->origin)
		c->origin = strdup(url->origin);
	return !c->origin || strcmp(c->origin, url->origin) != 0;
}

/* Takes over the job. */
static void accept_job(struct collect *c, struct job *job, const struct url *url)
{
	struct json_span text = { job->url, job->url_size };
	struct json_span ref = { job->ref ? job->url + job->ref : NULL, job->ref_size };
	char why[JOBS_WHY];

	if (is_foreign(c, url)) {
		snprintf(why, sizeof why,
			 "%s goes to %s only; --header-to-all sends it to every host",
			 c->credential, c->origin ? c->origin : "one origin");
		collect_report_line(c, job->line, text, ref, COLLECT_EORIGIN, why);
	} else if (dispatch_add(c->dispatch, job, url->origin) == 0) {
		async_event_set(&c->wake);
		return;
	} else {
		collect_report_line(c, job->line, text, ref, ASYNC_ENOMEM, "out of memory");
	}
	job_free(job);
}

static int take_line(struct input *in, struct json_span line)
{
	struct collect *c = in->collect;
	char why[JOBS_WHY] = "out of memory";
	struct job *job;
	struct url *url;
	int rc = wait_for_room(c);

	if (rc < 0)
		return rc;
	rc = job_parse(&job, &url, line, in->feed.number, &in->scratch, why);
	if (rc < 0)
		collect_report_line(c, in->feed.number, line, job_ref(line), rc, why);
	if (rc <= 0)
		return 0;
	accept_job(c, job, url);
	url_free(url);
	return 0;
}

/* All whole lines that are there. 0 or ASYNC_ECANCELED. */
static int take_lines(struct input *in, bool at_end)
{
	struct json_span line;
	enum feed_result what;
	unsigned taken = 0;
	int rc = 0;

	while (!rc && (what = feed_next(&in->feed, at_end, &line)) != FEED_MORE) {
		if (what == FEED_LINE) {
			rc = take_line(in, line);
		} else {
			rc = wait_for_room(in->collect);
			if (!rc)
				collect_report_line(in->collect, in->feed.number, line, none,
						    COLLECT_ELINE_LONG, "longer than 1 MiB");
		}
		/* Requests want to start while ten thousand lines are read. */
		if (!rc && ++taken % 256 == 0)
			rc = async_sleep(0);
	}
	return rc;
}

static int read_jobs(struct input *in)
{
	int rc;

	while ((rc = fill(in)) > 0) {
		feed_filled(&in->feed, (size_t)rc);
		rc = take_lines(in, false);
		if (rc < 0)
			return rc;
	}
	if (rc < 0 && rc != ASYNC_ECANCELED) {
		/* What was read before stands; that there is no more is an item of its own. */
		collect_report_line(in->collect, in->feed.number + 1, (struct json_span){ "", 0 },
				    none, COLLECT_EINPUT, async_strerror(rc));
		return 0;
	}
	return rc < 0 ? rc : take_lines(in, true);
}

static int read_arguments(struct input *in)
{
	struct collect *c = in->collect;
	int rc = 0;

	for (size_t i = 0; i < c->options->url_count && !rc; i++) {
		const char *text = c->options->urls[i];
		struct json_span line = { text, strlen(text) };
		char why[JOBS_WHY] = "out of memory";
		struct job *job;
		struct url *url;
		int made;

		rc = wait_for_room(c);
		if (rc < 0)
			break;
		made = job_from_url(&job, &url, line, i + 1, why);
		if (made < 0) {
			collect_report_line(c, i + 1, line, none, made, why);
			continue;
		}
		accept_job(c, job, url);
		url_free(url);
	}
	return rc;
}

ASYNC_SUSPENDS
int collect_read(void *arg)
{
	struct collect *c = arg;
	struct input in = { .collect = c };
	struct stat about;
	int rc;

	in.file = c->input_fd >= 0 && fstat(c->input_fd, &about) == 0 && S_ISREG(about.st_mode);
	rc = c->input_fd >= 0 ? read_jobs(&in) : read_arguments(&in);
	c->input_ended = rc >= 0;
	feed_free(&in.feed);
	text_free(&in.scratch);
	async_event_set(&c->wake);
	return 0;
}
