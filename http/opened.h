/* SPDX-License-Identifier: MIT */
/* opened.h - what becomes of responses whose bodies are still to be read when their session ends. */
#ifndef LOOPHOUND_HTTP_OPENED_H
#define LOOPHOUND_HTTP_OPENED_H

#include "http/session.h"

/* The session is closing: those that nobody is reading lose their connections; the others will. */
void opened_cut_all(struct http_session *session);
/* The loop closes: each is reported and freed, and so is what was handed out. */
void opened_abandon_all(struct http_session *session);

#endif
