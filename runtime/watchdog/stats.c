/* SPDX-License-Identifier: MIT */
/* stats.c - LOOPHOUND_WATCHDOG=stats: the loop's accounts, printed when it closes. */
#include "runtime/account.h"
#include "runtime/say.h"
#include "runtime/watchdog/options.h"
#include "runtime/watchdog/watchdog.h"

#include <fcntl.h>
#include <unistd.h>

void watchdog_say_accounts(const struct account *account, const struct heartbeat *hb)
{
	struct watchdog_options options;
	struct async_accounts accounts;
	char text[4096];
	int fd = -1;

	(void)watchdog_options_get(&options);
	if (!options.stats)
		return;
	account_read(account, hb, &accounts);
	if (options.file[0] != '\0')
		fd = open(options.file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	say_all_to(fd >= 0 ? fd : STDERR_FILENO, text, account_text(&accounts, text, sizeof(text)));
	if (fd >= 0)
		close(fd);
}
