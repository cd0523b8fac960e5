/* SPDX-License-Identifier: MIT */
/* name.h - what can be the name of a host, for dns.c. */
#ifndef LOOPHOUND_NET_NAME_H
#define LOOPHOUND_NET_NAME_H

#include <stdbool.h>

#define NAME_SIZE 255 /* 253 bytes, a final dot, a NUL */

/* Why it cannot be the name of a host; NULL when it can, and then it fits NAME_SIZE. */
const char *name_fault(const char *name);

/*
 * Is the last label a number? getaddrinfo takes such names for addresses, as inet_aton does: 127.1,
 * 2130706433, 0x7f.1.
 */
bool name_ends_in_number(const char *name);

#endif
