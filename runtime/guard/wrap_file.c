/* SPDX-License-Identifier: MIT */
/*
 * wrap_file.c - the wrappers of what asks the disk.
 */
#include "runtime/guard/wrap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

WRAP(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode), SYS_openat, 0,
     A(path))
WRAP(int, open64, (const char *path, int flags, mode_t mode), (path, flags, mode), SYS_openat, 0,
     A(path))
WRAP(int, openat, (int at, const char *path, int flags, mode_t mode), (at, path, flags, mode),
     SYS_openat, A(at), A(path))
WRAP(int, openat64, (int at, const char *path, int flags, mode_t mode), (at, path, flags, mode),
     SYS_openat, A(at), A(path))
WRAP(int, __open_2, (const char *path, int flags), (path, flags), SYS_openat, 0, A(path))
WRAP(int, __open64_2, (const char *path, int flags), (path, flags), SYS_openat, 0, A(path))
WRAP(int, __openat_2, (int at, const char *path, int flags), (at, path, flags), SYS_openat, A(at),
     A(path))
WRAP(int, creat64, (const char *path, mode_t mode), (path, mode), SYS_openat, 0, A(path))
WRAP(int, creat, (const char *path, mode_t mode), (path, mode), SYS_openat, 0, A(path))
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), SYS_openat, 0, A(path))
WRAP(FILE *, fopen64, (const char *path, const char *mode), (path, mode), SYS_openat, 0, A(path))
WRAP(FILE *, freopen, (const char *path, const char *mode, FILE *file), (path, mode, file),
     SYS_openat, 0, A(path))
WRAP(DIR *, opendir, (const char *path), (path), SYS_openat, 0, A(path))
WRAP(int, stat, (const char *path, struct stat *status), (path, status), SYS_newfstatat, 0, A(path))
WRAP(int, stat64, (const char *path, void *status), (path, status), SYS_newfstatat, 0, A(path))
WRAP(int, lstat, (const char *path, struct stat *status), (path, status), SYS_newfstatat, 0,
     A(path))
WRAP(int, lstat64, (const char *path, void *status), (path, status), SYS_newfstatat, 0, A(path))
WRAP(int, fstatat, (int at, const char *path, struct stat *status, int flags),
     (at, path, status, flags), SYS_newfstatat, A(at), A(path))
WRAP(int, access, (const char *path, int mode), (path, mode), SYS_faccessat, 0, A(path))
WRAP(int, unlink, (const char *path), (path), SYS_unlinkat, 0, A(path))
WRAP(int, rename, (const char *from, const char *to), (from, to), SYS_renameat, 0, A(from))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), SYS_mkdirat, 0, A(path))
WRAP(int, rmdir, (const char *path), (path), SYS_unlinkat, 0, A(path))
WRAP(int, truncate, (const char *path, off_t size), (path, size), SYS_truncate, A(path))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), SYS_ftruncate, A(fd))
WRAP(int, fsync, (int fd), (fd), SYS_fsync, A(fd))
WRAP(int, fdatasync, (int fd), (fd), SYS_fdatasync, A(fd))
WRAP(int, syncfs, (int fd), (fd), SYS_syncfs, A(fd))
WRAP(int, fstatat64, (int at, const char *path, void *status, int flags), (at, path, status, flags),
     SYS_newfstatat, A(at), A(path))
WRAP(int, statx, (int at, const char *path, int flags, unsigned mask, struct statx *status),
     (at, path, flags, mask, status), SYS_statx, A(at), A(path))
WRAP(int, faccessat, (int at, const char *path, int mode, int flags), (at, path, mode, flags),
     SYS_faccessat, A(at), A(path))
WRAP(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), SYS_unlinkat, A(at),
     A(path))
WRAP(int, remove, (const char *path), (path), SYS_unlinkat, 0, A(path))
WRAP(int, renameat, (int at, const char *from, int at_to, const char *to), (at, from, at_to, to),
     SYS_renameat, A(at), A(from))
WRAP(int, renameat2, (int at, const char *from, int at_to, const char *to, unsigned flags),
     (at, from, at_to, to, flags), SYS_renameat2, A(at), A(from))
WRAP(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), SYS_mkdirat, A(at),
     A(path))
WRAP(int, link, (const char *from, const char *to), (from, to), SYS_linkat, 0, A(from))
WRAP(int, linkat, (int at, const char *from, int at_to, const char *to, int flags),
     (at, from, at_to, to, flags), SYS_linkat, A(at), A(from))
WRAP(int, symlink, (const char *target, const char *path), (target, path), SYS_symlinkat, A(target))
WRAP(int, symlinkat, (const char *target, int at, const char *path), (target, at, path),
     SYS_symlinkat, A(target))
WRAP(int, statfs, (const char *path, void *status), (path, status), SYS_statfs, A(path))
WRAP(int, statfs64, (const char *path, void *status), (path, status), SYS_statfs, A(path))
WRAP(int, truncate64, (const char *path, off_t size), (path, size), SYS_truncate, A(path))
WRAP(int, ftruncate64, (int fd, off_t size), (fd, size), SYS_ftruncate, A(fd))
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size), SYS_fallocate,
     A(fd))
WRAP(int, fallocate64, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size),
     SYS_fallocate, A(fd))
WRAP(int, posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size), SYS_fallocate, A(fd))
WRAP(int, sync_file_range, (int fd, off_t at, off_t size, unsigned flags), (fd, at, size, flags),
     SYS_sync_file_range, A(fd))
WRAP(ssize_t, copy_file_range,
     (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags),
     (in, in_at, out, out_at, n, flags), SYS_copy_file_range, A(in))
WRAP(struct dirent *, readdir, (DIR * list), (list), SYS_getdents64, A(dirfd(list)))
WRAP(struct dirent64 *, readdir64, (DIR * list), (list), SYS_getdents64, A(dirfd(list)))

/* It returns nothing, which WRAP() cannot. */
static void (*real_sync)(void);
static void wrap_sync(void)
{
	LOOK("sync", SYS_sync, 0);
	real_sync();
}

const struct guard_wrapper guard_file_wrappers[] = {
	ENTRY(open),
	ENTRY(open64),
	ENTRY(openat),
	ENTRY(openat64),
	ENTRY(__open_2),
	ENTRY(__open64_2),
	ENTRY(__openat_2),
	ENTRY(creat64),
	ENTRY(creat),
	ENTRY(fopen),
	ENTRY(fopen64),
	ENTRY(freopen),
	ENTRY(opendir),
	ENTRY(stat),
	ENTRY(stat64),
	ENTRY(lstat),
	ENTRY(lstat64),
	ENTRY(fstatat),
	ENTRY(access),
	ENTRY(unlink),
	ENTRY(rename),
	ENTRY(mkdir),
	ENTRY(rmdir),
	ENTRY(truncate),
	ENTRY(ftruncate),
	ENTRY(fsync),
	ENTRY(fdatasync),
	ENTRY(syncfs),
	ENTRY(fstatat64),
	ENTRY(statx),
	ENTRY(faccessat),
	ENTRY(unlinkat),
	ENTRY(remove),
	ENTRY(renameat),
	ENTRY(renameat2),
	ENTRY(mkdirat),
	ENTRY(link),
	ENTRY(linkat),
	ENTRY(symlink),
	ENTRY(symlinkat),
	ENTRY(statfs),
	ENTRY(statfs64),
	ENTRY(truncate64),
	ENTRY(ftruncate64),
	ENTRY(fallocate),
	ENTRY(fallocate64),
	ENTRY(posix_fallocate),
	ENTRY(sync_file_range),
	ENTRY(copy_file_range),
	ENTRY(readdir),
	ENTRY(readdir64),
	ENTRY(sync),
	{ NULL, NULL, NULL },
};
