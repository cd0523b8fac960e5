/* SPDX-License-Identifier: MIT */
/*
 * options_secret.c - who asks: a password and a token come out of the environment, never out of the
 * command line, which every user of the machine can read.
 */
#include <stdlib.h>
#include <string.h>

#include "app/options.h"

#define BEFORE_NAME ":env:"

/* What the environment has under a name that the user has given; NULL after a message. */
static const char *look_up(const char *option, const char *name,
			   const char *(*get)(const char *name), struct text *message)
{
	const char *value = get(name);

	if (value && *value)
		return value;
	text_printf(message, "%s: the environment has no %s", option, name);
	return NULL;
}

/* USER or USER:env:NAME. What stands behind another colon is not repeated: it may be a password. */
static bool take_user(struct options *options, const char *(*get)(const char *name),
		      struct text *message)
{
	char *colon;

	options->user = strdup(options->user_given);
	if (!options->user) {
		text_string(message, "out of memory");
		return false;
	}
	colon = strchr(options->user, ':');
	if (!colon)
		return true;
	if (strncmp(colon, BEFORE_NAME, strlen(BEFORE_NAME)) != 0 || !colon[strlen(BEFORE_NAME)]) {
		text_string(message, "--user is USER or USER:env:NAME, where NAME is the variable "
				     "that has the password");
		return false;
	}
	*colon = '\0';
	options->password = look_up("--user", colon + strlen(BEFORE_NAME), get, message);
	return options->password;
}

static bool find_netrc(struct options *options, const char *(*get)(const char *name),
		       struct text *message)
{
	struct text path = { 0 };
	const char *home = look_up("--netrc", "HOME", get, message);

	if (!home)
		return false;
	text_printf(&path, "%s/.netrc", home);
	if (path.failed || !(options->netrc_path = strdup(text_cstr(&path))))
		text_string(message, "out of memory");
	text_free(&path);
	options->netrc_file = options->netrc_path;
	return options->netrc_path;
}

bool options_find_secrets(struct options *options, const char *(*get)(const char *name),
			  struct text *message)
{
	if (options->user_given && options->bearer_env) {
		text_string(message, "--user and --bearer-env together: give one or the other");
		return false;
	}
	if (options->user_given && !take_user(options, get, message))
		return false;
	if (options->bearer_env) {
		options->bearer = look_up("--bearer-env", options->bearer_env, get, message);
		if (!options->bearer)
			return false;
	}
	return !options->netrc || options->netrc_file || find_netrc(options, get, message);
}

const char *options_credential(const struct options *options)
{
	const char *header = fields_credential(&options->headers);

	if (options->header_to_all)
		return NULL;
	if (options->user)
		return "--user";
	return options->bearer ? "--bearer-env" : header;
}
