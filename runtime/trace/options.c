/* SPDX-License-Identifier: MIT */
/* options.c - async_trace_configure() and LOOPHOUND_TRACE. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/say.h"
#include "runtime/trace/piece.h"

static struct trace_options chosen; /* on 0: nothing is asked for */

static bool fill(struct trace_options *options, const char *file, size_t length)
{
	if (length >= sizeof options->file)
		return false;
	memcpy(options->file, file, length);
	options->file[length] = '\0';
	return true;
}

int async_trace_configure(const struct async_trace_options *options)
{
	struct trace_options next = { 0 };
	const char *file = options && options->file ? options->file : "";

	if (!fill(&next, file, strlen(file)) ||
	    (!strcmp(file, "-") && options->format == ASYNC_TRACE_CHROME))
		return ASYNC_EINVAL;
	if (options) {
		next.format = options->format;
		next.size = options->size ? options->size : TRACE_SIZE_DEFAULT;
		next.on = options->on ? options->on : ASYNC_TRACE_ON_END;
	}
	chosen = next;
	return 0;
}

static bool is_prose(const char *name, size_t length)
{
	return (length == 1 && *name == '-') ||
	       (length > 4 && !memcmp(name + length - 4, ".txt", 4));
}

int async_trace_to(const char *name)
{
	struct async_trace_options options = {
		.file = name,
		.format = is_prose(name, strlen(name)) ? ASYNC_TRACE_TEXT : ASYNC_TRACE_CHROME,
		.on = ASYNC_TRACE_ON_END | ASYNC_TRACE_ON_CRASH,
	};
	char expanded[PIECE_NAME];
	int fd, rc = piece_name(expanded, name);

	if (rc == 0 && strcmp(name, "-") != 0) {
		fd = open(expanded, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		rc = fd < 0 ? -errno : close(fd) < 0 ? -errno : 0;
	}
	return rc < 0 ? rc : async_trace_configure(&options);
}

/* ---- LOOPHOUND_TRACE ------------------------------------------------------------------------- */

static bool is(const char *word, size_t length, const char *text)
{
	return strlen(text) == length && !memcmp(word, text, length);
}

static bool starts(const char *word, size_t length, const char *text)
{
	return length > strlen(text) && !memcmp(word, text, strlen(text));
}

static bool read_size(const char *text, size_t length, size_t *size)
{
	char *unit;
	unsigned long long value = strtoull(text, &unit, 10);
	size_t used = (size_t)(unit - text), rest = length - used;

	if (!used || used > length || *text == '-' || rest > 1)
		return false;
	if (rest && *unit != 'K' && *unit != 'M')
		return false;
	if (value > TRACE_SIZE_MOST)
		return false;
	value *= !rest ? 1 : *unit == 'K' ? 1024 : 1024 * 1024;
	*size = value;
	return value >= TRACE_SIZE_LEAST && value <= TRACE_SIZE_MOST;
}

static bool read_on(const char *text, size_t length, unsigned *on)
{
	while (length) {
		const char *plus = memchr(text, '+', length);
		size_t word = plus ? (size_t)(plus - text) : length;

		if (is(text, word, "end"))
			*on |= ASYNC_TRACE_ON_END;
		else if (is(text, word, "stall"))
			*on |= ASYNC_TRACE_ON_STALL;
		else if (is(text, word, "crash"))
			*on |= ASYNC_TRACE_ON_CRASH;
		else
			return false;
		text += word + (plus != NULL);
		length -= word + (plus != NULL);
	}
	return true;
}

static bool read_file_name(const char *text, size_t length, struct trace_options *options)
{
	if (is_prose(text, length))
		options->format = ASYNC_TRACE_TEXT;
	return fill(options, text, length);
}

static bool read_word(const char *word, size_t length, struct trace_options *options)
{
	if (is(word, length, "text"))
		options->format = ASYNC_TRACE_TEXT;
	else if (is(word, length, "chrome"))
		options->format = ASYNC_TRACE_CHROME;
	else if (starts(word, length, "file="))
		return read_file_name(word + 5, length - 5, options);
	else if (starts(word, length, "size="))
		return read_size(word + 5, length - 5, &options->size);
	else if (starts(word, length, "on="))
		return read_on(word + 3, length - 3, &options->on);
	else if (!memchr(word, '=', length) &&
		 (is(word, length, "-") || memchr(word, '.', length) || memchr(word, '/', length)))
		return read_file_name(word, length, options);
	else
		return false;
	return true;
}

const char *trace_options_parse(const char *text, struct trace_options *options)
{
	*options = (struct trace_options){ .size = TRACE_SIZE_DEFAULT };
	if (!strcmp(text, "off") || !*text)
		return NULL;
	for (size_t length; *text; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		if (!length || is(text, length, "off") || !read_word(text, length, options))
			return length ? text : "an empty word";
	}
	if (!options->on)
		options->on = ASYNC_TRACE_ON_END;
	if (!options->file[0] && options->format == ASYNC_TRACE_TEXT)
		strcpy(options->file, "-");
	return !options->file[0] ? "no file is named"
	       : !strcmp(options->file, "-") && options->format == ASYNC_TRACE_CHROME
		       ? "chrome needs a file"
		       : NULL;
}

static void say(const char *wrong)
{
	char text[320];
	int length =
		snprintf(text, sizeof text,
			 "loophound: LOOPHOUND_TRACE: not understood: %.*s\n"
			 "  nothing is recorded. Known are FILE (with a dot or a slash in it), "
			 "file=NAME, text, chrome, size=16M, on=end+stall+crash, off\n",
			 (int)strcspn(wrong, ","), wrong);

	say_all(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

bool trace_options_get(struct trace_options *options)
{
	const char *wanted = getenv("LOOPHOUND_TRACE");
	static atomic_bool said;

	if (wanted) {
		const char *wrong = trace_options_parse(wanted, options);

		if (wrong && !atomic_exchange(&said, true))
			say(wrong);
		return !wrong && options->on;
	}
	*options = chosen;
	return options->on;
}
