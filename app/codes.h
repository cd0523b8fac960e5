/* SPDX-License-Identifier: MIT */
/*
 * codes.h - what can go wrong with an item, as the records name it.
 *
 * One closed table: name, phase, class, and whether another attempt may help. Every code of the
 * runtime, net/, http/ and every errno leads to exactly one line of it; a status leads to http_NNN.
 */
#ifndef LOOPHOUND_APP_CODES_H
#define LOOPHOUND_APP_CODES_H

#include <stdbool.h>
#include <stddef.h>

/* The collector's own codes. */
enum collect_code {
	COLLECT_EINTERNAL = -13001, /* a worker ended without a result */
	COLLECT_ELINE = -13002,	    /* a line of the input that is neither a URL nor a job */
	COLLECT_ELINE_LONG = -13003,
	COLLECT_EINPUT = -13004,  /* the input could not be read any further */
	COLLECT_EORIGIN = -13005, /* a credential would go to a second origin */
	COLLECT_EJSON = -13006,	  /* --expect json, and it is not */
	COLLECT_EJSON_DEPTH = -13007,
	COLLECT_ECONTENT_TYPE = -13008,
	COLLECT_EMEMORY = -13009,  /* the body does not fit in --mem */
	COLLECT_ECROWDED = -13010, /* nor, now, beside the others */
	COLLECT_ELIMITED = -13011, /* --also-limited: as good as a 429 */
	COLLECT_EPAGE_LOOP = -13012,
	COLLECT_EMAX_PAGES = -13013,
};

/* Who must act: the user, the server's owner, nobody (try later), the owner of this machine. */
enum codes_class { CODES_CONFIG, CODES_UPSTREAM, CODES_TRANSIENT, CODES_LOCAL };

struct codes_entry {
	const char *name;
	const char *phase;
	enum codes_class class;
	bool retried;
	int from[6]; /* the negative codes that lead here; 0 ends the list */
};

extern const struct codes_entry codes_table[];
extern const size_t codes_count;

/* The line for a negative code. Codes that no line names are "local_errno" or "internal". */
const struct codes_entry *codes_find(int code);
/* Its place in the table. */
size_t codes_index(const struct codes_entry *entry);
/* The line of that name, or NULL. "http_503" is no line. */
const struct codes_entry *codes_named(const char *name);

/* For a status that counts as an error: 408 and 429 transient, other 4xx and 3xx config, else upstream. */
enum codes_class codes_status_class(int status);
const char *codes_class_name(enum codes_class class);

/* "http_503" for a status, the table's name for a negative code. */
#define CODES_NAME 32
const char *codes_name(int code_or_status, char buffer[CODES_NAME]);

/* Registers the collector's own codes with async_register_errors(); once per process. */
void codes_register(void);

#endif
