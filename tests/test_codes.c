/* SPDX-License-Identifier: MIT */
#include "app/codes.h"
#include "http/http.h"
#include "runtime/base.h"
#include "tests/harness.h"

TEST(no_code_is_in_two_lines_and_no_name_is_there_twice)
{
	for (size_t i = 0; i < codes_count; i++) {
		for (size_t k = 0; k < codes_count; k++) {
			if (k != i && !strcmp(codes_table[i].name, codes_table[k].name))
				FAIL("%s is there twice", codes_table[i].name);
			for (size_t a = 0; a < 6 && codes_table[i].from[a]; a++)
				for (size_t b = 0; b < 6 && codes_table[k].from[b]; b++)
					if ((i != k || a != b) &&
					    codes_table[i].from[a] == codes_table[k].from[b])
						FAIL("%d: %s and %s", codes_table[i].from[a],
						     codes_table[i].name, codes_table[k].name);
		}
	}
	CHECK(codes_count <= 64); /* struct choice has a bit for each */
}

static void each_is_named(int first, int last)
{
	for (int code = first; code >= last; code--)
		if (!strcmp(codes_find(code)->name, "internal"))
			FAIL("%d (%s) has no line of its own", code, async_errname(code));
}

TEST(every_code_of_http_and_net_has_a_line)
{
	each_is_named(HTTP_EURL, HTTP_EDECODE);
	each_is_named(NET_EDNS_NXDOMAIN, NET_EADDR_BLOCKED);
	each_is_named(NET_ETLS_PROTOCOL, NET_ETLS_CONFIG);
}

TEST(every_errno_is_local_unless_it_speaks_of_the_network)
{
	for (int error = 1; error < 134; error++) {
		const struct codes_entry *entry = codes_find(-error);

		CHECK(entry != NULL);
		CHECK(entry >= codes_table && entry < codes_table + codes_count);
	}
	CHECK_STR(codes_find(-ENOSPC)->name, "local_errno");
	CHECK_STR(codes_find(-EMFILE)->name, "local_fds");
	CHECK_STR(codes_find(-ECONNREFUSED)->name, "connect_refused");
	CHECK_STR(codes_find(-ECONNRESET)->name, "conn_reset");
	CHECK_STR(codes_find(ASYNC_EBUSY)->name, "internal");
	CHECK_STR(codes_find(ASYNC_ECANCELED)->name, "cancelled");
}

/* As the schema promises them: name, phase, class and whether it is tried again. */
TEST(the_table_says_what_the_schema_promises)
{
	static const struct {
		const char *name, *phase;
		enum codes_class class;
		bool retried;
	} promised[] = {
		{ "dns_nxdomain", "dns", CODES_CONFIG, false },
		{ "dns_temporary", "dns", CODES_TRANSIENT, true },
		{ "dns_timeout", "dns", CODES_TRANSIENT, true },
		{ "connect_refused", "connect", CODES_TRANSIENT, true },
		{ "connect_timeout", "connect", CODES_TRANSIENT, true },
		{ "connect_unreachable", "connect", CODES_TRANSIENT, true },
		{ "tls_timeout", "tls", CODES_TRANSIENT, true },
		{ "tls_protocol", "tls", CODES_CONFIG, false },
		{ "tls_cert_expired", "tls", CODES_CONFIG, false },
		{ "tls_cert_not_yet", "tls", CODES_CONFIG, false },
		{ "tls_cert_host", "tls", CODES_CONFIG, false },
		{ "tls_cert_untrusted", "tls", CODES_CONFIG, false },
		{ "tls_pin", "tls", CODES_CONFIG, false },
		{ "tls_truncated", "body", CODES_UPSTREAM, true },
		{ "header_timeout", "head", CODES_TRANSIENT, true },
		{ "header_overflow", "head", CODES_UPSTREAM, false },
		{ "http_parse", "head", CODES_UPSTREAM, false },
		{ "framing_conflict", "head", CODES_UPSTREAM, false },
		{ "too_many_1xx", "head", CODES_UPSTREAM, false },
		{ "unexpected_304", "head", CODES_UPSTREAM, false },
		{ "unexpected_206", "head", CODES_UPSTREAM, false },
		{ "conn_closed_early", "head", CODES_TRANSIENT, true },
		{ "conn_reset", "body", CODES_TRANSIENT, true },
		{ "body_truncated", "body", CODES_TRANSIENT, true },
		{ "body_idle_timeout", "body", CODES_TRANSIENT, true },
		{ "body_too_large", "body", CODES_CONFIG, false },
		{ "decode_error", "body", CODES_UPSTREAM, false },
		{ "decode_truncated", "body", CODES_UPSTREAM, true },
		{ "json_invalid", "body", CODES_UPSTREAM, false },
		{ "json_too_deep", "body", CODES_UPSTREAM, false },
		{ "unexpected_content_type", "body", CODES_UPSTREAM, false },
		{ "redirect_loop", "redirect", CODES_UPSTREAM, false },
		{ "redirect_limit", "redirect", CODES_CONFIG, false },
		{ "redirect_blocked", "redirect", CODES_CONFIG, false },
		{ "redirect_downgrade", "redirect", CODES_CONFIG, false },
		{ "addr_blocked", "connect", CODES_CONFIG, false },
		{ "url_invalid", "url", CODES_CONFIG, false },
		{ "total_timeout", "total", CODES_TRANSIENT, true },
		{ "cancelled", "run", CODES_TRANSIENT, false },
		{ "local_fds", "connect", CODES_LOCAL, true },
		{ "internal", "run", CODES_LOCAL, false },
	};

	for (size_t i = 0; i < array_size(promised); i++) {
		const struct codes_entry *entry = codes_named(promised[i].name);

		if (!entry)
			FAIL("%s is missing", promised[i].name);
		CHECK_STR(entry->phase, promised[i].phase);
		CHECK_STR(codes_class_name(entry->class), codes_class_name(promised[i].class));
		if (entry->retried != promised[i].retried)
			FAIL("%s: retried is %d", entry->name, entry->retried);
	}
}

TEST(a_status_is_http_nnn_and_its_class_says_who_must_act)
{
	char name[CODES_NAME];

	CHECK_STR(codes_name(404, name), "http_404");
	CHECK_STR(codes_name(-ECONNREFUSED, name), "connect_refused");
	CHECK_INT(codes_status_class(404), CODES_CONFIG);
	CHECK_INT(codes_status_class(401), CODES_CONFIG);
	CHECK_INT(codes_status_class(302), CODES_CONFIG);
	CHECK_INT(codes_status_class(408), CODES_TRANSIENT);
	CHECK_INT(codes_status_class(429), CODES_TRANSIENT);
	CHECK_INT(codes_status_class(503), CODES_UPSTREAM);
	CHECK(!codes_named("http_404"));
}
