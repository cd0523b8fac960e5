/* SPDX-License-Identifier: MIT */
/*
 * race.c - happy eyeballs (RFC 8305): attempts overlap, so a dead address costs 250 ms and not the
 * whole limit.
 *
 * One address is connected to straight, in the caller's task. Several get a small task each, which
 * all end before race_connect returns: they work on its frame.
 */
#include "net/race.h"

#include <stdio.h>
#include <string.h>

#include "net/socket.h"
#include "runtime/base.h"
#include "runtime/fd.h"
#include "runtime/sync.h"

#define HEAD_START 0.25

struct attempt {
	struct race *race;
	const struct net_address *address;
	struct async_task *task; /* NULL: not started */
	int code;		 /* 1: under way; 0: connected; else the failure */
};

struct race {
	const char *here;
	const struct net_connect_options *options;
	struct async_event changed;
	int winner; /* its fd; -1: none yet */
	const struct net_address *address;
	int failed;
	struct attempt attempts[RACE_MAX];
};

static void add_to_report(struct race_result *result, const struct net_address *address, int code)
{
	size_t used = strlen(result->report);
	char text[NET_ADDRESS_TEXT];
	bool silent = code == 1 || code == ASYNC_ECANCELED;

	snprintf(result->report + used, sizeof result->report - used, "%s%s: %s", used ? "; " : "",
		 net_address_format(address, text), silent ? "no answer" : async_strerror(code));
}

/* The fd, or a negative code. */
ASYNC_SUSPENDS
static int try_address(const struct race *race, const struct net_address *address)
{
	int fd;

	race_tell(race->options, NET_CONNECT_ADDRESS_START, address, 0);
	fd = socket_connect(race->here, address);
	race_tell(race->options, NET_CONNECT_ADDRESS_END, address, fd < 0 ? fd : 0);
	return fd;
}

ASYNC_SUSPENDS
static int attempt(void *arg)
{
	struct attempt *attempt = arg;
	struct race *race = attempt->race;
	int fd = try_address(race, attempt->address);

	attempt->code = fd < 0 ? fd : 0;
	if (fd < 0) {
		race->failed++;
	} else if (race->winner < 0) {
		race->winner = fd;
		race->address = attempt->address;
	} else {
		fd_close(race->here, fd);
	}
	async_event_set(&race->changed);
	return 0;
}

static void start(struct race *race, struct attempt *next, const struct net_address *address)
{
	*next = (struct attempt){ .race = race, .address = address, .code = 1 };
	next->task = async_create_task_with(attempt, next,
					    &(struct async_task_options){ .name = "connect" });
	if (!next->task) {
		next->code = async_last_error();
		race->failed++;
	}
}

static const struct async_future_kind kind = { &kind, "the first of the connections", NULL, NULL };

/* Waits until an attempt ends, or until it is time for the next one. */
ASYNC_SUSPENDS
static int wait_for_change(struct race *race, bool more)
{
	struct async_timeout limit;
	int rc;

	async_timeout_begin(&limit, more ? HEAD_START : ASYNC_NO_TIMEOUT);
	rc = sync_event_wait(race->here, &race->changed, &kind, race);
	rc = async_timeout_end(&limit, rc);
	async_event_clear(&race->changed);
	return rc == ASYNC_ETIMEOUT ? 0 : rc;
}

/*
 * Ends the attempts and waits for them, whatever happens: they use this frame. A cancellation that
 * comes while we wait looks like the child's own, so it is told by the count.
 */
ASYNC_SUSPENDS
static void call_off(struct race *race)
{
	for (int i = 0; i < RACE_MAX; i++)
		if (race->attempts[i].task)
			async_cancel(race->attempts[i].task);
	for (int i = 0; i < RACE_MAX; i++) {
		struct async_task *task = race->attempts[i].task;

		if (!task)
			continue;
		while (!async_task_done(task))
			(void)async_await(task);
		(void)async_task_result(task);
		async_task_release(task);
	}
}

/* An address that cannot be reached at all (no IPv6 here) says less than one that refused. */
static int most_telling(const struct race *race, int count)
{
	for (int i = 0; i < count; i++) {
		int code = race->attempts[i].code;

		if (code < 0 && code != -ENETUNREACH && code != -EHOSTUNREACH &&
		    code != -EAFNOSUPPORT && code != -EADDRNOTAVAIL)
			return code;
	}
	return race->attempts[0].code;
}

ASYNC_SUSPENDS
static int run(struct race *race, const struct net_address *addresses, int count,
	       struct race_result *result)
{
	int cancels = async_cancelling(async_current_task());
	int started = 0, rc = 0;

	while (rc == 0 && race->winner < 0 && race->failed < count) {
		if (started < count) {
			result->address = addresses[started];
			start(race, &race->attempts[started], &addresses[started]);
			started++;
		}
		if (race->failed < started)
			rc = wait_for_change(race, started < count);
	}
	call_off(race);
	if (async_cancelling(async_current_task()) > cancels)
		rc = ASYNC_ECANCELED;
	if (rc == 0 && race->winner < 0)
		rc = most_telling(race, count);
	for (int i = 0; i < started; i++)
		if (race->attempts[i].code != 0)
			add_to_report(result, race->attempts[i].address, race->attempts[i].code);
	return rc;
}

ASYNC_SUSPENDS
int race_connect(const char *here, const struct net_address *addresses, int count,
		 const struct net_connect_options *options, struct race_result *result)
{
	struct race race = { .here = here, .options = options, .winner = -1 };
	int rc;

	result->report[0] = '\0';
	if (count == 1) {
		result->address = addresses[0];
		rc = try_address(&race, &addresses[0]);
		if (rc < 0)
			add_to_report(result, &addresses[0], rc);
		return rc;
	}
	rc = run(&race, addresses, count, result);
	if (rc < 0) {
		if (race.winner >= 0)
			fd_close(here, race.winner);
		return rc;
	}
	result->address = *race.address;
	return race.winner;
}
