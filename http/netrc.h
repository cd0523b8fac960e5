/* SPDX-License-Identifier: MIT */
/*
 * netrc.h - a user and a password for a host, from a .netrc file's text. Pure.
 *
 * The format is ftp(1)'s: words "machine NAME", "login NAME", "password WORD", "account WORD",
 * "default", and "macdef NAME" up to a blank line; # begins a comment where a word could begin. Words
 * may be quoted, with \" \\ \n \r \t in them, as curl has it.
 */
#ifndef LOOPHOUND_HTTP_NETRC_H
#define LOOPHOUND_HTTP_NETRC_H

#include <stddef.h>

/*
 * What the first entry for the host says, else the default entry. 1 and *login and *password are for
 * free() (either may be NULL); 0: nothing; HTTP_EREQUEST: the text is no netrc, *line says where it
 * stops being one; ASYNC_ENOMEM.
 */
int netrc_find(const char *text, size_t size, const char *host, char **login, char **password,
	       int *line);

#endif
