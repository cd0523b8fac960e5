/* SPDX-License-Identifier: MIT */
/* userinfo.c - see userinfo.h. */
#include "http/userinfo.h"

#include <ctype.h>
#include <stdbool.h>

static int unhex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

int userinfo_next(const char **text)
{
	int byte;

	if (**text == '\0')
		return -1;
	if (**text != '%')
		return (unsigned char)*(*text)++;
	byte = unhex((*text)[1]) << 4 | unhex((*text)[2]);
	*text += 3;
	return byte;
}

int userinfo_split(const char *userinfo, char user[255], size_t *user_size, char password[255],
		   size_t *password_size)
{
	char *out = user;
	size_t *size = user_size;

	*user_size = *password_size = 0;
	while (*userinfo) {
		/* The first colon that is not escaped divides. */
		if (*userinfo == ':' && size == user_size) {
			out = password;
			size = password_size;
			userinfo++;
			continue;
		}
		if (*size == 255)
			return -1;
		out[(*size)++] = (char)userinfo_next(&userinfo);
	}
	return 0;
}

void userinfo_put_basic(struct writer *writer, const char *name, const char *userinfo)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	bool colon = strchr(userinfo, ':');

	put(writer, name);
	put(writer, ": Basic ");
	for (;;) {
		unsigned bits = 0;
		int count = 0, byte;
		char four[4] = "====";

		while (count < 3 && ((byte = userinfo_next(&userinfo)) >= 0 || !colon)) {
			if (byte < 0) {
				byte = ':';
				colon = true;
			}
			bits |= (unsigned)byte << (16 - 8 * count++);
		}
		if (count == 0)
			break;
		for (int i = 0; i <= count; i++)
			four[i] = digits[bits >> (18 - 6 * i) & 63];
		put_bytes(writer, four, sizeof(four));
	}
	put(writer, "\r\n");
}
