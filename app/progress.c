/* SPDX-License-Identifier: MIT */
/* progress.c - see progress.h. */
#include "app/progress.h"

#include "runtime/async.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PLAIN_PERIOD INT64_C(5000000000)
#define BAR 20

static void draw_bar(struct text *text, const struct progress_numbers *n)
{
	uint64_t done = n->ok + n->failed, all = done + n->left;
	uint64_t full = all ? done * BAR / all : 0;

	text_char(text, '[');
	for (uint64_t i = 0; i < BAR; i++)
		text_char(text, i < full ? '#' : '.');
	text_string(text, "] ");
}

static void eta(struct text *text, const struct progress_numbers *n)
{
	double seconds;

	if (n->more || n->per_second < 0.01 || !n->left)
		return;
	seconds = (double)n->left / n->per_second;
	if (seconds < 100)
		text_printf(text, ", ETA %.0f s", seconds);
	else if (seconds < 6000)
		text_printf(text, ", ETA %.0f min", seconds / 60);
	else
		text_printf(text, ", ETA %.1f h", seconds / 3600);
}

void progress_format(struct text *text, const struct progress_numbers *n, bool bar, bool color,
		     int width)
{
	size_t from = text->length;
	size_t painted = 0;

	if (bar && !n->more)
		draw_bar(text, n);
	text_printf(text, "%llu ok, ", (unsigned long long)n->ok);
	if (color && n->failed) {
		text_printf(text, "\033[31m%llu failed\033[0m", (unsigned long long)n->failed);
		painted = 9;
	} else {
		text_printf(text, "%llu failed", (unsigned long long)n->failed);
	}
	text_printf(text, ", %llu%s left, %.0f/s, %zu in flight", (unsigned long long)n->left,
		    n->more ? "+" : "", n->per_second, n->in_flight);
	if (n->held)
		text_printf(text, ", %zu waiting", n->held);
	if (n->p95) {
		text_string(text, ", p95 ");
		text_ms(text, n->p95);
		text_string(text, " ms");
	}
	eta(text, n);
	if (width > 0 && text->length - from > (size_t)width + painted)
		text->length = from + (size_t)width + painted;
}

void progress_init(struct progress *progress, const struct options *options, int fd, int64_t now)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	/* Records that scroll past on the same terminal tell more than a line between them. */
	bool records = (!options->output || !strcmp(options->output, "-")) && isatty(1);
	bool terminal = isatty(fd) && !records, dumb = !term || !*term || !strcmp(term, "dumb");

	*progress = (struct progress){ .mode = options->progress, .fd = fd, .last = now };
	progress->last_plain = now;
	progress->color = terminal && !dumb && (!no_color || !*no_color);
	if (progress->mode == OPTIONS_PROGRESS_AUTO)
		progress->mode = !terminal ? OPTIONS_PROGRESS_NONE
				 : dumb	   ? OPTIONS_PROGRESS_PLAIN
					   : OPTIONS_PROGRESS_BAR;
	if (options->quiet)
		progress->mode = OPTIONS_PROGRESS_NONE;
}

static int columns(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col - 1 : 0;
}

/* A terminal that was stopped with ^S takes nothing; then this picture is left out. */
static bool takes_bytes(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

void progress_tick(struct progress *progress, struct progress_numbers *n, int64_t now)
{
	bool bar = progress->mode == OPTIONS_PROGRESS_BAR;
	double seconds = (double)(now - progress->last) / 1e9;
	uint64_t done = n->ok + n->failed;
	struct text text = { 0 };

	if (seconds > 0) {
		double rate = (double)(done - progress->before) / seconds;
		double weight = seconds < 1 ? seconds : 1;

		progress->average +=
			(rate - progress->average) * (progress->average > 0 ? weight : 1);
	}
	progress->before = done;
	progress->last = now;
	n->per_second = progress->average;
	if (progress->mode == OPTIONS_PROGRESS_NONE || !takes_bytes(progress->fd) ||
	    (!bar && now - progress->last_plain < PLAIN_PERIOD))
		return;
	progress->last_plain = now;
	if (bar)
		text_string(&text, progress->drawn ? "\r\033[K" : "");
	progress_format(&text, n, bar, progress->color, bar ? columns(progress->fd) : 0);
	if (!bar)
		text_char(&text, '\n');
	progress->drawn = bar;
	(void)progress_write(progress->fd, text.data, text.length);
	text_free(&text);
}

void progress_erase(struct progress *progress)
{
	if (progress->drawn)
		(void)progress_write(progress->fd, "\r\033[K", 4);
	progress->drawn = false;
}

void progress_say(struct progress *progress, const char *format, ...)
{
	struct text text = { 0 };
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	progress_erase(progress);
	text_printf(&text, "collect: %s\n", line);
	if (!text.failed)
		(void)progress_write(progress->fd, text.data, text.length);
	text_free(&text);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n > 0) {
			data += n;
			size -= (size_t)n;
		} else if (errno == EAGAIN) {
			/* stderr may share its flags with a stdout that the sink made non-blocking. */
			if (poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 1000) <= 0)
				return -EAGAIN;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* A terminal takes it at once; a pipe that nobody reads holds up the transfers, and shows it. */
int progress_write(int fd, const char *data, size_t size)
{
	int rc = 0;

	async_blocking("stderr is shared with others, who rely on its flags", 0.1)
		rc = write_all(fd, data, size);
	return rc;
}
