/* SPDX-License-Identifier: MIT */
/* hostile_run.c - one run of collect against a server for each line; what its records say. */
#include "app/codes.h"
#include "runtime/base.h"
#include "tests/hostile.h"
#include "tests/peer_upstream.h"

#define MAX_LINES 192

struct net_tls_context *(*hostile_tls)(size_t line);
bool hostile_is_proxy, hostile_same_server;

static struct raw_server servers[MAX_LINES];
static struct net_tls_context *contexts[MAX_LINES];
static struct raw_step scripts[MAX_LINES][3];
static const char *heard[MAX_LINES], *heard_last[MAX_LINES];
static const struct line *lines;
static size_t count;

/* ---- The run --------------------------------------------------------------------------------- */

static void fill_in_port(char *bytes, size_t size, int port)
{
	char *at;

	while ((at = memmem(bytes, size, "@PORT", 5)))
		memcpy(at, format("%05d", port), 5);
}

static const char *start_server(size_t i)
{
	const struct fault *fault = &lines[i].fault;
	const struct raw_step *script = fault->script ? fault->script : scripts[i];
	char *bytes = format("%*s", (int)fault->size, "");

	memcpy(bytes, fault->bytes ? fault->bytes : "", fault->size);
	scripts[i][0] = (struct raw_step)RAW_REQUEST;
	scripts[i][1] = (struct raw_step)RAW_SEND_BYTES(bytes, fault->size);
	scripts[i][2] = (struct raw_step){ .verb = fault->ending };
	contexts[i] = hostile_tls ? hostile_tls(i) : NULL;
	servers[i].tls = contexts[i];
	CHECK_INT(raw_server_start(&servers[i], script), 0);
	fill_in_port(bytes, fault->size, servers[i].port);
	/* "%d" stands for the port. */
	if (hostile_same_server)
		return servers[0].url;
	return lines[i].url ? format(lines[i].url, servers[i].port) : servers[i].url;
}

static int wait_for_program(void *arg)
{
	program_wait(arg);
	return 0;
}

static const char *all_requests(const struct raw_server *server)
{
	char *all = format("%s", "");

	for (int i = 0; i < server->request_count; i++)
		all = format("%s%s", all, server->requests[i].text);
	return all;
}

static int run(void *arg)
{
	char *input = format("%s", "");

	(void)arg;
	for (size_t i = 0; i < count; i++)
		input = format("%s%s\n", input, start_server(i));
	collect.input = input;
	const char *const env[] = {
		format("all_proxy=http://user:secret@127.0.0.1:%d", servers[0].port), NULL
	};

	collect.env = hostile_is_proxy ? env : NULL;
	program_start(&collect);
	CHECK_INT(async_to_thread(wait_for_program, &collect), 0);
	for (size_t i = 0; i < count; i++) {
		int n = servers[i].request_count;

		heard[i] = all_requests(&servers[i]);
		heard_last[i] = format("%s", n ? servers[i].requests[n - 1].text : "");
		raw_server_stop(&servers[i]);
		net_tls_context_free(contexts[i]);
	}
	return 0;
}

/* ---- The records ----------------------------------------------------------------------------- */

static long long integer_in(json_t *record, const char *name)
{
	return json_integer_value(json_object_get(record, name));
}

static void check_error(const struct line *line, json_t *record, const char *text)
{
	const struct fault *fault = &line->fault;
	json_t *error = json_object_get(record, "error");
	bool status = !strncmp(fault->code, "http_", 5) && codes_named(fault->code) == NULL;
	const struct codes_entry *entry = status ? NULL : codes_named(fault->code);
	enum codes_class class = status ? codes_status_class(atoi(fault->code + 5)) : entry->class;
	int attempts = line->attempts ? line->attempts : entry && entry->retried ? 2 : 1;

	if (fault->phase && !strcmp(fault->phase, "url"))
		attempts = 0; /* nothing was tried */

	if (!error || strcmp(string_in(error, "code"), fault->code) != 0)
		FAIL("%s: not %s but %s", fault->name, fault->code, text);
	if (fault->phase && strcmp(string_in(error, "phase"), fault->phase) != 0)
		FAIL("%s: not in phase %s: %s", fault->name, fault->phase, text);
	if (strcmp(string_in(error, "class"), codes_class_name(class)) != 0)
		FAIL("%s: not of class %s: %s", fault->name, codes_class_name(class), text);
	if (integer_in(record, "attempts") != attempts)
		FAIL("%s: not %d attempts: %s", fault->name, attempts, text);
	if (json_array_size(json_object_get(record, "history")) !=
	    (size_t)(attempts > 1 ? attempts - 1 : 0))
		FAIL("%s: not %d in its history: %s", fault->name, attempts - 1, text);
}

static void check_response(const struct line *line, json_t *record, const char *text)
{
	const struct fault *fault = &line->fault;
	const char *body = string_in(record, "body_text");

	if (strcmp(string_in(record, "type"), fault->type ? fault->type : "response") != 0)
		FAIL("%s: not a response but %s", fault->name, text);
	if (integer_in(record, "status") != fault->status ||
	    (fault->body && strcmp(body ? body : "", fault->body) != 0))
		FAIL("%s: not %d %s: %s", fault->name, fault->status, fault->body, text);
	if (integer_in(record, "attempts") != (line->attempts ? line->attempts : 1))
		FAIL("%s: attempts: %s", fault->name, text);
}

static void check_heard(const struct line *line, const char *text, const char *last)
{
	if (line->heard && !strstr(text, line->heard))
		FAIL("%s: not \"%s\" in %s", line->fault.name, line->heard, text);
	if (line->unheard && strstr(last, line->unheard))
		FAIL("%s: \"%s\" in %s", line->fault.name, line->unheard, last);
}

/* The record of each line, once and valid; the number of errors. */
static size_t check_records(void)
{
	json_t *all = records(collect.out);
	size_t errors = 0;

	if (json_array_size(all) != count)
		FAIL("%zu records of %zu: %s%s", json_array_size(all), count, collect.out,
		     collect.err);
	for (size_t i = 0; i < count; i++) {
		json_t *record = by_line(all, (int)i + 1);
		char *dumped = json_dumps(record, 0);
		const char *text = format("%s", dumped);

		free(dumped);
		if (lines[i].fault.code)
			check_error(&lines[i], record, text);
		else
			check_response(&lines[i], record, text);
		if (lines[i].says && !strstr(text, lines[i].says))
			FAIL("%s: not \"%s\" in %s", lines[i].fault.name, lines[i].says, text);
		check_heard(&lines[i], heard[i], heard_last[i]);
		errors += lines[i].fault.code != NULL;
	}
	json_decref(all);
	return errors;
}

void hostile_run(const struct line *all, size_t n, double seconds, const char *const *options)
{
	const char *argv[40] = {
		built("collect"), "-i", "-",  "--retry", "1",	       "--retry-base", "1ms",
		"--per-host",	  "64", "-j", "500",	 "--watchdog", "off"
	};
	size_t argc = 13, errors;

	lines = all;
	count = n;
	CHECK(n <= MAX_LINES);
	for (; *options; options++)
		argv[argc++] = *options;
	collect = (struct program){ .argv = argv, .limit = seconds };
	CHECK_INT(async_run(run, NULL), 0);
	if (collect.timed_out)
		FAIL("collect hangs: %s%s", collect.out, collect.err);
	CHECK_STR(collect.err, "");
	errors = check_records();
	CHECK_INT(collect.status, errors == count ? 4 : errors ? 3 : 0);
}
