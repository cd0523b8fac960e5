/* SPDX-License-Identifier: MIT */
/* codes.h - from getaddrinfo's codes to net's own; the table of their texts is in codes.c. */
#ifndef LOOPHOUND_NET_CODES_H
#define LOOPHOUND_NET_CODES_H

/* error is errno as getaddrinfo left it, looked at for EAI_SYSTEM only. */
int codes_of_eai(int eai, int error);

#endif
