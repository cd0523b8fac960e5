/* SPDX-License-Identifier: MIT */
/* options_text.c - what the help and the manual page both say beside the table. */
#include "app/options_text.h"

#include "runtime/base.h"

const char *const options_synopsis[] = { "[run] [OPTIONS] URL...", "[run] [OPTIONS] -i FILE|-",
					 NULL };

const char options_about[] =
	"Fetches every URL once, many at a time, and writes one line of JSON for each: a response "
	"that is complete and verified, or an error that says what happened and who must act.";

const struct options_example options_examples[] = {
	{ "collect https://host/a https://host/b", "records on stdout, a summary on stderr" },
	{ "collect -i urls.txt -j 50 -o out.ndjson", "a list from a file, records into a file" },
	{ "producer | collect -i - --rate 10/s", "as it comes; each host 10 times a second" },
	{ "jq -r 'select(.type==\"error\").url' out.ndjson | collect -i - --append -o out.ndjson",
	  "repeats only what failed" },
};
const size_t options_example_count = array_size(options_examples);

const char options_values[] =
	"Durations are 250ms, 5s, 2m, 1h; a bare number is seconds. Sizes are 64M, 1MiB; k, M, G are "
	"binary. Each option may come from the environment: --per-host is COLLECT_PER_HOST. A flag "
	"wins over the environment, which wins over the default.";

const char *const options_exits[] = {
	"every item succeeded",
	"an internal error: please report it",
	"usage or configuration; nothing was sent",
	"some items failed after their retries",
	"no item succeeded",
	"the output could not be written",
	"stopped by a signal with unfinished work",
	"--deadline passed with unfinished work",
};
const size_t options_exit_count = array_size(options_exits);

const char options_signals[] =
	"The first SIGINT, SIGTERM or SIGHUP lets requests in flight finish, the second one does not.";
