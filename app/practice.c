/* SPDX-License-Identifier: MIT */
/* practice.c - starts and stops the origins of the practice APIs; see practice.h. */
#include "app/practice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/practice_internal.h"

const char *practice_host(const struct practice *practice)
{
	return practice->host;
}

static int start_origin(struct practice *practice, int api, bool tls)
{
	const struct practice_options *options = &practice->options;
	struct practice_origin *origin = &practice->origins[practice->count];
	struct http_server_options server = { .tls = tls ? practice->tls : NULL };
	struct net_listener *listener;
	int port = tls ? options->tls_port : options->port;

	*origin = (struct practice_origin){ .practice = practice, .tls = tls };
	origin->api = options->one_port ? NULL : &practice_apis[api];
	int rc = net_listen(&listener, options->address, port ? port + api : 0);
	if (rc < 0)
		return async_raise(rc, "cannot listen on %s port %d: %s", options->address,
				   port ? port + api : 0, async_strerror(rc));
	origin->port = net_listener_port(listener);
	rc = http_server_start(&origin->server, listener, &server, practice_handle, origin);
	if (rc < 0) {
		net_listener_close(listener);
		return rc;
	}
	practice->count++;
	return 0;
}

static int start_origins(struct practice *practice)
{
	const struct practice_options *options = &practice->options;
	int each = options->one_port ? 1 : options->apis;
	int rc = practice_rude_start(&practice->rude, options->address);

	for (int i = 0; rc == 0 && options->plain && i < each; i++)
		rc = start_origin(practice, i, false);
	if (rc == 0 && options->tls)
		rc = net_tls_server(&practice->tls, options->cert_file, options->key_file);
	for (int i = 0; rc == 0 && options->tls && i < each; i++)
		rc = start_origin(practice, i, true);
	return rc;
}

ASYNC_SUSPENDS
int practice_start(struct practice **out, const struct practice_options *options)
{
	struct practice *practice = calloc(1, sizeof(*practice));

	if (practice == NULL)
		return ASYNC_ENOMEM;
	practice->options = *options;
	if (practice->options.apis == 0)
		practice->options.apis = PRACTICE_APIS;
	if (practice->options.address == NULL)
		practice->options.address = "127.0.0.1";
	if (practice->options.knobs.retry_after == 0)
		practice->options.knobs.retry_after = 1000000000;
	bool v6 = strchr(practice->options.address, ':') != NULL;
	snprintf(practice->host, sizeof(practice->host), v6 ? "[%s]" : "%s",
		 practice->options.address);
	int rc = start_origins(practice);
	if (rc < 0) {
		practice_stop(practice, 0);
		return rc;
	}
	*out = practice;
	return 0;
}

bool practice_url(const struct practice *practice, int i, char url[PRACTICE_URL])
{
	const struct practice_options *options = &practice->options;
	int kinds = options->plain + options->tls;

	if (i >= kinds * options->apis)
		return false;
	int api = i % options->apis;
	int at = options->one_port ? i / options->apis : i;
	const struct practice_origin *origin = &practice->origins[at];
	snprintf(url, PRACTICE_URL, "%s://%s:%d/%s", origin->tls ? "https" : "http",
		 practice_host(practice), origin->port, practice_apis[api].name);
	return true;
}

struct stop {
	struct http_server *server;
	double grace;
};

ASYNC_SUSPENDS
static int stop_server(void *arg)
{
	struct stop *stop = arg;

	return http_server_stop(stop->server, stop->grace);
}

/* All at once, so that the grace is waited for once. */
ASYNC_SUSPENDS
void practice_stop(struct practice *practice, double grace)
{
	struct async_task *tasks[2 * PRACTICE_APIS] = { NULL };
	struct stop stops[2 * PRACTICE_APIS];
	size_t started = 0;

	if (practice == NULL)
		return;
	practice_peak_stop(practice);
	for (int i = 0; i < practice->count; i++) {
		struct stop *stop = &stops[i];

		*stop = (struct stop){ practice->origins[i].server, grace };
		tasks[started] = async_create_task(stop_server, stop);
		if (tasks[started] != NULL)
			started++;
		else
			stop_server(stop);
	}
	async_gather(tasks, started, ASYNC_RETURN_EXCEPTIONS, NULL);
	for (size_t i = 0; i < started; i++)
		async_task_release(tasks[i]);
	practice_rude_stop(practice->rude);
	net_tls_context_free(practice->tls);
	free(practice);
}
