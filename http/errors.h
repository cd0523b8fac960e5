/* SPDX-License-Identifier: MIT */
/* errors.h - makes async_strerror() know the codes of http.h. */
#ifndef LOOPHOUND_HTTP_ERRORS_H
#define LOOPHOUND_HTTP_ERRORS_H

/* Idempotent; runs by itself before main(). The session and the server call it to be linked in. */
void errors_register(void);

#endif
