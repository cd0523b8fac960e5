/* SPDX-License-Identifier: MIT */
/*
 * wrap_mach.c - what is wrapped on macOS, and which function of libSystem a name means in a program that
 * was compiled with these headers. dlsym() would find another one for some (stat() of 32-bit inodes).
 */
#include "runtime/guard/slots.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/event.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define KNOWN(name)                   \
	{                             \
#name, (void *)(name) \
	}

static const struct {
	const char *name;
	void *address;
} originals[] = {
	KNOWN(sleep),
	KNOWN(usleep),
	KNOWN(nanosleep),
	KNOWN(pause),
	KNOWN(sigsuspend),
	KNOWN(sigwait),
	KNOWN(poll),
	KNOWN(select),
	KNOWN(pselect),
	KNOWN(kevent),
	KNOWN(read),
	KNOWN(readv),
	KNOWN(pread),
	KNOWN(preadv),
	KNOWN(pwritev),
	KNOWN(write),
	KNOWN(writev),
	KNOWN(pwrite),
	KNOWN(recv),
	KNOWN(recvfrom),
	KNOWN(recvmsg),
	KNOWN(send),
	KNOWN(sendto),
	KNOWN(sendmsg),
	KNOWN(connect),
	KNOWN(accept),
	KNOWN(fgets),
	KNOWN(fread),
	KNOWN(fgetc),
	KNOWN(getc),
	KNOWN(getdelim),
	KNOWN(getline),
	KNOWN(fflush),
	KNOWN(gethostbyname),
	KNOWN(gethostbyaddr),
	KNOWN(wait),
	KNOWN(waitpid),
	KNOWN(wait3),
	KNOWN(wait4),
	KNOWN(waitid),
	KNOWN(system),
	KNOWN(pclose),
	KNOWN(getaddrinfo),
	KNOWN(getnameinfo),
	KNOWN(open),
	KNOWN(openat),
	KNOWN(creat),
	KNOWN(fopen),
	KNOWN(freopen),
	KNOWN(opendir),
	KNOWN(stat),
	KNOWN(lstat),
	KNOWN(fstatat),
	KNOWN(access),
	KNOWN(unlink),
	KNOWN(rename),
	KNOWN(mkdir),
	KNOWN(rmdir),
	KNOWN(truncate),
	KNOWN(ftruncate),
	KNOWN(fsync),
	KNOWN(faccessat),
	KNOWN(unlinkat),
	KNOWN(remove),
	KNOWN(renameat),
	KNOWN(mkdirat),
	KNOWN(link),
	KNOWN(linkat),
	KNOWN(symlink),
	KNOWN(symlinkat),
	KNOWN(statfs),
	KNOWN(readdir),
	KNOWN(sync),
	KNOWN(pthread_mutex_lock),
	KNOWN(pthread_rwlock_rdlock),
	KNOWN(pthread_rwlock_wrlock),
	KNOWN(sem_wait),
	KNOWN(pthread_cond_wait),
	KNOWN(pthread_cond_timedwait),
	KNOWN(pthread_join),
	KNOWN(semop),
	KNOWN(msgsnd),
	KNOWN(msgrcv),
	KNOWN(flock),
	KNOWN(lockf),
	KNOWN(fcntl),
};

void *guard_original(const char *name)
{
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		if (strcmp(originals[i].name, name) == 0)
			return originals[i].address;
	return NULL;
}

const struct guard_wrapper *const guard_tables[] = {
	guard_wrappers,
	guard_lock_wrappers,
	guard_file_wrappers,
	NULL,
};
