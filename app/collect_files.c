/* SPDX-License-Identifier: MIT */
/* collect_files.c - see collect_files.h. */
#include "app/collect_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beside the requests: the loop's own, threads' files, look-ups. */
#define OTHER_FILES 64
/* Of each further loop: its own, and those that its watchdog has open to name a function. */
#define LOOP_FILES 64

static bool is_standard(const char *path)
{
	return !path || !strcmp(path, "-");
}

static bool refuse(char why[COLLECT_FILES_WHY], const char *what, const char *path, int error)
{
	snprintf(why, COLLECT_FILES_WHY, "cannot open %s %s: %s", what, path, strerror(error));
	return false;
}

void collect_files_occupy(void)
{
	/* Each is opened for the direction that it is not used for; what goes to stderr gets lost. */
	static const int modes[] = { O_WRONLY, O_RDONLY, O_WRONLY };

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", modes[fd]);
}

/* 0, or why nothing can be read from it, or written to it. */
static int check_mode(int fd, int unusable)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return errno;
	return (flags & O_ACCMODE) == unusable ? EBADF : 0;
}

static bool open_input(struct collect_files *files, const struct options *options,
		       char why[COLLECT_FILES_WHY])
{
	struct stat about;

	if (!options->input)
		return true;
	files->input = is_standard(options->input) ? 0 : open(options->input, O_RDONLY | O_CLOEXEC);
	if (files->input < 0)
		return refuse(why, "input", options->input, errno);
	if (check_mode(files->input, O_WRONLY) || fstat(files->input, &about) < 0)
		return refuse(why, "input", options->input, EBADF);
	return S_ISDIR(about.st_mode) ? refuse(why, "input", options->input, EISDIR) : true;
}

static bool same_file(int a, int b)
{
	struct stat one, other;

	return a >= 0 && fstat(a, &one) == 0 && fstat(b, &other) == 0 && S_ISREG(one.st_mode) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool open_output(struct collect_files *files, const struct options *options,
			char why[COLLECT_FILES_WHY])
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (options->append ? O_APPEND : 0);

	files->output = is_standard(options->output) ? 1 : open(options->output, flags, 0666);
	if (files->output < 0)
		return refuse(why, "output", options->output, errno);
	if (check_mode(files->output, O_RDONLY))
		return refuse(why, "output", "stdout", EBADF);
	if (same_file(files->input, files->output)) {
		snprintf(why, COLLECT_FILES_WHY, "%s is the input and the output", options->input);
		return false;
	}
	return true;
}

static bool open_summary(struct collect_files *files, const struct options *options,
			 char why[COLLECT_FILES_WHY])
{
	if (!options->summary_file)
		return true;
	files->summary = open(options->summary_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (files->summary < 0)
		return refuse(why, "summary", options->summary_file, errno);
	return true;
}

/* It is written here and there, so it has to be a file. */
static bool open_har(struct collect_files *files, const struct options *options,
		     char why[COLLECT_FILES_WHY])
{
	struct stat about;

	if (!options->har)
		return true;
	files->har = open(options->har, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (files->har < 0)
		return refuse(why, "HAR file", options->har, errno);
	if (fstat(files->har, &about) < 0 || !S_ISREG(about.st_mode))
		return refuse(why, "HAR file", options->har, EINVAL);
	if (same_file(files->har, files->output) || same_file(files->har, files->summary) ||
	    same_file(files->har, files->input)) {
		snprintf(why, COLLECT_FILES_WHY, "%s is the HAR file and something else",
			 options->har);
		return false;
	}
	return true;
}

static bool empty(int fd, const char *path, char why[COLLECT_FILES_WHY])
{
	struct stat about;

	if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && ftruncate(fd, 0) < 0)
		return refuse(why, "output", path, errno);
	return true;
}

/* A run that was killed may have left half a line: ours must not be glued to it. */
static void end_last_line(int fd, const char *path)
{
	int reader = open(path, O_RDONLY | O_CLOEXEC);
	struct stat about;
	char last = '\n';

	if (reader >= 0 && fstat(reader, &about) == 0 && S_ISREG(about.st_mode) && about.st_size)
		(void)!pread(reader, &last, 1, about.st_size - 1);
	if (reader >= 0)
		close(reader);
	if (last != '\n')
		while (write(fd, "\n", 1) < 0 && errno == EINTR)
			;
}

bool collect_files_open(struct collect_files *files, const struct options *options,
			char why[COLLECT_FILES_WHY])
{
	bool good;

	*files = (struct collect_files){ .input = -1, .output = -1, .summary = 2, .har = -1 };
	good = open_input(files, options, why) && open_summary(files, options, why) &&
	       open_output(files, options, why) && open_har(files, options, why);
	if (good && files->summary != 2)
		good = empty(files->summary, options->summary_file, why);
	if (good && files->output != 1 && !options->append)
		good = empty(files->output, options->output, why);
	if (good && options->append)
		end_last_line(files->output, options->output);
	if (!good)
		collect_files_close(files);
	return good;
}

void collect_files_close(struct collect_files *files)
{
	/* The first three belong to whoever started the program. */
	if (files->input > 2)
		close(files->input);
	if (files->output > 2)
		close(files->output);
	if (files->summary > 2)
		close(files->summary);
	if (files->har > 2)
		close(files->har);
	*files = (struct collect_files){ -1, -1, 2, -1 };
}

static rlim_t beside_requests(unsigned loops)
{
	return OTHER_FILES + (rlim_t)(loops - 1) * LOOP_FILES;
}

void collect_files_limit(unsigned *concurrency, unsigned *loops)
{
	/* A request races two addresses at worst. */
	rlim_t need = (rlim_t)*concurrency * 2 + beside_requests(*loops), others;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur < need) {
		limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= need
					 ? need
					 : limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur >= need)
		return;
	/* What loops have open themselves must leave half of it, or none of them could connect. */
	while (*loops > 1 && beside_requests(*loops) > limit.rlim_cur / 2)
		--*loops;
	others = beside_requests(*loops);
	/* Better fewer at a time than errors: one descriptor each is what is needed at least. */
	need = limit.rlim_cur / 2 < others ? limit.rlim_cur / 2 : others;
	need = limit.rlim_cur > need ? limit.rlim_cur - need : 1;
	if (need < *concurrency)
		*concurrency = (unsigned)need;
}
