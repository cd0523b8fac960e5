/* SPDX-License-Identifier: MIT */
/* test_address.c - numeric addresses: what is one, how it prints, what network it is of. */
#include "net/address.h"
#include "net/name.h"
#include "runtime/base.h"
#include "tests/harness.h"

static bool parses(const char *text)
{
	struct net_address address;

	return net_address_parse(&address, text, 80) == 0;
}

static const char *round_trip(const char *text, int port)
{
	static char buffer[NET_ADDRESS_TEXT];
	struct net_address address;

	CHECK_INT(net_address_parse(&address, text, port), 0);
	return net_address_format(&address, buffer);
}

static int kind(const char *text)
{
	struct net_address address;

	CHECK_INT(net_address_parse(&address, text, 1), 0);
	return net_address_kind(&address);
}

TEST(addresses_print_as_they_were_given)
{
	CHECK_STR(round_trip("127.0.0.1", 80), "127.0.0.1:80");
	CHECK_STR(round_trip("255.255.255.255", 65535), "255.255.255.255:65535");
	CHECK_STR(round_trip("::1", 443), "[::1]:443");
	CHECK_STR(round_trip("2001:DB8:0:0::1", 1), "[2001:db8::1]:1");
	CHECK_STR(round_trip("::ffff:1.2.3.4", 9), "[::ffff:1.2.3.4]:9");
	CHECK_STR(round_trip("1111:2222:3333:4444:5555:6666:123.123.123.123", 65535),
		  "[1111:2222:3333:4444:5555:6666:7b7b:7b7b]:65535");
}

TEST(legacy_and_broken_spellings_are_refused)
{
	static const char *const texts[] = {
		"",	      " ",	    "1",	  "127.1",	  "2130706433", "0x7f.1",
		"0x7f000001", "0177.0.0.1", "127.0.0.1 ", " 127.0.0.1",	  "1.2.3.4.5",	"1.2.3.256",
		"1.2.3",      "[::1]",	    "::1%lo",	  "fe80::1%eth0", ":::",	"1::2::3",
		"localhost",  "1.2.3.4:80", "12345::",	  "1.2.3.4\n",
	};

	for (size_t i = 0; i < array_size(texts); i++)
		if (parses(texts[i]))
			FAIL("\"%s\" was taken for an address", texts[i]);
}

TEST(ports_outside_1_to_65535_are_refused)
{
	struct net_address address;

	CHECK_INT(net_address_parse(&address, "127.0.0.1", 0), NET_EADDRESS);
	CHECK_INT(net_address_parse(&address, "127.0.0.1", -1), NET_EADDRESS);
	CHECK_INT(net_address_parse(&address, "::1", 65536), NET_EADDRESS);
	CHECK_INT(net_address_parse(&address, "::1", 65535), 0);
	CHECK_INT(address_port(&address), 65535);
}

TEST(each_network_has_its_kind)
{
	static const struct {
		const char *text;
		enum net_address_kind kind;
	} table[] = {
		{ "8.8.8.8", NET_KIND_PUBLIC },
		{ "126.255.255.255", NET_KIND_PUBLIC },
		{ "127.0.0.1", NET_KIND_LOOPBACK },
		{ "127.255.255.255", NET_KIND_LOOPBACK },
		{ "128.0.0.1", NET_KIND_PUBLIC },
		{ "0.0.0.0", NET_KIND_LOOPBACK },
		{ "169.253.255.255", NET_KIND_PUBLIC },
		{ "169.254.169.254", NET_KIND_LINK_LOCAL },
		{ "169.255.0.0", NET_KIND_PUBLIC },
		{ "9.255.255.255", NET_KIND_PUBLIC },
		{ "10.0.0.1", NET_KIND_PRIVATE },
		{ "11.0.0.0", NET_KIND_PUBLIC },
		{ "172.15.255.255", NET_KIND_PUBLIC },
		{ "172.16.0.0", NET_KIND_PRIVATE },
		{ "172.31.255.255", NET_KIND_PRIVATE },
		{ "172.32.0.0", NET_KIND_PUBLIC },
		{ "192.168.1.1", NET_KIND_PRIVATE },
		{ "192.169.0.0", NET_KIND_PUBLIC },
		{ "100.63.255.255", NET_KIND_PUBLIC },
		{ "100.64.0.1", NET_KIND_PRIVATE },
		{ "100.127.255.255", NET_KIND_PRIVATE },
		{ "100.128.0.0", NET_KIND_PUBLIC },
		{ "::1", NET_KIND_LOOPBACK },
		{ "::", NET_KIND_LOOPBACK },
		{ "::2", NET_KIND_LOOPBACK }, /* 0.0.0.2 in its IPv6 dress */
		{ "2001:4860:4860::8888", NET_KIND_PUBLIC },
		{ "fe80::1", NET_KIND_LINK_LOCAL },
		{ "febf::1", NET_KIND_LINK_LOCAL },
		{ "fec0::1", NET_KIND_PRIVATE },
		{ "fc00::1", NET_KIND_PRIVATE },
		{ "fdff::1", NET_KIND_PRIVATE },
		{ "fe00::1", NET_KIND_PUBLIC },
		{ "::ffff:127.0.0.1", NET_KIND_LOOPBACK },
		{ "::ffff:169.254.169.254", NET_KIND_LINK_LOCAL },
		{ "::ffff:10.1.2.3", NET_KIND_PRIVATE },
		{ "::ffff:8.8.8.8", NET_KIND_PUBLIC },
		{ "::127.0.0.1", NET_KIND_LOOPBACK },
		{ "64:ff9b::169.254.169.254", NET_KIND_LINK_LOCAL },
	};

	for (size_t i = 0; i < array_size(table); i++)
		if (kind(table[i].text) != (int)table[i].kind)
			FAIL("%s: kind %d, not %d", table[i].text, kind(table[i].text),
			     table[i].kind);
}

TEST(an_address_of_another_family_is_not_taken)
{
	struct sockaddr from = { .sa_family = AF_UNIX };
	struct net_address address;

	CHECK(!address_from(&address, &from, sizeof from));
	from.sa_family = AF_INET6;
	CHECK(!address_from(&address, &from, sizeof from)); /* too short for one */
}

TEST(names_that_cannot_be_are_told_why)
{
	char label[65], name[300];

	memset(label, 'a', sizeof label);
	label[64] = '\0';
	CHECK_CONTAINS(name_fault(label), "more than 63");
	label[63] = '\0';
	CHECK(!name_fault(label));

	snprintf(name, sizeof name, "%s.%s.%s.%.61s", label, label, label, label);
	CHECK_INT(strlen(name), 253);
	CHECK(!name_fault(name));
	CHECK(!name_fault(strcat(name, ".")));
	snprintf(name, sizeof name, "%s.%s.%s.%.62s", label, label, label, label);
	CHECK_CONTAINS(name_fault(name), "253");

	CHECK_CONTAINS(name_fault(""), "empty");
	CHECK_CONTAINS(name_fault("."), "empty");
	CHECK_CONTAINS(name_fault("a..b"), "empty");
	CHECK_CONTAINS(name_fault(".a"), "empty");
	CHECK_CONTAINS(name_fault("a.."), "empty");
	CHECK_CONTAINS(name_fault("a b"), "character");
	CHECK_CONTAINS(name_fault("a/b"), "character");
	CHECK_CONTAINS(name_fault("a\n"), "character");
	CHECK_CONTAINS(name_fault("caf\xc3\xa9"), "character");
	CHECK(!name_fault("a"));
	CHECK(!name_fault("A-b_c.example.COM"));
	CHECK(!name_fault("xn--caf-dma.example"));
}

TEST(names_that_end_in_a_number_are_known)
{
	CHECK(name_ends_in_number("127.1"));
	CHECK(name_ends_in_number("2130706433"));
	CHECK(name_ends_in_number("0x7f.1"));
	CHECK(name_ends_in_number("a.0X7F"));
	CHECK(name_ends_in_number("0x"));
	CHECK(name_ends_in_number("1.2.3.4."));
	CHECK(!name_ends_in_number("1.2.3.a4"));
	CHECK(!name_ends_in_number("4a"));
	CHECK(!name_ends_in_number("0xg"));
	CHECK(!name_ends_in_number("example.com."));
	CHECK(!name_ends_in_number(""));
}
