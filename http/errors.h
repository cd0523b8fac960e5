/* SPDX-License-Identifier: MIT */
/* errors.h - makes async_strerror() know the codes of http.h. */
#ifndef LOOPHOUND_HTTP_ERRORS_H
#define LOOPHOUND_HTTP_ERRORS_H

/* Idempotent and cheap; http_session_new() and http_server_start() call it. */
void errors_register(void);

#endif
