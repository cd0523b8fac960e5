/* SPDX-License-Identifier: MIT */
/* codes.c - the table, and the three ways to look into it. */
#include "app/codes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "runtime/base.h"

#define CONFIG CODES_CONFIG
#define UPSTREAM CODES_UPSTREAM
#define TRANSIENT CODES_TRANSIENT
#define LOCAL CODES_LOCAL

/* clang-format off */
const struct codes_entry codes_table[] = {
	/* name, phase, class, retried, codes */
	{ "url_invalid",             "url",      CONFIG,    false, { HTTP_EURL } },
	{ "request_invalid",         "url",      CONFIG,    false, { HTTP_EREQUEST } },
	{ "line_invalid",            "input",    CONFIG,    false, { COLLECT_ELINE } },
	{ "line_too_long",           "input",    CONFIG,    false, { COLLECT_ELINE_LONG } },
	{ "input_failed",            "input",    LOCAL,     false, { COLLECT_EINPUT } },
	{ "credential_origin",       "input",    CONFIG,    false, { COLLECT_EORIGIN } },
	{ "dns_nxdomain",            "dns",      CONFIG,    false, { NET_EDNS_NXDOMAIN } },
	{ "dns_temporary",           "dns",      TRANSIENT, true,  { NET_EDNS_TEMPORARY } },
	{ "dns_failed",              "dns",      TRANSIENT, true,  { NET_EDNS_FAILED } },
	{ "dns_timeout",             "dns",      TRANSIENT, true,  { HTTP_EDNS_TIMEOUT } },
	{ "addr_invalid",            "dns",      CONFIG,    false, { NET_EADDRESS, -EAFNOSUPPORT } },
	{ "addr_blocked",            "connect",  CONFIG,    false, { NET_EADDR_BLOCKED } },
	{ "pool_timeout",            "queue",    TRANSIENT, true,  { HTTP_EPOOL_TIMEOUT } },
	{ "connect_refused",         "connect",  TRANSIENT, true,  { -ECONNREFUSED } },
	{ "connect_timeout",         "connect",  TRANSIENT, true,  { HTTP_ECONNECT_TIMEOUT, -ETIMEDOUT } },
	{ "connect_unreachable",     "connect",  TRANSIENT, true,
	  { -EHOSTUNREACH, -ENETUNREACH, -ENETDOWN, -EHOSTDOWN } },
	{ "connect_denied",          "connect",  CONFIG,    false, { -EACCES, -EPERM } },
	{ "proxy_auth",              "proxy",    CONFIG,    false, { HTTP_EPROXY_AUTH } },
	{ "proxy_refused",           "proxy",    TRANSIENT, true,  { HTTP_EPROXY_REFUSED } },
	{ "proxy_protocol",          "proxy",    TRANSIENT, true,  { HTTP_EPROXY_PROTOCOL } },
	{ "tls_timeout",             "tls",      TRANSIENT, true,  { HTTP_ETLS_TIMEOUT } },
	{ "tls_protocol",            "tls",      CONFIG,    false, { NET_ETLS_PROTOCOL } },
	{ "tls_cert_expired",        "tls",      CONFIG,    false, { NET_ETLS_CERT_EXPIRED } },
	{ "tls_cert_not_yet",        "tls",      CONFIG,    false, { NET_ETLS_CERT_NOT_YET } },
	{ "tls_cert_host",           "tls",      CONFIG,    false, { NET_ETLS_CERT_HOST } },
	{ "tls_cert_untrusted",      "tls",      CONFIG,    false, { NET_ETLS_CERT_UNTRUSTED } },
	{ "tls_pin",                 "tls",      CONFIG,    false, { NET_ETLS_PIN } },
	{ "tls_config",              "tls",      CONFIG,    false, { NET_ETLS_CONFIG } },
	{ "tls_truncated",           "body",     UPSTREAM,  true,  { NET_ETLS_TRUNCATED } },
	{ "write_timeout",           "send",     TRANSIENT, true,  { HTTP_EWRITE_TIMEOUT } },
	{ "header_timeout",          "head",     TRANSIENT, true,  { HTTP_EHEADER_TIMEOUT } },
	{ "header_overflow",         "head",     UPSTREAM,  false, { HTTP_EHEADER_OVERFLOW } },
	{ "http_parse",              "head",     UPSTREAM,  false,  { HTTP_EPARSE } },
	{ "framing_conflict",        "head",     UPSTREAM,  false, { HTTP_EFRAMING } },
	{ "too_many_1xx",            "head",     UPSTREAM,  false, { HTTP_ETOO_MANY_1XX } },
	{ "unexpected_304",          "head",     UPSTREAM,  false, { HTTP_EUNEXPECTED_304 } },
	{ "unexpected_206",          "head",     UPSTREAM,  false, { HTTP_EUNEXPECTED_206 } },
	{ "conn_closed_early",       "head",     TRANSIENT, true,  { HTTP_ECLOSED_EARLY } },
	{ "conn_reset",              "body",     TRANSIENT, true,
	  { -ECONNRESET, -EPIPE, -ECONNABORTED, -ENOTCONN } },
	{ "body_truncated",          "body",     TRANSIENT, true,  { HTTP_EBODY_TRUNCATED } },
	{ "body_idle_timeout",       "body",     TRANSIENT, true,  { HTTP_EBODY_IDLE } },
	{ "body_too_slow",           "body",     TRANSIENT, true,  { HTTP_EBODY_SLOW } },
	{ "body_too_large",          "body",     CONFIG,    false, { HTTP_EBODY_TOO_LARGE } },
	{ "decode_error",            "body",     UPSTREAM,  false, { HTTP_EDECODE } },
	{ "decode_truncated",        "body",     UPSTREAM,  true,  { HTTP_EDECODE_TRUNCATED } },
	{ "json_invalid",            "body",     UPSTREAM,  false, { COLLECT_EJSON, HTTP_EJSON } },
	{ "json_too_deep",           "body",     UPSTREAM,  false, { COLLECT_EJSON_DEPTH } },
	{ "unexpected_content_type", "body",     UPSTREAM,  false, { COLLECT_ECONTENT_TYPE } },
	{ "rate_limited",            "body",     TRANSIENT, true,  { COLLECT_ELIMITED } },
	{ "page_loop",               "page",     UPSTREAM,  false, { COLLECT_EPAGE_LOOP } },
	{ "max_pages",               "page",     CONFIG,    false, { COLLECT_EMAX_PAGES } },
	{ "redirect_limit",          "redirect", CONFIG,    false, { HTTP_EREDIRECT_LIMIT } },
	{ "redirect_loop",           "redirect", UPSTREAM,  false, { HTTP_EREDIRECT_LOOP } },
	{ "redirect_blocked",        "redirect", CONFIG,    false, { HTTP_EREDIRECT_BLOCKED } },
	{ "redirect_downgrade",      "redirect", CONFIG,    false, { HTTP_EREDIRECT_DOWNGRADE } },
	{ "total_timeout",           "total",    TRANSIENT, true,  { HTTP_ETOTAL_TIMEOUT, ASYNC_ETIMEOUT } },
	{ "cancelled",               "run",      TRANSIENT, false,
	  { ASYNC_ECANCELED, HTTP_ESESSION_CLOSED, -ECANCELED } },
	{ "local_fds",               "connect",  LOCAL,     true,  { -EMFILE, -ENFILE } },
	{ "local_ports",             "connect",  LOCAL,     true,
	  { -EADDRNOTAVAIL, -ENOBUFS, -EAGAIN, -EADDRINUSE } },
	{ "local_memory",            "run",      LOCAL,     true,
	  { ASYNC_ENOMEM, ASYNC_ENOGUARD, COLLECT_EMEMORY, COLLECT_ECROWDED } },
	{ "local_errno",             "run",      LOCAL,     false, { 0 } },
	{ "internal",                "run",      LOCAL,     false,
	  { COLLECT_EINTERNAL, ASYNC_EINVAL, ASYNC_EINVALIDSTATE, ASYNC_ESELF, ASYNC_EDEADLOCK,
	    ASYNC_EFAILED } },
};
/* clang-format on */
const size_t codes_count = array_size(codes_table);

size_t codes_index(const struct codes_entry *entry)
{
	return (size_t)(entry - codes_table);
}

const struct codes_entry *codes_named(const char *name)
{
	for (size_t i = 0; i < codes_count; i++)
		if (!strcmp(codes_table[i].name, name))
			return &codes_table[i];
	return NULL;
}

const struct codes_entry *codes_find(int code)
{
	for (size_t i = 0; i < codes_count; i++)
		for (size_t k = 0; k < array_size(codes_table[i].from) && codes_table[i].from[k];
		     k++)
			if (codes_table[i].from[k] == code)
				return &codes_table[i];
	/* Linux's errnos end at 4095; the layers' own codes begin at 10000. */
	return codes_named(code < 0 && code > -4096 ? "local_errno" : "internal");
}

enum codes_class codes_status_class(int status)
{
	if (status == 408 || status == 429)
		return CODES_TRANSIENT;
	return status >= 300 && status < 500 ? CODES_CONFIG : CODES_UPSTREAM;
}

const char *codes_class_name(enum codes_class class)
{
	static const char *const names[] = { "config", "upstream", "transient", "local" };

	return names[class];
}

const char *codes_name(int code_or_status, char buffer[CODES_NAME])
{
	if (code_or_status < 0)
		snprintf(buffer, CODES_NAME, "%s", codes_find(code_or_status)->name);
	else
		snprintf(buffer, CODES_NAME, "http_%03d", code_or_status);
	return buffer;
}

void codes_register(void)
{
	static const struct async_error_entry own[] = {
		{ COLLECT_EINTERNAL, "COLLECT_EINTERNAL", "a worker ended without a result" },
		{ COLLECT_ELINE, "COLLECT_ELINE", "neither a URL nor a job" },
		{ COLLECT_ELINE_LONG, "COLLECT_ELINE_LONG", "the line is too long" },
		{ COLLECT_EINPUT, "COLLECT_EINPUT", "the input cannot be read" },
		{ COLLECT_EORIGIN, "COLLECT_EORIGIN", "a credential would go to another origin" },
		{ COLLECT_EJSON, "COLLECT_EJSON", "the body is not valid JSON" },
		{ COLLECT_EJSON_DEPTH, "COLLECT_EJSON_DEPTH", "the JSON is nested too deeply" },
		{ COLLECT_ECONTENT_TYPE, "COLLECT_ECONTENT_TYPE",
		  "the body is not declared as JSON" },
		{ COLLECT_ELIMITED, "COLLECT_ELIMITED", "the server wants fewer requests" },
		{ COLLECT_EPAGE_LOOP, "COLLECT_EPAGE_LOOP", "a page leads to one before it" },
		{ COLLECT_EMAX_PAGES, "COLLECT_EMAX_PAGES", "there are more pages than allowed" },
		{ COLLECT_EMEMORY, "COLLECT_EMEMORY",
		  "the body does not fit in the memory budget" },
		{ COLLECT_ECROWDED, "COLLECT_ECROWDED",
		  "the body does not fit in the memory budget beside others" },
	};
	static bool done;

	if (!done)
		async_register_errors(own, array_size(own));
	done = true;
}
