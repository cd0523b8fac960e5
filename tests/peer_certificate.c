/* SPDX-License-Identifier: MIT */
/* peer_certificate.c - certificates for tests; each file has a number of its own. */
#include "tests/peer_certificate.h"
#include "tests/harness.h"

/* `openssl ca` is the one command that can date a certificate back. */
static void make_expired(const struct certificate *made, const char *extension)
{
	const char *config =
		temp_file("ca.cnf", format("[ca]\ndefault_ca = one\n[one]\n"
					   "database = %s\nserial = %s\n"
					   "new_certs_dir = %s\ndefault_md = sha256\n"
					   "policy = any\nx509_extensions = ext\n"
					   "[any]\ncommonName = supplied\n[ext]\n%s\n",
					   temp_file("ca.index", ""),
					   temp_file("ca.serial", "01\n"), temp_dir(), extension));
	const char *request = temp_path("ca.csr");
	struct program ask = { .argv = ARGV("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
					    "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
					    "/CN=test", "-keyout", made->key, "-out", request) };
	struct program sign = { .argv = ARGV("openssl", "ca", "-batch", "-selfsign", "-config",
					     config, "-in", request, "-keyfile", made->key, "-out",
					     made->cert, "-notext", "-startdate", "20200101000000Z",
					     "-enddate", "20200201000000Z") };

	run_program(&ask);
	run_program(&sign);
	if (ask.status != 0 || sign.status != 0)
		FAIL("openssl: %s%s", ask.err, sign.err);
}

struct certificate make_certificate(const char *names, int days)
{
	static int count;
	const char *san = format("subjectAltName=%s", names ? names : "DNS:localhost,IP:127.0.0.1");
	struct certificate made = { temp_path(format("cert%d.pem", count)),
				    temp_path(format("key%d.pem", count)) };

	count++;
	if (!have_program("openssl"))
		SKIP("no openssl program");
	if (days == 0) {
		make_expired(&made, san);
		return made;
	}
	struct program openssl = { .argv = ARGV("openssl", "req", "-x509", "-newkey", "ec",
						"-pkeyopt", "ec_paramgen_curve:prime256v1",
						"-nodes", "-subj", "/CN=test", "-addext", san,
						"-days", format("%d", days), "-keyout", made.key,
						"-out", made.cert) };
	run_program(&openssl);
	if (openssl.status != 0)
		FAIL("openssl: %s", openssl.err);
	return made;
}
