/* SPDX-License-Identifier: MIT */
/* peer.h - from then on reports say whom an fd is connected to, "127.0.0.1:8080". */
#ifndef LOOPHOUND_NET_PEER_H
#define LOOPHOUND_NET_PEER_H

/* One store: whoever makes a socket may call it. */
void peer_enable_reports(void);

#endif
