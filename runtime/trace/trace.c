/* SPDX-License-Identifier: MIT */
/* trace.c - a recorder's life: it begins and ends with its loop. */
#include "runtime/trace/trace.h"

#include "runtime/altstack.h"
#include "runtime/trace/recorder.h"

struct trace *trace_open(struct async_loop *loop)
{
	struct trace_options options;
	struct trace *trace;

	if (!trace_options_get(&options))
		return NULL;
	trace = trace_new(loop, options.size);
	if (!trace)
		return NULL;
	trace->on = options.on;
	if (trace_file_enter(trace, &options) < 0) {
		trace_free(trace);
		return NULL;
	}
	/* A coroutine's stack may have no room for the handler; where there is no other, it has to do. */
	if (trace->on & ASYNC_TRACE_ON_CRASH) {
		(void)altstack_hold();
		trace_crash_install();
	}
	return trace;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	trace->ended = true;
	if (trace->on & ASYNC_TRACE_ON_END)
		trace_file_write(trace);
	if (trace->on & ASYNC_TRACE_ON_CRASH)
		altstack_drop();
	trace_file_leave(trace);
}
