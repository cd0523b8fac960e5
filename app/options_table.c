/* SPDX-License-Identifier: MIT */
/* options_table.c - each option on a line, and the few ways to read a value. */
#include "app/options.h"

#include <stdio.h>
#include <string.h>

#include "app/retry.h"
#include "app/verdict.h"
#include "http/resolve.h"
#include "runtime/base.h"

/* Where the row's value lies. */
static void *place(const struct options_row *row, struct options *options)
{
	return (char *)options + row->offset;
}

static const char *expected(const char *format, uint64_t low, uint64_t high)
{
	static char text[96];

	snprintf(text, sizeof text, format, (unsigned long long)low, (unsigned long long)high);
	return text;
}

static const char *count(const struct options_row *row, struct options *options, const char *text)
{
	uint64_t value;

	if (!units_count(text, row->high, &value) || value < row->low)
		return expected("a number from %llu to %llu", row->low, row->high);
	*(uint64_t *)place(row, options) = value;
	return NULL;
}

static const char *count_or_auto(const struct options_row *row, struct options *options,
				 const char *text)
{
	if (count(row, options, strcmp(text, "auto") ? text : "0"))
		return expected("a number from 1 to %llu, or auto", row->high, 0);
	return NULL;
}

static const char *size(const struct options_row *row, struct options *options, const char *text)
{
	uint64_t value;

	if (row->high && units_size(text, &value) && value > row->high)
		return expected("a size of at most %llu MiB", row->high >> 20, 0);
	if (!units_size(text, &value) || value < row->low)
		return row->low > 1 ? expected("a size of at least %llu bytes, such as 64M or 1MiB",
					       row->low, 0)
				    : "a size such as 64M or 1MiB";
	*(uint64_t *)place(row, options) = value;
	return NULL;
}

static const char *duration(const struct options_row *row, struct options *options,
			    const char *text)
{
	if (!units_duration(text, place(row, options)))
		return "a duration such as 250ms, 5s, 2m or 1h";
	return NULL;
}

static const char *duration_or_off(const struct options_row *row, struct options *options,
				   const char *text)
{
	int64_t value = 0;

	if (strcmp(text, "off") && (!units_duration(text, &value) || !value))
		return "a duration such as 100ms, or off";
	*(int64_t *)place(row, options) = value;
	return NULL;
}

static const char *rate(const struct options_row *row, struct options *options, const char *text)
{
	return units_rate(text, place(row, options))
		       ? NULL
		       : "a rate such as 10/s or 5/30s, with ,burst=N behind it if wanted";
}

static const char *string(const struct options_row *row, struct options *options, const char *text)
{
	if (!*text)
		return "a name";
	*(const char **)place(row, options) = text;
	return NULL;
}

/* An empty one is an answer, too. */
static const char *text_or_empty(const struct options_row *row, struct options *options,
				 const char *text)
{
	*(const char **)place(row, options) = text;
	return NULL;
}

static const char *word(const struct options_row *row, struct options *options, const char *text)
{
	const char *at = row->words;

	for (int which = 0; at; which++) {
		size_t length = strcspn(at, "|");

		if (strlen(text) == length && !strncmp(text, at, length)) {
			*(int *)place(row, options) = which;
			return NULL;
		}
		at = at[length] ? at + length + 1 : NULL;
	}
	return row->value;
}

static const char *summary(const struct options_row *row, struct options *options, const char *text)
{
	options->summary_given = true;
	return word(row, options, text);
}

static const char *expect(const struct options_row *row, struct options *options, const char *text)
{
	options->expect_json = !strcmp(text, "json");
	return options->expect_json || !strcmp(text, "any") ? NULL : row->value;
}

static const char *retry_on(const struct options_row *row, struct options *options,
			    const char *text)
{
	const char *wrong;

	(void)row;
	if (!choice_parse(text, true, &options->retry_on, &wrong))
		return "statuses (429, 500-599, 5xx) and error codes (connect_refused) with commas "
		       "between them, or none";
	options->retry_on_given = true;
	return NULL;
}

static const char *fail_on(const struct options_row *row, struct options *options, const char *text)
{
	const char *wrong;

	(void)row;
	if (!choice_parse(text, false, &options->fail_on, &wrong))
		return "statuses such as 404,500-599,4xx, or none";
	return NULL;
}

static const char *paginate(const struct options_row *row, struct options *options,
			    const char *text)
{
	(void)row;
	options->paginate = text;
	return !strcmp(text, "link_header") || json_is_path(text)
		       ? NULL
		       : "link_header, or the place of the next page's URL in the JSON: $.next";
}

static const char *also_limited(const struct options_row *row, struct options *options,
				const char *text)
{
	(void)row;
	return limited_add(&options->limited, text)
		       ? NULL
		       : "a status with a header or a place in its JSON, at most 8 times: "
			 "403:x-ratelimit-remaining=0, 200:$.error.code=throttled";
}

static const char *quota(const struct options_row *row, struct options *options, const char *text)
{
	(void)row;
	return limited_set_quota(&options->limited, text)
		       ? NULL
		       : "the names of two headers: x-ratelimit-remaining,x-ratelimit-reset";
}

static const char *header(const struct options_row *row, struct options *options, const char *text)
{
	static char why[FIELDS_WHY];

	(void)row;
	return fields_add(&options->headers, text, why) < 0 ? why : NULL;
}

static const char *resolve(const struct options_row *row, struct options *options, const char *text)
{
	struct resolve *parsed = NULL;
	static char why[RESOLVE_WHY];
	int rc = resolve_add(&parsed, text, why);

	(void)row;
	resolve_free(parsed);
	if (rc < 0)
		return rc == ASYNC_ENOMEM ? "more memory" : "host:port:address[,address]...";
	if (options->resolve_count == OPTIONS_RESOLVE)
		return expected("at most %llu of them", OPTIONS_RESOLVE, 0);
	options->resolve[options->resolve_count++] = text;
	return NULL;
}

/* The bit of one name; 0: it is none. */
static int kind_named(const char *name, size_t length)
{
	static const struct {
		const char *name;
		enum net_address_kind kind;
	} known[] = { { "link-local", NET_KIND_LINK_LOCAL },
		      { "loopback", NET_KIND_LOOPBACK },
		      { "private", NET_KIND_PRIVATE } };

	for (size_t i = 0; i < array_size(known); i++)
		if (strlen(known[i].name) == length && !strncmp(known[i].name, name, length))
			return (int)known[i].kind;
	return 0;
}

static const char *kinds(const struct options_row *row, struct options *options, const char *text)
{
	bool more = strcmp(text, "none") != 0;
	int all = 0;

	while (more) {
		size_t length = strcspn(text, ",");
		int kind = kind_named(text, length);

		if (!kind)
			return "link-local, loopback, private with commas between them, or none";
		all |= kind;
		more = text[length];
		text += length + 1;
	}
	*(int *)place(row, options) = all;
	return NULL;
}

#define AT(field) .offset = offsetof(struct options, field)

/* clang-format off */
const struct options_row options_table[] = {
{ "input and output", "input", 'i', "FILE|-", NULL,
  "a list of jobs, - for stdin; a line is a URL or {\"url\",\"method\",\"headers\",\"body\",\"ref\"}",
  string, AT(input) },
{ NULL, "output", 'o', "FILE|-", NULL, "where the records go (stdout)", string, AT(output) },
{ NULL, "append", 0, NULL, NULL, "add to the file instead of replacing it", NULL, AT(append) },

{ "limits", "concurrency", 'j', "N", "64", "requests in flight, all hosts together",
  count, AT(concurrency), 1, 100000 },
{ NULL, "per-host", 0, "N", "8", "requests in flight to one host (scheme, name and port)",
  count, AT(per_host), 1, 100000 },
{ NULL, "rate", 0, "10/s", NULL, "requests to one host: 10/s, 5/30s; ,burst=N allows N at once after a rest",
  rate, AT(rate) },
{ NULL, "rate-total", 0, "R", NULL, "the same for all hosts together", rate, AT(rate_total) },
{ NULL, "lookahead", 0, "N", "10000", "jobs read ahead, so that one slow host does not hold up the others",
  count, AT(lookahead), 1, 10000000 },
{ NULL, "mem", 0, "SIZE", "256M", "memory for all bodies in flight and all records that wait",
  size, AT(mem), 1 << 20, 0 },
{ NULL, "threads", 0, "N|auto", "1", "loops that fetch, each on a thread of its own; auto: one per core. Hosts are "
  "spread over them; all limits are for all together", count_or_auto, AT(threads), 0, 256 },

{ "time (0: no limit)", "dns-timeout", 0, "T", "5s", "to look up a name", duration, AT(dns_timeout) },
{ NULL, "connect-timeout", 0, "T", "5s", "to connect, each address included", duration, AT(connect_timeout) },
{ NULL, "tls-timeout", 0, "T", "5s", "to shake hands", duration, AT(tls_timeout) },
{ NULL, "first-byte-timeout", 0, "T", "30s", "from the request to the end of the response's head",
  duration, AT(first_byte_timeout) },
{ NULL, "idle-timeout", 0, "T", "15s", "between two pieces of a body", duration, AT(idle_timeout) },
{ NULL, "max-time", 'm', "T", "60s", "one attempt with its redirects; waits for rates and retries are not in it",
  duration, AT(max_time) },
{ NULL, "deadline", 0, "T", NULL, "the whole run; what is unfinished then is cancelled, exit 7",
  duration, AT(deadline) },
{ NULL, "grace", 0, "T", "10s", "after the first SIGINT, SIGTERM or SIGHUP, for requests in flight to finish",
  duration, AT(grace) },

{ "retry (GET and HEAD only)", "retry", 0, "N", "3", "further attempts after one that failed", count, AT(retry), 0, 1000 },
{ NULL, "retry-on", 0, "LIST", NULL,
  "statuses and error codes (408,429,500,502,503,504,522,524, and what may pass by itself)", retry_on,
  AT(retry_on) },
{ NULL, "retry-base", 0, "T", "500ms", "the first backoff is random up to this, then twice as long each time",
  duration, AT(retry_base) },
{ NULL, "retry-cap", 0, "T", "30s", "the longest backoff", duration, AT(retry_cap) },
{ NULL, "retry-max-time", 0, "T", "2m", "give up when attempts and backoff took so long", duration, AT(retry_max_time) },
{ NULL, "retry-max-wait", 0, "T", "5m", "give a host up for as long as its Retry-After asks for more",
  duration, AT(retry_max_wait) },
{ NULL, "also-limited", 0, "RULE", NULL,
  "an answer that is as good as a 429: 403:x-ratelimit-remaining=0, 200:$.error=throttled; may be repeated", also_limited,
  AT(limited) },
{ NULL, "quota", 0, "LEFT,RESET", NULL,
  "headers that say how much is left and when there is more: a host with nothing left waits, at most --retry-max-wait",
  quota, AT(limited) },

{ "pages", "paginate", 0, "link_header|$.PATH", NULL,
  "ask for the next page, too, as long as a Link header or a value in the JSON names one at the same host", paginate,
  AT(paginate) },
{ NULL, "max-pages", 0, "N", "500", "of one job; more are an error", count, AT(max_pages), 1, 10000 },

{ "body", "max-body", 0, "SIZE", "64M", "a larger body is an error; decoded, if it came encoded", size, AT(max_body), 1, 0 },
{ NULL, "max-wire", 0, "SIZE", NULL, "the same for the body as it came (as --max-body)", size, AT(max_wire), 1, 0 },
{ NULL, "expect", 0, "any|json", "any", "json: anything else is an error", expect, AT(expect_json) },
{ NULL, "fail-on-status", 0, "LIST", NULL, "statuses that are errors: 404,5xx,400-499, none (all but 2xx)", fail_on,
  AT(fail_on) },

{ "requests", "header", 'H', "'K: V'|@FILE", NULL, "add a header; @FILE keeps it out of the process list", header,
  AT(headers) },
{ NULL, "header-to-all", 0, NULL, NULL,
  "send credentials (-H, -u, --bearer-env) to every host, even when there are several", NULL, AT(header_to_all) },
{ NULL, "user", 'u', "USER[:env:NAME]", NULL,
  "basic authorization; the password is in the environment's NAME, which keeps it out of the process list",
  string, AT(user_given) },
{ NULL, "bearer-env", 0, "NAME", NULL, "authorization by the token in the environment's NAME", string, AT(bearer_env) },
{ NULL, "netrc", 0, NULL, NULL, "users and passwords for their hosts are in ~/.netrc", NULL, AT(netrc) },
{ NULL, "netrc-file", 0, "FILE", NULL, "or in this file", string, AT(netrc_file) },
{ NULL, "user-agent", 'A', "NAME", NULL, "instead of loophound/" OPTIONS_VERSION, string, AT(user_agent) },
{ NULL, "max-redirs", 0, "N", "10", "redirects to follow; 0: do not follow", count, AT(max_redirs), 0, 100 },
{ NULL, "allow-downgrade", 0, NULL, NULL, "follow redirects from https to http", NULL, AT(allow_downgrade) },

{ "tls", "cacert", 0, "FILE", NULL, "trust these certificates (PEM) instead of the system's", string, AT(cacert) },
{ NULL, "capath", 0, "DIR", NULL, "the same for all certificates in a directory (*.pem, *.crt, *.cer)", string,
  AT(capath) },
{ NULL, "cert", 0, "FILE", NULL, "show this certificate (PEM) to servers that ask for one", string, AT(cert) },
{ NULL, "key", 0, "FILE", NULL, "its private key, not encrypted (in the file of --cert)", string, AT(key) },
{ NULL, "tls-min", 0, "1.2|1.3", "1.2", "the lowest version of TLS to agree on", word, AT(tls_min), .words = "1.2|1.3" },
{ NULL, "pin", 0, "PINS", NULL, "public keys that a server may have: sha256//BASE64, with ; between several", string,
  AT(pin) },
{ NULL, "insecure", 0, NULL, NULL, "do not verify certificates at all, but for --pin", NULL, AT(insecure) },

{ "proxy (else http_proxy, https_proxy, all_proxy, no_proxy)", "proxy", 'x', "URL", NULL,
  "http://[user:password@]host:port, socks5:// or socks5h:// (it looks names up); \"\": none", text_or_empty, AT(proxy) },
{ NULL, "noproxy", 0, "LIST", NULL, "hosts to reach without it: example.com,10.0.0.0/8,host:8080 or *",
  text_or_empty, AT(no_proxy) },

{ "addresses", "resolve", 0, "H:P:A[,A]", NULL, "where host H is on port P, instead of a look-up; may be repeated",
  resolve, AT(resolve) },
{ NULL, "unix-socket", 0, "PATH", NULL, "connect to this Unix socket, whatever host a URL names; no proxy", string,
  AT(unix_socket) },
{ NULL, "addr-deny", 0, "LIST", "link-local",
  "kinds of addresses not to connect to: link-local, loopback, private, none", kinds, AT(addr_deny) },
{ NULL, "ipv4", '4', NULL, NULL, "only IPv4", NULL, AT(ipv4) },
{ NULL, "ipv6", '6', NULL, NULL, "only IPv6", NULL, AT(ipv6) },

{ "reporting", "summary", 0, "text|json|none", "text", "at the end, on stderr", summary, AT(summary),
  .words = "text|json|none" },
{ NULL, "summary-file", 0, "FILE", NULL, "the summary goes here instead, as JSON unless --summary text",
  string, AT(summary_file) },
{ NULL, "har", 0, "FILE", NULL, "a waterfall of all requests, for a browser's tools (HAR 1.2)", string, AT(har) },
{ NULL, "har-body", 0, "SIZE", NULL, "so much of each body goes into --har as well (0: none)", size, AT(har_body),
  0, 1 << 20 },
{ NULL, "progress", 0, "auto|bar|plain|none", "auto", "on stderr; auto: a bar on a terminal", word, AT(progress),
  .words = "auto|bar|plain|none" },
{ NULL, "quiet", 'q', NULL, NULL, "errors only: no progress, no summary, no warnings", NULL, AT(quiet) },
{ NULL, "verbose", 'v', NULL, NULL, "a line on stderr for each retry, pause and failure", NULL, AT(verbose) },
{ NULL, "watchdog", 0, "T|off", "100ms", "report when the program itself holds its event loop for longer",
  duration_or_off, AT(watchdog) },
{ NULL, "trace", 0, "FILE|-", NULL, "what the event loop did in its last seconds, at the end and at a crash: for "
  "ui.perfetto.dev and chrome://tracing; as prose if FILE ends in .txt, or on stderr with -", string, AT(trace) },
};
/* clang-format on */
const size_t options_count = array_size(options_table);
