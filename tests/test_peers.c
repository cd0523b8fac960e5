/* SPDX-License-Identifier: MIT */
/* test_peers.c - the peers that other tests lean on do what they are taken for. */
#include "tests/harness.h"
#include "tests/peer_nginx.h"

TEST(nginx_serves_plain_and_tls_on_ports_of_the_kernels_choice)
{
	struct nginx nginx;

	nginx_start(&nginx, "location /hello { return 200 'hello\\n'; }");
	struct program plain = { .argv = ARGV("curl", "-s", format("%s/hello", nginx.url)) };
	struct program tls = { .argv = ARGV("curl", "-s", "--cacert", nginx.certificate.cert,
					    format("%s/hello", nginx.tls_url)) };
	run_program(&plain);
	CHECK_STR(plain.out, "hello\n");
	run_program(&tls);
	CHECK_STR(tls.out, "hello\n");
	CHECK_CONTAINS(nginx_stop(&nginx), "GET /hello");
}

TEST(an_expired_certificate_has_expired)
{
	struct certificate made = make_certificate(NULL, 0);
	struct program openssl = { .argv = ARGV("openssl", "x509", "-in", made.cert, "-noout",
						"-checkend", "0", "-enddate") };

	run_program(&openssl);
	CHECK_CONTAINS(openssl.out, "Feb  1 00:00:00 2020");
	CHECK_INT(openssl.status, 1);
}
