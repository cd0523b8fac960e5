/* SPDX-License-Identifier: MIT */
/* test_winner.c - the address that has won a race gets the next head start, for a while. */
#include "net/winner.h"

#include <unistd.h>

#include "tests/harness.h"

static int run(int (*fn)(void *arg))
{
	return async_run_with(fn, NULL, &(struct async_run_options){ .virtual_clock = true });
}

/* ---- The order ------------------------------------------------------------------------------- */

static struct net_address list[4];

/* "a b c": one letter for each of these. */
static const char *const texts[] = { "10.0.0.1", "fc00::1", "10.0.0.2", "fc00::2", "10.0.0.3" };

static struct net_address address(char letter)
{
	struct net_address made;

	CHECK_INT(net_address_parse(&made, texts[letter - 'a'], 80), 0);
	return made;
}

static void order(const char *host, const char *before, const char *after)
{
	int count = (int)strlen(before);
	char text[NET_ADDRESS_TEXT], want[NET_ADDRESS_TEXT];

	for (int i = 0; i < count; i++)
		list[i] = address(before[i]);
	winner_first(host, list, count);
	for (int i = 0; i < count; i++) {
		struct net_address wanted = address(after[i]);

		CHECK_STR(net_address_format(&list[i], text), net_address_format(&wanted, want));
	}
}

static void won(const char *host, const char *tried, char winner)
{
	struct net_address first = address(tried[0]), win = winner ? address(winner) : first;

	winner_note(host, &first, winner ? &win : NULL, 600);
}

static int put_in_order(void *arg)
{
	(void)arg;
	order("h.test", "abcd", "abcd");
	won("h.test", "abcd", 'c');
	order("h.test", "abcd", "cabd");
	order("H.Test", "abcd", "cabd");
	order("other.test", "abcd", "abcd");
	/* It is not there any more: then its family. */
	order("h.test", "bda", "abd");
	order("h.test", "bd", "bd");
	/* What had the head start anyhow teaches nothing. */
	won("h.test", "cabd", 'c');
	order("h.test", "abcd", "cabd");
	/* Another one is better, none is. */
	won("h.test", "cabd", 'd');
	order("h.test", "abcd", "dabc");
	won("h.test", "dabc", 0);
	order("h.test", "abcd", "abcd");
	return 0;
}

TEST(the_last_winner_or_its_family_goes_to_the_front)
{
	CHECK_INT(run(put_in_order), 0);
}

static int let_it_age(void *arg)
{
	(void)arg;
	won("h.test", "ab", 'b');
	CHECK_INT(async_sleep(599), 0);
	won("h.test", "ba", 'b');
	order("h.test", "ab", "ba");
	CHECK_INT(async_sleep(2), 0);
	order("h.test", "ab", "ab");
	return 0;
}

TEST(ten_minutes_later_the_other_one_gets_another_chance)
{
	CHECK_INT(run(let_it_age), 0);
	/* Each loop has its own. */
	CHECK_INT(run(let_it_age), 0);
}

/* ---- Connecting ------------------------------------------------------------------------------ */

static char tried[256];

static void note(void *arg, enum net_connect_event event, const struct net_address *to, int code)
{
	char text[NET_ADDRESS_TEXT];
	size_t used = strlen(tried);

	(void)arg;
	(void)code;
	if (event == NET_CONNECT_ADDRESS_START)
		snprintf(tried + used, sizeof tried - used, "%.9s ", net_address_format(to, text));
}

static struct net_address both[2];

/* What was tried, in order. */
static const char *connecting(const char *host, double lifetime, int rc)
{
	struct net_connect_options options = {
		.addresses = both,
		.address_count = 2,
		.watch = note,
		.winner_lifetime = lifetime,
	};
	struct net_stream *stream;

	tried[0] = '\0';
	CHECK_INT(net_connect(&stream, host, 80, &options), rc);
	if (rc == 0)
		net_close(stream);
	return tried;
}

/* At a port where 127.0.0.1 refuses: it is bound, and nobody listens. The fd that holds it. */
static int listen_at_the_second(struct net_listener **listener)
{
	int fd, bound;

	for (;;) {
		CHECK_INT(net_listen(listener, "127.0.0.2", 0), 0);
		CHECK_INT(net_address_parse(&both[0], "127.0.0.1", net_listener_port(*listener)),
			  0);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(fd >= 0);
		bound = bind(fd, &both[0].any, both[0].length);
		if (bound == 0)
			return fd;
		close(fd);
		net_listener_close(*listener);
	}
}

static int connect_again_and_again(void *arg)
{
	struct net_listener *listener;
	int fd = listen_at_the_second(&listener), port = net_listener_port(listener);

	(void)arg;
	CHECK_INT(net_address_parse(&both[1], "127.0.0.2", port), 0);
	CHECK_STR(connecting("a.test", -1, 0), "127.0.0.1 127.0.0.2 ");
	CHECK_STR(connecting("a.test", 0, 0), "127.0.0.1 127.0.0.2 ");
	CHECK_STR(connecting("a.test", 0, 0), "127.0.0.2 ");
	CHECK_STR(connecting("a.test", -1, 0), "127.0.0.1 127.0.0.2 ");
	CHECK_STR(connecting("b.test", 5, 0), "127.0.0.1 127.0.0.2 ");
	async_sleep(6);
	CHECK_STR(connecting("b.test", 5, 0), "127.0.0.1 127.0.0.2 ");
	net_listener_close(listener);
	/* It fails, and so does the other: forgotten. */
	CHECK_STR(connecting("a.test", 0, -ECONNREFUSED), "127.0.0.2 127.0.0.1 ");
	CHECK_STR(connecting("a.test", 0, -ECONNREFUSED), "127.0.0.1 127.0.0.2 ");
	close(fd);
	return 0;
}

TEST(a_host_is_asked_where_it_has_answered)
{
	CHECK_INT(run(connect_again_and_again), 0);
}

static int remember_one(void *arg)
{
	struct net_address first = address('a'), second = address('c');

	(void)arg;
	winner_note("h.test", &first, &second, 600);
	list[0] = first;
	list[1] = second;
	winner_first("h.test", list, 2);
	return 0;
}

static void run_in_need(void)
{
	(void)async_run(remember_one, NULL);
}

TEST(without_memory_nothing_is_remembered)
{
	for_each_failing_allocation(run_in_need);
}
