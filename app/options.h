/* SPDX-License-Identifier: MIT */
/*
 * options.h - what the user asked for: a flag, or else COLLECT_NAME in the environment, or else the
 * default. One table has the name, the default, the reader and the help of each, so that these
 * cannot disagree.
 */
#ifndef LOOPHOUND_APP_OPTIONS_H
#define LOOPHOUND_APP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/choice.h"
#include "app/fields.h"
#include "app/limited.h"
#include "app/text.h"
#include "app/units.h"

#define OPTIONS_VERSION "0.1.0"
#define OPTIONS_RESOLVE 64 /* how many there may be */

enum options_action { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_MAN, OPTIONS_SHOW_VERSION };
enum options_summary { OPTIONS_SUMMARY_TEXT, OPTIONS_SUMMARY_JSON, OPTIONS_SUMMARY_NONE };
enum options_progress {
	OPTIONS_PROGRESS_AUTO,
	OPTIONS_PROGRESS_BAR,
	OPTIONS_PROGRESS_PLAIN,
	OPTIONS_PROGRESS_NONE,
};

/* Times are nanoseconds, 0: none. Strings are argv's or the environment's. */
struct options {
	enum options_action action;
	const char **urls; /* malloc'd array of argv's strings */
	size_t url_count;
	const char *input, *output; /* NULL: not given */
	bool append;

	uint64_t concurrency, per_host, lookahead, mem;
	uint64_t threads; /* 0: as many as there are cores */
	struct units_rate rate, rate_total;

	int64_t dns_timeout, connect_timeout, tls_timeout, first_byte_timeout, idle_timeout;
	int64_t max_time, deadline, grace;

	uint64_t retry;
	struct choice retry_on;
	bool retry_on_given;
	int64_t retry_base, retry_cap, retry_max_time, retry_max_wait;
	struct limited limited;

	const char *paginate; /* NULL: not; "link_header", or a path that begins with $ */
	uint64_t max_pages;

	uint64_t max_body, max_wire;
	bool expect_json;
	struct choice fail_on;

	const char *user_agent; /* NULL: the client's */
	uint64_t max_redirs;
	bool allow_downgrade;

	struct fields headers;
	bool header_to_all;
	const char *user_given, *bearer_env; /* as they were given */
	char *user;			     /* of these; malloc'd */
	const char *password, *bearer;	     /* the environment's; NULL: none */
	bool netrc;
	const char *netrc_file; /* NULL: none */
	char *netrc_path;	/* malloc'd, if netrc_file is none of argv's */
	const char *cacert, *capath, *cert, *key, *pin;
	int tls_min; /* enum net_tls_version */
	bool insecure;
	const char *proxy, *no_proxy; /* NULL: as the environment says */
	const char *resolve[OPTIONS_RESOLVE];
	size_t resolve_count;
	const char *unix_socket;
	int addr_deny;	 /* of enum net_address_kind */
	bool ipv4, ipv6; /* only */

	enum options_summary summary;
	bool summary_given;
	const char *summary_file, *har;
	uint64_t har_body;
	enum options_progress progress;
	int64_t watchdog; /* 0: off */
	const char *trace;
	bool quiet, verbose;
};

/*
 * Reads argv (argv[0] is skipped) and the environment through get. True; or false, and message has
 * one line for the user without the program's name. options_free() in both cases.
 */
bool options_parse(struct options *options, int argc, char *const *argv,
		   const char *(*get)(const char *name), struct text *message);
void options_free(struct options *options);
void options_help(struct text *text);
void options_man(struct text *text);   /* the same as a manual page */
void options_usage(struct text *text); /* a few lines, for a call without any work */

/*
 * A credential that every request has, by the name of its option or header, and that is for one origin
 * alone; NULL: none, or --header-to-all.
 */
const char *options_credential(const struct options *options);

/* options_secret.c, for options.c: what the environment has of them. As options_parse(). */
bool options_find_secrets(struct options *options, const char *(*get)(const char *name),
			  struct text *message);

/* ---- The table, options_table.c -------------------------------------------------------------- */

struct options_row {
	const char *group; /* where --help lists it; NULL: as the row before */
	const char *name;
	char letter;
	const char *value;    /* how --help calls the argument; NULL: a switch without one */
	const char *fallback; /* the default, read as if given; NULL: zero */
	const char *help;
	/* NULL, or what is expected instead: "a number from 1 to 10". Not for switches. */
	const char *(*read)(const struct options_row *row, struct options *options,
			    const char *text);
	size_t offset;
	uint64_t low, high;
	const char *words; /* of a choice, by '|' */
};
extern const struct options_row options_table[];
extern const size_t options_count;

#endif
