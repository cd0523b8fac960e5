/* SPDX-License-Identifier: MIT */
/*
 * practice_handler.c - answers one request to a practice API.
 *
 * The order is that of a real service: is there such a path, are the parameters good, is the caller
 * within the rate, then the work (a delay), then perhaps a failure, then the answer.
 *
 *   /weather /users ...  JSON; the knobs of practice_knobs.h apply; /weather/7 is taken as well
 *   /stats               counts of the whole server, JSON
 *   /redirect?n=3        three redirects, then the API; /loop redirects to itself
 *   /never               no answer, ever
 *   /text, /binary       bodies that are not JSON
 *   /truncate ...        redirects to the rude origin; see practice_rude.c
 */
#include <string.h>

#include "app/practice_internal.h"

static int send_body(const struct practice_api *api, const struct practice_knobs *knobs,
		     struct http_server_response *response)
{
	int id = knobs->id ? (int)knobs->id : (int)(api - practice_apis) + 1;
	size_t size = practice_body(NULL, 0, api, id, (size_t)knobs->size);
	char *body = practice_reply(response, knobs->status ? knobs->status : 200,
				    "application/json", size);

	if (body == NULL)
		return ASYNC_ENOMEM;
	practice_body(body, size + 1, api, id, (size_t)knobs->size);
	return 0;
}

ASYNC_SUSPENDS
static int work(struct practice_origin *origin, const struct practice_api *api,
		const struct practice_knobs *knobs, struct http_server_response *response)
{
	struct practice *practice = origin->practice;
	uint64_t seed = practice->options.seed, n = origin->requests++;
	int64_t delay = knobs->delay;

	if (knobs->rate.interval > 0) {
		int64_t wait = practice_rate_take(&origin->rate_due, &knobs->rate, async_time_ns());

		practice->stats.limited += wait > 0;
		if (wait > 0)
			return practice_refuse(response, 429, "too many requests",
					       wait > knobs->retry_after ? wait
									 : knobs->retry_after);
	}
	delay += (int64_t)((double)knobs->jitter * practice_chance(~seed, n));
	int rc = delay > 0 ? async_sleep((double)delay / 1e9) : 0;
	if (rc < 0)
		return rc;
	if (practice_chance(seed, n) < knobs->error_rate) {
		practice->stats.failed++;
		return practice_refuse(response, 503, "out of order", knobs->retry_after);
	}
	return send_body(api, knobs, response);
}

/* Counts what is under way around work(). */
ASYNC_SUSPENDS
static int serve_api(struct practice_origin *origin, const struct practice_api *api,
		     const struct practice_knobs *knobs, struct http_server_response *response)
{
	struct practice_stats *stats = &origin->practice->stats;

	practice_look(origin->practice);
	stats->requests++;
	if (++stats->in_flight > stats->peak_in_flight)
		stats->peak_in_flight = stats->in_flight;
	int rc = work(origin, api, knobs, response);
	stats->in_flight--;
	return rc;
}

static int serve_stats(struct practice_origin *origin, const struct practice_knobs *knobs,
		       struct http_server_response *response)
{
	const struct practice_stats *stats = &origin->practice->stats;

	(void)knobs;
	return practice_say(response, 200,
			    "{\"requests\":%lu,\"limited\":%lu,\"failed\":%lu,\"in_flight\":%u,"
			    "\"peak_in_flight\":%u,\"peak_connections\":%u}",
			    stats->requests, stats->limited, stats->failed, stats->in_flight,
			    stats->peak_in_flight, stats->peak_connections);
}

static int serve_redirect(struct practice_origin *origin, const struct practice_knobs *knobs,
			  struct http_server_response *response)
{
	const struct practice_api *api = origin->api ? origin->api : &practice_apis[0];

	if (knobs->n > 1)
		return practice_redirect(response, "/redirect?n=%d", (int)knobs->n - 1);
	return practice_redirect(response, "/%s", api->name);
}

static int serve_loop(struct practice_origin *origin, const struct practice_knobs *knobs,
		      struct http_server_response *response)
{
	(void)origin, (void)knobs;
	return practice_redirect(response, "/loop");
}

ASYNC_SUSPENDS
static int serve_never(struct practice_origin *origin, const struct practice_knobs *knobs,
		       struct http_server_response *response)
{
	(void)origin, (void)knobs, (void)response;
	for (;;) {
		int rc = async_sleep(3600);
		if (rc < 0)
			return rc;
	}
}

static int serve_bytes(struct http_server_response *response, const char *type, const char *bytes,
		       size_t size)
{
	char *body = practice_reply(response, 200, type, size);

	if (body == NULL)
		return ASYNC_ENOMEM;
	memcpy(body, bytes, size);
	return 0;
}

static int serve_text(struct practice_origin *origin, const struct practice_knobs *knobs,
		      struct http_server_response *response)
{
	static const char text[] = "The quick brown fox.\nNot JSON, but UTF-8: déjà vu.\n";

	(void)origin, (void)knobs;
	return serve_bytes(response, "text/plain; charset=utf-8", text, sizeof(text) - 1);
}

static int serve_binary(struct practice_origin *origin, const struct practice_knobs *knobs,
			struct http_server_response *response)
{
	static const char bytes[] = "\x89PNG\r\n\x1a\n\0\xff\xfe";

	(void)origin, (void)knobs;
	return serve_bytes(response, "application/octet-stream", bytes, sizeof(bytes) - 1);
}

static const struct {
	const char *path;
	int (*serve)(struct practice_origin *origin, const struct practice_knobs *knobs,
		     struct http_server_response *response);
} specials[] = {
	{ "/stats", serve_stats }, { "/redirect", serve_redirect }, { "/loop", serve_loop },
	{ "/never", serve_never }, { "/text", serve_text },	    { "/binary", serve_binary },
};

ASYNC_SUSPENDS
static int serve_special(struct practice_origin *origin, const char *path, size_t length,
			 const struct practice_knobs *knobs, struct http_server_response *response)
{
	const struct practice_api *api = origin->api ? origin->api : &practice_apis[0];
	int rude = practice_rude_port(origin->practice->rude);

	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (strlen(specials[i].path) == length &&
		    memcmp(specials[i].path, path, length) == 0)
			return specials[i].serve(origin, knobs, response);
	if (practice_rude_knows(path, length))
		return practice_redirect(response, "http://%s:%d%.*s",
					 practice_host(origin->practice), rude, (int)length, path);
	return practice_say(response, 404, "{\"error\":\"no such path\",\"try\":\"/%s\"}",
			    api->name);
}

ASYNC_SUSPENDS
int practice_handle(void *arg, const struct http_server_request *request,
		    struct http_server_response *response)
{
	struct practice_origin *origin = arg;
	struct practice_knobs knobs = origin->practice->options.knobs;
	const char *path = request->target, *mark = strchr(path, '?');
	size_t length = mark ? (size_t)(mark - path) : strlen(path);
	const struct practice_api *api = practice_api_of(path, length);
	char name[32];

	const char *bad = practice_knobs_parse(&knobs, mark ? mark + 1 : NULL, name);
	if (bad != NULL)
		return practice_say(response, 400, "{\"error\":\"bad value for %s\"}", bad);
	if (api != NULL && (origin->api == NULL || origin->api == api))
		return serve_api(origin, api, &knobs, response);
	return serve_special(origin, path, length, &knobs, response);
}
