/* SPDX-License-Identifier: MIT */
/*
 * collect_files.h - the files of a run, opened in the order in which mistakes do the least harm:
 * the output loses its old content only once everything else has been opened.
 */
#ifndef LOOPHOUND_APP_COLLECT_FILES_H
#define LOOPHOUND_APP_COLLECT_FILES_H

#include "app/options.h"

struct collect_files {
	int input; /* -1: the URLs are arguments */
	int output;
	int summary; /* 2 unless --summary-file */
	int har;     /* -1: none */
};

#define COLLECT_FILES_WHY 512

/*
 * To be called before anything is opened: which of the first three fds is free would become some
 * file of ours, and what is said on stderr would land in it. A closed stdin or stdout stays unusable.
 */
void collect_files_occupy(void);

/* False: why has a line for the user, and nothing is open. */
bool collect_files_open(struct collect_files *files, const struct options *options,
			char why[COLLECT_FILES_WHY]);
void collect_files_close(struct collect_files *files);

/*
 * Raises the soft limit of open files to what so many requests on so many loops need. If the hard limit
 * does not allow that, first the loops become fewer, then the requests.
 */
void collect_files_limit(unsigned *concurrency, unsigned *loops);

#endif
