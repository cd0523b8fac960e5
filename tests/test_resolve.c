/* SPDX-License-Identifier: MIT */
/* test_resolve.c - addresses given for a host, and what they are used for. */
#include "http/resolve.h"

#include "tests/raw_client.h"

static const struct raw_step hello[] = { RAW_REQUEST, RAW_SEND(HI), RAW_AGAIN };

TEST(a_host_a_port_and_addresses_are_found_again)
{
	struct resolve *list = NULL;
	const struct resolve *found;
	char why[RESOLVE_WHY], text[NET_ADDRESS_TEXT];

	CHECK_INT(resolve_add(&list, "a.test:80:10.0.0.1", why), 0);
	CHECK_INT(resolve_add(&list, "b.test:443:[::1],10.0.0.2,::2", why), 0);
	CHECK_INT(resolve_add(&list, "a.test:80:10.0.0.3", why), 0);
	found = resolve_find(list, "A.test", 80);
	CHECK(found && found->count == 1);
	CHECK_STR(net_address_format(&found->addresses[0], text), "10.0.0.3:80");
	found = resolve_find(list, "b.test", 443);
	CHECK(found && found->count == 3);
	CHECK_STR(net_address_format(&found->addresses[0], text), "[::1]:443");
	CHECK_STR(net_address_format(&found->addresses[2], text), "[::2]:443");
	CHECK(!resolve_find(list, "b.test", 80));
	CHECK(!resolve_find(list, "test", 443));
	resolve_free(list);
}

TEST(what_is_none_is_refused_with_its_text)
{
	static const char *const bad[] = {
		"",
		"a.test",
		"a.test:80",
		":80:10.0.0.1",
		"a.test:0:::1",
		"a.test:65536:::1",
		"a.test:80:",
		"a.test:80:10.0.0.1,",
		"a.test:80:b",
		"a.test:x:10.0.0.1",
		"a.test:80:[]",
		"a:80:::1,::1,::1,::1,::1,::1,::1",
	};
	struct resolve *list = NULL;
	char why[RESOLVE_WHY];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(resolve_add(&list, bad[i], why), NET_EADDRESS);
		CHECK_CONTAINS(why, format("\"%s\": ", bad[i]));
	}
	CHECK(!list);
}

static void open_session(const char *given, unsigned deny)
{
	session = http_session_new(&(struct http_session_options){
		.resolve = &given, .resolve_count = 1, .deny_kinds = deny });
	CHECK(session != NULL);
}

CLIENT_TEST(a_given_address_is_connected_to_and_the_name_goes_on_the_wire)
{
	serve(hello);
	open_session(format("nowhere.test:%d:127.0.0.1", server.port), 0);
	CHECK_INT(ask(format("http://nowhere.test:%d/", server.port), NULL), 0);
	CHECK_STR(answer->peer, format("127.0.0.1:%d", server.port));
	CHECK_INT(answer->timing.dns, 0);
	CHECK_CONTAINS(server.requests[0].text,
		       format("\r\nHost: nowhere.test:%d\r\n", server.port));
}

CLIENT_TEST(a_given_address_may_be_denied_like_any_other)
{
	serve(hello);
	open_session(format("nowhere.test:%d:127.0.0.1", server.port), NET_KIND_LOOPBACK);
	CHECK_INT(ask(format("http://nowhere.test:%d/", server.port), NULL), NET_EADDR_BLOCKED);
	CHECK_INT(server.accepted, 0);
}

CLIENT_TEST(a_session_with_a_rule_that_is_none_is_not_made)
{
	const char *bad = "a.test:80";

	CHECK(!http_session_new(
		&(struct http_session_options){ .resolve = &bad, .resolve_count = 1 }));
	CHECK_CONTAINS(async_raised(NET_EADDRESS)->message, "a.test:80");
}
