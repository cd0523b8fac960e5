/* SPDX-License-Identifier: MIT */
/*
 * peer_nginx.c - starts nginx on inherited sockets.
 *
 * One worker under a master: nginx 1.22 crashes on inherited sockets with master_process off.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/peer_nginx.h"

/* Unpacked by .ci/peers, or the system's own. */
static const char *find_nginx(const char **libraries)
{
	const char *peers = getenv("PEERS") ? getenv("PEERS") : built("peers");
	const char *unpacked = format("%s/usr/sbin/nginx", peers);

	*libraries = format("LD_LIBRARY_PATH=%s/usr/lib/x86_64-linux-gnu:"
			    "%s/usr/lib/aarch64-linux-gnu",
			    peers, peers);
	if (access(unpacked, X_OK) == 0)
		return unpacked;
	if (access("/usr/sbin/nginx", X_OK) == 0)
		return "/usr/sbin/nginx";
	SKIP("no nginx: `make peers` fetches it");
}

static int listen_somewhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(listen(fd, 511), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static const char *write_config(const struct nginx *nginx, const char *server)
{
	return temp_file("nginx.conf",
			 format("%s daemon off; worker_processes 1; pid %s/nginx.pid;\n"
				"error_log stderr notice; worker_rlimit_nofile 4096;\n"
				"events { worker_connections 2048; }\n"
				"http {\n"
				"  access_log %s/access.log; keepalive_requests 1000000;\n"
				"  client_body_temp_path %s/body; proxy_temp_path %s/proxy;\n"
				"  fastcgi_temp_path %s/fastcgi; uwsgi_temp_path %s/uwsgi;\n"
				"  scgi_temp_path %s/scgi; default_type text/plain;\n"
				"  server {\n"
				"    listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl;\n"
				"    ssl_certificate %s; ssl_certificate_key %s; root %s;\n"
				"%s\n  }\n}\n",
				geteuid() == 0 ? "user root;" : "", temp_dir(), temp_dir(),
				temp_dir(), temp_dir(), temp_dir(), temp_dir(), temp_dir(),
				nginx->port, nginx->tls_port, nginx->certificate.cert,
				nginx->certificate.key, nginx->root, server));
}

void nginx_start(struct nginx *nginx, const char *server)
{
	const char *libraries, *binary = find_nginx(&libraries);
	int plain = listen_somewhere(&nginx->port), tls = listen_somewhere(&nginx->tls_port);

	nginx->url = format("http://127.0.0.1:%d", nginx->port);
	nginx->tls_url = format("https://127.0.0.1:%d", nginx->tls_port);
	nginx->root = temp_path("root");
	mkdir(nginx->root, 0755);
	nginx->certificate = make_certificate(NULL, 30);
	const char *const *env = ARGV(format("NGINX=%d;%d;", plain, tls), libraries);
	const char *const *argv =
		ARGV(binary, "-e", "stderr", "-p", temp_dir(), "-c", write_config(nginx, server));
	nginx->program = (struct program){ .argv = argv, .env = env, .keep_fds = { plain, tls } };
	program_start(&nginx->program);
	close(plain);
	close(tls);
}

const char *nginx_stop(struct nginx *nginx)
{
	program_stop(&nginx->program, SIGTERM);
	if (nginx->program.status != 0)
		FAIL("nginx ended with status %d:\n%s", nginx->program.status, nginx->program.err);
	return read_file(temp_path("access.log"), NULL);
}
