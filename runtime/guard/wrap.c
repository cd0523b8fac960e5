/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - the wrappers of libc's functions that sleep, wait for fds, read, write, or wait for a process.
 * Each describes itself as the system call that it comes down to; decide.c judges that.
 */
#include "runtime/guard/wrap.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- Sleeping -------------------------------------------------------------------------------- */

WRAP(unsigned, sleep, (unsigned s), (s), NUMBER(nanosleep), A(SPAN(s, 0)))
WRAP(int, usleep, (useconds_t us), (us), NUMBER(nanosleep),
     A(SPAN(us / 1000000, us % 1000000 * 1000)))
WRAP(int, nanosleep, (const struct timespec *t, struct timespec *left), (t, left),
     NUMBER(nanosleep), A(t))
WRAP(int, pause, (void), (), NUMBER(rt_sigsuspend), 0)
WRAP(int, sigsuspend, (const sigset_t *mask), (mask), NUMBER(rt_sigsuspend), 0)
WRAP(int, sigwait, (const sigset_t *set, int *number), (set, number), NUMBER(rt_sigtimedwait),
     A(set))

/* ---- Waiting for fds ------------------------------------------------------------------------- */

WRAP(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms), NUMBER(ppoll), A(fds), A(n),
     MS(ms))
WRAP(int, select, (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t), (n, r, w, e, t),
     NUMBER(pselect6), A(n), A(r), A(w), A(e), US(t))
WRAP(int, pselect,
     (int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *t, const sigset_t *mask),
     (n, r, w, e, t, mask), NUMBER(pselect6), A(n), A(r), A(w), A(e), A(t))

/* Of kqueue systems; nobody has it elsewhere. */
WRAP(int, kevent,
     (int fd, const void *changes, int n, void *events, int room, const struct timespec *t),
     (fd, changes, n, events, room, t), NUMBER(ppoll), A(fd), A(1), room > 0 ? A(t) : A(SPAN(0, 0)))

/* ---- Reading and writing --------------------------------------------------------------------- */

WRAP(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), NUMBER(read), A(fd))
WRAP(ssize_t, readv, (int fd, const struct iovec *to, int n), (fd, to, n), NUMBER(readv), A(fd))
WRAP(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), NUMBER(pread64),
     A(fd))
WRAP(ssize_t, preadv, (int fd, const struct iovec *to, int n, off_t at), (fd, to, n, at),
     NUMBER(preadv), A(fd))
WRAP(ssize_t, pwritev, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at),
     NUMBER(pwritev), A(fd))
WRAP(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n), NUMBER(write), A(fd))
WRAP(ssize_t, writev, (int fd, const struct iovec *from, int n), (fd, from, n), NUMBER(writev),
     A(fd))
WRAP(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at),
     NUMBER(pwrite64), A(fd))
WRAP(ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags), NUMBER(recvfrom),
     A(fd), 0, 0, A(flags))
WRAP(ssize_t, recvfrom,
     (int fd, void *to, size_t n, int flags, struct sockaddr *peer, socklen_t *size),
     (fd, to, n, flags, peer, size), NUMBER(recvfrom), A(fd), 0, 0, A(flags))
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     NUMBER(recvmsg), A(fd), 0, A(flags))
WRAP(ssize_t, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags),
     NUMBER(sendto), A(fd), 0, 0, A(flags))
WRAP(ssize_t, sendto,
     (int fd, const void *from, size_t n, int flags, const struct sockaddr *peer, socklen_t size),
     (fd, from, n, flags, peer, size), NUMBER(sendto), A(fd), 0, 0, A(flags))
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
     NUMBER(sendmsg), A(fd), 0, A(flags))
WRAP(int, connect, (int fd, const struct sockaddr *peer, socklen_t size), (fd, peer, size),
     NUMBER(connect), A(fd))
WRAP(int, accept, (int fd, struct sockaddr *peer, socklen_t *size), (fd, peer, size),
     NUMBER(accept), A(fd))
WRAP(char *, fgets, (char *to, int n, FILE *file), (to, n, file), NUMBER(read), A(fd_of(file)))
WRAP(size_t, fread, (void *to, size_t size, size_t n, FILE *file), (to, size, n, file),
     NUMBER(read), A(fd_of(file)))
WRAP(int, fgetc, (FILE * file), (file), NUMBER(read), A(fd_of(file)))
WRAP(int, getc, (FILE * file), (file), NUMBER(read), A(fd_of(file)))
WRAP(ssize_t, getdelim, (char **to, size_t *n, int end, FILE *file), (to, n, end, file),
     NUMBER(read), A(fd_of(file)))
WRAP(ssize_t, getline, (char **to, size_t *n, FILE *file), (to, n, file), NUMBER(read),
     A(fd_of(file)))
WRAP(int, fflush, (FILE * file), (file), NUMBER(write), A(fd_of(file)))

/* ---- Names and processes --------------------------------------------------------------------- */

/* Numbers are not asked for. */
static int (*real_getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
			       struct addrinfo **found);
static int wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			    struct addrinfo **found)
{
	if (node != NULL && (hints == NULL || !(hints->ai_flags & AI_NUMERICHOST)))
		LOOK_AT("getaddrinfo", GUARD_NET);
	return real_getaddrinfo(node, service, hints, found);
}

static int (*real_getnameinfo)(const struct sockaddr *address, socklen_t size, char *host,
			       socklen_t host_size, char *service, socklen_t service_size,
			       int flags);
static int wrap_getnameinfo(const struct sockaddr *address, socklen_t size, char *host,
			    socklen_t host_size, char *service, socklen_t service_size, int flags)
{
	if (host != NULL && !(flags & NI_NUMERICHOST))
		LOOK_AT("getnameinfo", GUARD_NET);
	return real_getnameinfo(address, size, host, host_size, service, service_size, flags);
}

WRAP_AT(struct hostent *, gethostbyname, (const char *name), (name), GUARD_NET)
WRAP_AT(struct hostent *, gethostbyaddr, (const void *address, socklen_t size, int type),
	(address, size, type), GUARD_NET)
WRAP(pid_t, wait, (int *status), (status), NUMBER(wait4), 0)
WRAP(pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags), NUMBER(wait4),
     A(pid), 0, A(flags))
WRAP(pid_t, wait3, (int *status, int flags, void *usage), (status, flags, usage), NUMBER(wait4), 0,
     0, A(flags))
WRAP(pid_t, wait4, (pid_t pid, int *status, int flags, void *usage), (pid, status, flags, usage),
     NUMBER(wait4), A(pid), 0, A(flags))
WRAP(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int flags), (type, id, info, flags),
     NUMBER(waitid), 0, 0, 0, A(flags))
WRAP_AT(int, system, (const char *command), (command), GUARD_PROCESS)
WRAP_AT(int, pclose, (FILE * file), (file), GUARD_PROCESS)

const struct guard_wrapper guard_wrappers[] = {
	ENTRY(sleep),	      ENTRY(usleep),	    ENTRY(nanosleep),	  ENTRY(pause),
	ENTRY(sigsuspend),    ENTRY(sigwait),	    ENTRY(poll),	  ENTRY(select),
	ENTRY(pselect),	      ENTRY(kevent),	    ENTRY(read),	  ENTRY(readv),
	ENTRY(pread),	      ENTRY(preadv),	    ENTRY(pwritev),	  ENTRY(write),
	ENTRY(writev),	      ENTRY(pwrite),	    ENTRY(recv),	  ENTRY(recvfrom),
	ENTRY(recvmsg),	      ENTRY(send),	    ENTRY(sendto),	  ENTRY(sendmsg),
	ENTRY(connect),	      ENTRY(accept),	    ENTRY(fgets),	  ENTRY(fread),
	ENTRY(fgetc),	      ENTRY(getc),	    ENTRY(getdelim),	  ENTRY(getline),
	ENTRY(fflush),	      ENTRY(gethostbyname), ENTRY(gethostbyaddr), ENTRY(wait),
	ENTRY(waitpid),	      ENTRY(wait3),	    ENTRY(wait4),	  ENTRY(waitid),
	ENTRY(system),	      ENTRY(pclose),	    ENTRY(getaddrinfo),	  ENTRY(getnameinfo),
	{ NULL, NULL, NULL },
};
