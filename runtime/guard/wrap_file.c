/* SPDX-License-Identifier: MIT */
/*
 * wrap_file.c - the wrappers of what asks the disk.
 */
#include "runtime/guard/wrap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mode need not be there; then what is read instead is not looked at. */
static int (*real_open)(const char *path, int flags, ...);
static int wrap_open(const char *path, int flags, ...)
{
	va_list rest;
	int mode;

	va_start(rest, flags);
	mode = va_arg(rest, int);
	va_end(rest);
	LOOK("open", NUMBER(openat), 0, A(path));
	return real_open(path, flags, mode);
}

static int (*real_openat)(int at, const char *path, int flags, ...);
static int wrap_openat(int at, const char *path, int flags, ...)
{
	va_list rest;
	int mode;

	va_start(rest, flags);
	mode = va_arg(rest, int);
	va_end(rest);
	LOOK("openat", NUMBER(openat), A(at), A(path));
	return real_openat(at, path, flags, mode);
}

WRAP(int, creat, (const char *path, mode_t mode), (path, mode), NUMBER(openat), 0, A(path))
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NUMBER(openat), 0, A(path))
WRAP(FILE *, freopen, (const char *path, const char *mode, FILE *file), (path, mode, file),
     NUMBER(openat), 0, A(path))
WRAP(DIR *, opendir, (const char *path), (path), NUMBER(openat), 0, A(path))
WRAP(int, stat, (const char *path, struct stat *status), (path, status), NUMBER(newfstatat), 0,
     A(path))
WRAP(int, lstat, (const char *path, struct stat *status), (path, status), NUMBER(newfstatat), 0,
     A(path))
WRAP(int, fstatat, (int at, const char *path, struct stat *status, int flags),
     (at, path, status, flags), NUMBER(newfstatat), A(at), A(path))
WRAP(int, access, (const char *path, int mode), (path, mode), NUMBER(faccessat), 0, A(path))
WRAP(int, unlink, (const char *path), (path), NUMBER(unlinkat), 0, A(path))
WRAP(int, rename, (const char *from, const char *to), (from, to), NUMBER(renameat), 0, A(from))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), NUMBER(mkdirat), 0, A(path))
WRAP(int, rmdir, (const char *path), (path), NUMBER(unlinkat), 0, A(path))
WRAP(int, truncate, (const char *path, off_t size), (path, size), NUMBER(truncate), A(path))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), NUMBER(ftruncate), A(fd))
WRAP(int, fsync, (int fd), (fd), NUMBER(fsync), A(fd))
WRAP(int, faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags),
     NUMBER(faccessat), A(at), A(path))
WRAP(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), NUMBER(unlinkat),
     A(at), A(path))
WRAP(int, remove, (const char *path), (path), NUMBER(unlinkat), 0, A(path))
WRAP(int, renameat, (int at, const char *from, int at_to, const char *to), (at, from, at_to, to),
     NUMBER(renameat), A(at), A(from))
WRAP(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), NUMBER(mkdirat),
     A(at), A(path))
WRAP(int, link, (const char *from, const char *to), (from, to), NUMBER(linkat), 0, A(from))
WRAP(int, linkat, (int at, const char *from, int at_to, const char *to, int flags),
     (at, from, at_to, to, flags), NUMBER(linkat), A(at), A(from))
WRAP(int, symlink, (const char *target, const char *path), (target, path), NUMBER(symlinkat),
     A(target))
WRAP(int, symlinkat, (const char *target, int at, const char *path), (target, at, path),
     NUMBER(symlinkat), A(target))
WRAP(int, statfs, (const char *path, void *status), (path, status), NUMBER(statfs), A(path))
WRAP(struct dirent *, readdir, (DIR * list), (list), NUMBER(getdents64), A(dirfd(list)))

/* It returns nothing, which WRAP() cannot. */
static void (*real_sync)(void);
static void wrap_sync(void)
{
	LOOK("sync", NUMBER(sync), 0);
	real_sync();
}

const struct guard_wrapper guard_file_wrappers[] = {
	ENTRY(open),	  ENTRY(openat),  ENTRY(creat),	    ENTRY(fopen),    ENTRY(freopen),
	ENTRY(opendir),	  ENTRY(stat),	  ENTRY(lstat),	    ENTRY(fstatat),  ENTRY(access),
	ENTRY(unlink),	  ENTRY(rename),  ENTRY(mkdir),	    ENTRY(rmdir),    ENTRY(truncate),
	ENTRY(ftruncate), ENTRY(fsync),	  ENTRY(faccessat), ENTRY(unlinkat), ENTRY(remove),
	ENTRY(renameat),  ENTRY(mkdirat), ENTRY(link),	    ENTRY(linkat),   ENTRY(symlink),
	ENTRY(symlinkat), ENTRY(statfs),  ENTRY(readdir),   ENTRY(sync),     { NULL, NULL, NULL },
};
