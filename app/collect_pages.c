/* SPDX-License-Identifier: MIT */
/*
 * collect_pages.c - a page leads to the next one: another job of the same line, with the same
 * headers. All pages seen are remembered, so that no circle is run twice, however long it is.
 */
#include "app/collect.h"

#include <stdio.h>
#include <string.h>

#include "app/aside.h"
#include "app/codes.h"
#include "app/pages.h"
#include "http/redirect.h"

/* An item of its own, which nobody asks for: the page that would have come. */
static void report_page(struct flight *flight, struct json_span url, int code, const char *why)
{
	struct job *page = job_next_page(flight->job, url);

	flight->arrival.no_page =
		collect_report(flight->lane, page ? page : flight->job,
			       &(struct collect_end){ .outcome = code, .message = why });
	job_free(page);
}

/* Both this page and the next are seen from here on. 0 or a code. */
static int remember(struct job *job, const struct url *next)
{
	struct url *own = NULL;
	char why[URL_WHY];
	int rc = 0;

	if (!job->pages) {
		rc = url_parse(&own, job->url, job->url_size, why);
		rc = rc < 0 ? rc : redirect_visit(&job->pages, "GET", own);
		url_free(own);
	}
	rc = rc < 0 ? rc : redirect_visit(&job->pages, "GET", next);
	return rc == HTTP_EREDIRECT_LOOP ? COLLECT_EPAGE_LOOP : rc;
}

/* What the user wrote before the host goes along, since it is the same host. */
static void write_url(struct text *text, const struct job *job, const struct url *next)
{
	const char *rest = strstr(next->text, "://") + 3;
	struct url *own = NULL;
	char why[URL_WHY];

	if (url_parse(&own, job->url, job->url_size, why) == 0 && own->userinfo)
		text_printf(text, "%.*s%s@%s", (int)(rest - next->text), next->text, own->userinfo,
			    rest);
	else
		text_string(text, next->text);
	url_free(own);
}

/* The job of the next page. It goes to the same host, of which the main loop will have it. */
static int add(struct flight *flight, const struct text *url)
{
	if (!url->failed)
		flight->arrival.next =
			job_next_page(flight->job, (struct json_span){ url->data, url->length });
	return flight->arrival.next ? 0 : ASYNC_ENOMEM;
}

/* link becomes the whole URL: whoever reads of it in a record of an error can ask for it. */
static int follow(struct flight *flight, const struct http_response *response, struct text *link,
		  char why[PAGES_WHY])
{
	struct job *job = flight->job;
	struct url *next;
	int rc = pages_resolve(job->url, response->url,
			       (struct json_span){ link->data, link->length }, &next, why);

	if (rc < 0)
		return rc;
	link->length = 0;
	write_url(link, job, next);
	rc = remember(job, next);
	if (rc == COLLECT_EPAGE_LOOP)
		snprintf(why, PAGES_WHY, "page %u leads to a page before it", job->page);
	if (!rc && job->page >= flight->lane->collect->options->max_pages) {
		snprintf(why, PAGES_WHY,
			 "there is a page behind page %u, and --max-pages allows no more",
			 job->page);
		rc = COLLECT_EMAX_PAGES;
	}
	if (!rc)
		rc = add(flight, link);
	url_free(next);
	return rc;
}

struct looking {
	const char *how;
	const struct http_response *response;
	struct text *link;
};

static int look(void *arg)
{
	const struct looking *l = arg;

	return pages_link(l->how, l->response, l->link);
}

ASYNC_SUSPENDS
void collect_next_page(struct flight *flight, const struct http_response *response)
{
	struct job *job = flight->job;
	char why[PAGES_WHY] = "out of memory";
	struct text link = { 0 };
	struct looking l = { flight->lane->collect->options->paginate, response, &link };
	int rc;

	if (strcmp(job_method(job), "GET") != 0)
		return;
	rc = response->body.len < COLLECT_LARGE ? look(&l) : aside_do(look, &l);
	if (rc == HTTP_EJSON)
		snprintf(why, sizeof why, "%.100s does not lead to the URL of the next page",
			 l.how);
	if (rc > 0)
		rc = link.failed ? ASYNC_ENOMEM : follow(flight, response, &link, why);
	if (rc < 0)
		report_page(flight,
			    link.length ? (struct json_span){ link.data, link.length }
					: (struct json_span){ job->url, job->url_size },
			    rc, why);
	text_free(&link);
}
