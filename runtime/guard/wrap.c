/* SPDX-License-Identifier: MIT */
/*
 * wrap.c - the wrappers of libc's functions that sleep, wait for fds, read, write, or wait for a process.
 * Each describes itself as the system call that it comes down to; decide.c judges that.
 */
#include "runtime/guard/wrap.h"

#include <errno.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- Sleeping -------------------------------------------------------------------------------- */

#define SPAN(s, ns) (&(struct timespec){ (s), (ns) })

WRAP(unsigned, sleep, (unsigned s), (s), SYS_nanosleep, A(SPAN(s, 0)))
WRAP(int, usleep, (useconds_t us), (us), SYS_nanosleep, A(SPAN(us / 1000000, us % 1000000 * 1000)))
WRAP(int, nanosleep, (const struct timespec *t, struct timespec *left), (t, left), SYS_nanosleep,
     A(t))
WRAP(int, thrd_sleep, (const struct timespec *t, struct timespec *left), (t, left), SYS_nanosleep,
     A(t))
WRAP(int, clock_nanosleep,
     (clockid_t c, int flags, const struct timespec *t, struct timespec *left), (c, flags, t, left),
     SYS_clock_nanosleep, A(c), A(flags), A(t))
WRAP(int, pause, (void), (), SYS_rt_sigsuspend, 0)
WRAP(int, sigsuspend, (const sigset_t *mask), (mask), SYS_rt_sigsuspend, 0)
WRAP(int, sigwait, (const sigset_t *set, int *number), (set, number), SYS_rt_sigtimedwait, A(set))
WRAP(int, sigwaitinfo, (const sigset_t *set, siginfo_t *info), (set, info), SYS_rt_sigtimedwait,
     A(set))
WRAP(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, const struct timespec *t),
     (set, info, t), SYS_rt_sigtimedwait, A(set), A(info), A(t))

/* ---- Waiting for fds ------------------------------------------------------------------------- */

#define MS(ms) ((ms) < 0 ? NEVER : A(SPAN((ms) / 1000, (ms) % 1000 * 1000000L)))
#define US(t) ((t) == NULL ? NEVER : A(SPAN((t)->tv_sec, (t)->tv_usec * 1000)))

WRAP(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms), SYS_ppoll, A(fds), A(n),
     MS(ms))
WRAP(int, __poll_chk, (struct pollfd * fds, nfds_t n, int ms, size_t size), (fds, n, ms, size),
     SYS_ppoll, A(fds), A(n), MS(ms))
WRAP(int, ppoll, (struct pollfd * fds, nfds_t n, const struct timespec *t, const sigset_t *mask),
     (fds, n, t, mask), SYS_ppoll, A(fds), A(n), A(t))
WRAP(int, __ppoll_chk,
     (struct pollfd * fds, nfds_t n, const struct timespec *t, const sigset_t *mask, size_t size),
     (fds, n, t, mask, size), SYS_ppoll, A(fds), A(n), A(t))
WRAP(int, select, (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t), (n, r, w, e, t),
     SYS_pselect6, A(n), A(r), A(w), A(e), US(t))
WRAP(int, pselect,
     (int n, fd_set *r, fd_set *w, fd_set *e, const struct timespec *t, const sigset_t *mask),
     (n, r, w, e, t, mask), SYS_pselect6, A(n), A(r), A(w), A(e), A(t))
WRAP(int, epoll_wait, (int fd, void *events, int n, int ms), (fd, events, n, ms), SYS_epoll_pwait,
     A(fd), A(events), A(n), A(ms))
WRAP(int, epoll_pwait, (int fd, void *events, int n, int ms, const sigset_t *mask),
     (fd, events, n, ms, mask), SYS_epoll_pwait, A(fd), A(events), A(n), A(ms))
WRAP(int, epoll_pwait2,
     (int fd, void *events, int n, const struct timespec *t, const sigset_t *mask),
     (fd, events, n, t, mask), SYS_epoll_pwait2, A(fd), A(events), A(n), A(t))

/* Of kqueue systems; nobody has it elsewhere. */
WRAP(int, kevent,
     (int fd, const void *changes, int n, void *events, int room, const struct timespec *t),
     (fd, changes, n, events, room, t), SYS_ppoll, A(fd), A(1), room > 0 ? A(t) : A(SPAN(0, 0)))

/* ---- Reading and writing --------------------------------------------------------------------- */

WRAP(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), SYS_read, A(fd))
WRAP(ssize_t, __read_chk, (int fd, void *to, size_t n, size_t size), (fd, to, n, size), SYS_read,
     A(fd))
WRAP(ssize_t, readv, (int fd, const struct iovec *to, int n), (fd, to, n), SYS_readv, A(fd))
WRAP(ssize_t, pread, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), SYS_pread64, A(fd))
WRAP(ssize_t, pread64, (int fd, void *to, size_t n, off_t at), (fd, to, n, at), SYS_pread64, A(fd))
WRAP(ssize_t, __pread_chk, (int fd, void *to, size_t n, off_t at, size_t size),
     (fd, to, n, at, size), SYS_pread64, A(fd))
WRAP(ssize_t, __pread64_chk, (int fd, void *to, size_t n, off_t at, size_t size),
     (fd, to, n, at, size), SYS_pread64, A(fd))
WRAP(ssize_t, preadv, (int fd, const struct iovec *to, int n, off_t at), (fd, to, n, at),
     SYS_preadv, A(fd))
WRAP(ssize_t, preadv64, (int fd, const struct iovec *to, int n, off_t at), (fd, to, n, at),
     SYS_preadv, A(fd))
WRAP(ssize_t, pwritev, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at),
     SYS_pwritev, A(fd))
WRAP(ssize_t, pwritev64, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at),
     SYS_pwritev, A(fd))
WRAP(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n), SYS_write, A(fd))
WRAP(ssize_t, writev, (int fd, const struct iovec *from, int n), (fd, from, n), SYS_writev, A(fd))
WRAP(ssize_t, pwrite, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at),
     SYS_pwrite64, A(fd))
WRAP(ssize_t, pwrite64, (int fd, const void *from, size_t n, off_t at), (fd, from, n, at),
     SYS_pwrite64, A(fd))
WRAP(ssize_t, sendfile, (int out, int in, off_t *at, size_t n), (out, in, at, n), SYS_sendfile,
     A(out))
WRAP(ssize_t, sendfile64, (int out, int in, off_t *at, size_t n), (out, in, at, n), SYS_sendfile,
     A(out))
WRAP(ssize_t, splice, (int in, off_t *in_at, int out, off_t *out_at, size_t n, unsigned flags),
     (in, in_at, out, out_at, n, flags), SYS_splice, A(in), 0, A(out), 0, A(n), A(flags))
WRAP(ssize_t, recv, (int fd, void *to, size_t n, int flags), (fd, to, n, flags), SYS_recvfrom,
     A(fd), 0, 0, A(flags))
WRAP(ssize_t, __recv_chk, (int fd, void *to, size_t n, size_t size, int flags),
     (fd, to, n, size, flags), SYS_recvfrom, A(fd), 0, 0, A(flags))
WRAP(ssize_t, recvfrom,
     (int fd, void *to, size_t n, int flags, struct sockaddr *peer, socklen_t *size),
     (fd, to, n, flags, peer, size), SYS_recvfrom, A(fd), 0, 0, A(flags))
WRAP(ssize_t, __recvfrom_chk,
     (int fd, void *to, size_t n, size_t have, int flags, struct sockaddr *peer, socklen_t *size),
     (fd, to, n, have, flags, peer, size), SYS_recvfrom, A(fd), 0, 0, A(flags))
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     SYS_recvmsg, A(fd), 0, A(flags))
WRAP(int, recvmmsg, (int fd, void *messages, unsigned n, int flags, struct timespec *t),
     (fd, messages, n, flags, t), SYS_recvmmsg, A(fd), 0, 0, A(flags))
WRAP(ssize_t, send, (int fd, const void *from, size_t n, int flags), (fd, from, n, flags),
     SYS_sendto, A(fd), 0, 0, A(flags))
WRAP(ssize_t, sendto,
     (int fd, const void *from, size_t n, int flags, const struct sockaddr *peer, socklen_t size),
     (fd, from, n, flags, peer, size), SYS_sendto, A(fd), 0, 0, A(flags))
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
     SYS_sendmsg, A(fd), 0, A(flags))
WRAP(int, sendmmsg, (int fd, void *messages, unsigned n, int flags), (fd, messages, n, flags),
     SYS_sendmmsg, A(fd), 0, 0, A(flags))
WRAP(ssize_t, mq_receive, (mqd_t queue, char *to, size_t n, unsigned *priority),
     (queue, to, n, priority), SYS_mq_timedreceive, A(queue))
WRAP(ssize_t, mq_timedreceive,
     (mqd_t queue, char *to, size_t n, unsigned *priority, const struct timespec *until),
     (queue, to, n, priority, until), SYS_mq_timedreceive, A(queue))
WRAP(int, mq_send, (mqd_t queue, const char *from, size_t n, unsigned priority),
     (queue, from, n, priority), SYS_mq_timedsend, A(queue))
WRAP(int, mq_timedsend,
     (mqd_t queue, const char *from, size_t n, unsigned priority, const struct timespec *until),
     (queue, from, n, priority, until), SYS_mq_timedsend, A(queue))
WRAP(int, connect, (int fd, const struct sockaddr *peer, socklen_t size), (fd, peer, size),
     SYS_connect, A(fd))
WRAP(int, accept, (int fd, struct sockaddr *peer, socklen_t *size), (fd, peer, size), SYS_accept,
     A(fd))
WRAP(int, accept4, (int fd, struct sockaddr *peer, socklen_t *size, int flags),
     (fd, peer, size, flags), SYS_accept4, A(fd))

/* A stream in memory has none, which is no error of the program's. */
static int fd_of(FILE *file)
{
	int saved = errno, fd = file != NULL ? fileno(file) : -1;

	errno = saved;
	return fd;
}

WRAP(char *, fgets, (char *to, int n, FILE *file), (to, n, file), SYS_read, A(fd_of(file)))
WRAP(size_t, fread, (void *to, size_t size, size_t n, FILE *file), (to, size, n, file), SYS_read,
     A(fd_of(file)))
WRAP(char *, __fgets_chk, (char *to, size_t size, int n, FILE *file), (to, size, n, file), SYS_read,
     A(fd_of(file)))
WRAP(size_t, __fread_chk, (void *to, size_t have, size_t size, size_t n, FILE *file),
     (to, have, size, n, file), SYS_read, A(fd_of(file)))
WRAP(int, fgetc, (FILE * file), (file), SYS_read, A(fd_of(file)))
WRAP(int, getc, (FILE * file), (file), SYS_read, A(fd_of(file)))
WRAP(ssize_t, getdelim, (char **to, size_t *n, int end, FILE *file), (to, n, end, file), SYS_read,
     A(fd_of(file)))
WRAP(ssize_t, getline, (char **to, size_t *n, FILE *file), (to, n, file), SYS_read, A(fd_of(file)))
WRAP(int, fflush, (FILE * file), (file), SYS_write, A(fd_of(file)))

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
WRAP(pid_t, wait, (int *status), (status), SYS_wait4, 0)
WRAP(pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags), SYS_wait4, A(pid),
     0, A(flags))
WRAP(pid_t, wait3, (int *status, int flags, void *usage), (status, flags, usage), SYS_wait4, 0, 0,
     A(flags))
WRAP(pid_t, wait4, (pid_t pid, int *status, int flags, void *usage), (pid, status, flags, usage),
     SYS_wait4, A(pid), 0, A(flags))
WRAP(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int flags), (type, id, info, flags),
     SYS_waitid, 0, 0, 0, A(flags))
WRAP_AT(int, system, (const char *command), (command), GUARD_PROCESS)
WRAP_AT(int, pclose, (FILE * file), (file), GUARD_PROCESS)

const struct guard_wrapper guard_wrappers[] = {
	ENTRY(sleep),
	ENTRY(usleep),
	ENTRY(nanosleep),
	ENTRY(thrd_sleep),
	ENTRY(clock_nanosleep),
	ENTRY(pause),
	ENTRY(sigsuspend),
	ENTRY(sigwait),
	ENTRY(sigwaitinfo),
	ENTRY(sigtimedwait),
	ENTRY(poll),
	ENTRY(__poll_chk),
	ENTRY(ppoll),
	ENTRY(__ppoll_chk),
	ENTRY(select),
	ENTRY(pselect),
	ENTRY(epoll_wait),
	ENTRY(epoll_pwait),
	ENTRY(epoll_pwait2),
	ENTRY(kevent),
	ENTRY(read),
	ENTRY(__read_chk),
	ENTRY(readv),
	ENTRY(pread),
	ENTRY(pread64),
	ENTRY(__pread_chk),
	ENTRY(__pread64_chk),
	ENTRY(preadv),
	ENTRY(preadv64),
	ENTRY(pwritev),
	ENTRY(pwritev64),
	ENTRY(write),
	ENTRY(writev),
	ENTRY(pwrite),
	ENTRY(pwrite64),
	ENTRY(sendfile),
	ENTRY(sendfile64),
	ENTRY(splice),
	ENTRY(recv),
	ENTRY(__recv_chk),
	ENTRY(recvfrom),
	ENTRY(__recvfrom_chk),
	ENTRY(recvmsg),
	ENTRY(recvmmsg),
	ENTRY(send),
	ENTRY(sendto),
	ENTRY(sendmsg),
	ENTRY(sendmmsg),
	ENTRY(mq_receive),
	ENTRY(mq_timedreceive),
	ENTRY(mq_send),
	ENTRY(mq_timedsend),
	ENTRY(connect),
	ENTRY(accept),
	ENTRY(accept4),
	ENTRY(fgets),
	ENTRY(fread),
	ENTRY(__fgets_chk),
	ENTRY(__fread_chk),
	ENTRY(fgetc),
	ENTRY(getc),
	ENTRY(getdelim),
	ENTRY(getline),
	ENTRY(fflush),
	ENTRY(gethostbyname),
	ENTRY(gethostbyaddr),
	ENTRY(wait),
	ENTRY(waitpid),
	ENTRY(wait3),
	ENTRY(wait4),
	ENTRY(waitid),
	ENTRY(system),
	ENTRY(pclose),
	ENTRY(getaddrinfo),
	ENTRY(getnameinfo),
	{ NULL, NULL, NULL },
};
