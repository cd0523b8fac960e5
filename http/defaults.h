/* SPDX-License-Identifier: MIT */
/* defaults.h - what a session and the options add to a call's request: headers, and who asks. */
#ifndef LOOPHOUND_HTTP_DEFAULTS_H
#define LOOPHOUND_HTTP_DEFAULTS_H

#include "http/call.h"

/* After call->first is known. 0, or a code that has been raised: a netrc that cannot be read. */
ASYNC_SUSPENDS int defaults_apply(struct call *call);
void defaults_drop(struct call *call);

#endif
