/* SPDX-License-Identifier: MIT */
/* loophound.h - everything a program needs: the runtime, streams, the HTTP client. */
#ifndef LOOPHOUND_H
#define LOOPHOUND_H

#include "http/http.h"
#include "http/json.h"
#include "net/datagram.h"
#include "net/net.h"
#include "runtime/async.h"

#endif
