/* SPDX-License-Identifier: MIT */
/* streams_trace.c - see streams_trace.h. */
#include "tests/conformance/streams_trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *truth(bool true_or_false)
{
	return true_or_false ? "True" : "False";
}

/* The bytes as the probe's b() prints them. */
static char *bytes(const char *data, size_t size)
{
	char *text = format("%*s", (int)(2 * size), ""), *at = text;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' || data[i] == '\r')
			*at++ = '\\';
		*at++ = data[i] == '\n' ? 'n' : data[i] == '\r' ? 'r' : data[i];
	}
	*at = '\0';
	return text;
}

static char *exception_text(int code, const struct net_span *span)
{
	const struct async_error *raised = async_raised(code);
	const char *message = raised ? raised->message : "";

	switch (code) {
	case ASYNC_ECANCELED:
		return format("CancelledError");
	case NET_EINCOMPLETE:
		return format("IncompleteReadError: %s partial=%s", message,
			      bytes(span->ptr, span->len));
	case NET_ELIMITOVERRUN:
		return format("LimitOverrunError: %s consumed=%zu", message, span->len);
	case ASYNC_EINVAL:
		return format("ValueError: %s", message);
	case ASYNC_ERUNTIME:
		return format("RuntimeError: %s", message);
	case -EPIPE:
		return format("BrokenPipeError");
	case -ENOENT:
		return format("FileNotFoundError");
	case -ECONNRESET:
		if (strcmp(message, "Connection lost") == 0)
			return format("ConnectionResetError: %s", message);
		return format("ConnectionResetError");
	default:
		return format("%s", async_errname(code));
	}
}

static char *perform(const struct call *call)
{
	bool reads = call->verb <= LINE;
	struct net_span span = { "", 0 };
	char buffer[512];
	int rc = 0;

	switch (call->verb) {
	case READ:
		rc = (int)net_reader_read(call->reader, buffer, call->size);
		span = (struct net_span){ buffer, rc > 0 ? (size_t)rc : 0 };
		break;
	case READ_ALL:
		rc = net_reader_readall(call->reader, &span);
		break;
	case EXACTLY:
		rc = net_reader_readexactly(call->reader, call->size, &span);
		break;
	case UNTIL:
		rc = net_reader_readuntil(call->reader, call->separator, strlen(call->separator),
					  &span);
		break;
	case LINE:
		rc = net_reader_readline(call->reader, &span);
		break;
	case DRAIN:
		rc = net_writer_drain(call->writer);
		break;
	case WAIT_CLOSED:
		rc = net_writer_wait_closed(call->writer);
		break;
	case SERVER_CLOSED:
		rc = net_server_wait_closed(call->server);
		break;
	case SERVE_FOREVER:
		rc = net_server_serve_forever(call->server);
		break;
	}
	if (rc < 0)
		return exception_text(rc, &span);
	return reads ? format("'%s'", bytes(span.ptr, span.len)) : format("None");
}

void attempt(const char *what, struct call call)
{
	say("%s -> %s", what, perform(&call));
}

static int run_call(void *arg)
{
	struct call *call = arg;

	call->said = perform(call);
	return 0;
}

void start(struct call *call)
{
	call->task = async_create_task(run_call, call);
}

void finish(const char *what, struct call *call)
{
	/* One that was cancelled before it began has said nothing. */
	async_await(call->task);
	say("%s -> %s", what, call->said ? call->said : "CancelledError");
}

void settle(void)
{
	async_sleep(0.005);
}
