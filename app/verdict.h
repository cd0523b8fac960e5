/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - is a complete response what was wanted, and in which form does its body go into the
 * record? Pure, and slow for a large body: then it belongs on a thread.
 */
#ifndef LOOPHOUND_APP_VERDICT_H
#define LOOPHOUND_APP_VERDICT_H

#include "app/choice.h"
#include "app/limited.h"
#include "http/http.h"

struct verdict_rules {
	bool expect_json;
	const struct limited *limited; /* may be NULL */
	struct choice fail_on;	       /* statuses that are errors */
};

/* Everything but 2xx. */
void verdict_default(struct choice *fail_on);

enum verdict_form {
	VERDICT_NO_BODY,
	VERDICT_JSON,	/* "body", byte for byte */
	VERDICT_TEXT,	/* "body_text" */
	VERDICT_BASE64, /* "body_b64" */
};

#define VERDICT_WHY 160

struct verdict {
	int outcome; /* 0: fine; a status; COLLECT_EJSON, COLLECT_EJSON_DEPTH, COLLECT_ECONTENT_TYPE,
		     COLLECT_ELIMITED */
	bool unchanged; /* a 304 that was asked for; the outcome is 0 */
	enum verdict_form form;
	struct json_span body; /* in the response, without a byte order mark */
	char why[VERDICT_WHY]; /* of an outcome other than 0 */
};

void verdict_judge(struct verdict *verdict, const struct verdict_rules *rules,
		   const struct http_response *response, const char *method);

#endif
