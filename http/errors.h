/* SPDX-License-Identifier: MIT */
/* errors.h - makes async_strerror() know the codes of http.h. */
#ifndef LOOPHOUND_HTTP_ERRORS_H
#define LOOPHOUND_HTTP_ERRORS_H

/* Idempotent; runs by itself before main(). Called by the session and the server to be linked in. */
void errors_register(void);

#endif
