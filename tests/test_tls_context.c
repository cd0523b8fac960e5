/* SPDX-License-Identifier: MIT */
/* test_tls_context.c - settings: files that are no good, whom a client trusts by default. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/tls_pair.h"

/* The message has to contain text. */
static void refuse_client(const char *ca_file, const char *text)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_client(&context, &(struct net_tls_options){ .ca_file = ca_file }),
		  NET_ETLS_CONFIG);
	CHECK(async_raised(NET_ETLS_CONFIG) != NULL);
	CHECK_CONTAINS(async_raised(NET_ETLS_CONFIG)->message, text);
}

static void refuse_server(const char *cert, const char *key, const char *text)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_server(&context, cert, key), NET_ETLS_CONFIG);
	CHECK_CONTAINS(async_raised(NET_ETLS_CONFIG)->message, text);
}

static int load_bad_files(void *arg)
{
	const char *junk = temp_file("junk.pem", "not a certificate\n");
	const char *none = temp_path("none.pem");
	struct certs_pair good = tls_pair_good;

	(void)arg;
	refuse_client(none, "No such file");
	refuse_client(junk, "junk.pem");
	refuse_client(temp_dir(), "cannot load CA certificates");
	refuse_server(junk, good.key, "certificate");
	refuse_server(none, good.key, "No such file");
	refuse_server(good.cert, junk, "key");
	refuse_server(good.cert, tls_pair_ca.key, "mismatch");
	return 0;
}

TEST(files_that_cannot_be_used_are_named)
{
	tls_pair_certificates();
	CHECK_INT(async_run(load_bad_files, NULL), 0);
}

static void refuse(const struct net_tls_options *options, const char *file, const char *wrong)
{
	struct net_tls_context *context;

	CHECK_INT(net_tls_client(&context, options), NET_ETLS_CONFIG);
	CHECK_CONTAINS(async_raised(NET_ETLS_CONFIG)->message, file);
	CHECK_CONTAINS(async_raised(NET_ETLS_CONFIG)->message, wrong);
}

static int load_bad_client_files(void *arg)
{
	const char *junk = temp_file("junk", "not a certificate\n");
	struct certs_pair good = tls_pair_good;
	const char *secret = arg;

	refuse(&(struct net_tls_options){ .cert_file = junk }, junk, "cannot load a certificate");
	refuse(&(struct net_tls_options){ .cert_file = good.cert }, good.cert, "key");
	refuse(&(struct net_tls_options){ .cert_file = good.cert, .key_file = tls_pair_ca.key },
	       tls_pair_ca.key, "mismatch");
	refuse(&(struct net_tls_options){ .key_file = good.key }, good.key, "no certificate");
	refuse(&(struct net_tls_options){ .cert_file = good.cert, .key_file = secret }, secret,
	       "encrypted");
	return 0;
}

TEST(a_clients_files_that_cannot_be_used_are_named)
{
	/* Any key, with the password "x"; what matters is that nobody is asked for it. */
	static const char secret[] =
		"-----BEGIN EC PRIVATE KEY-----\n"
		"Proc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n"
		"\n"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
		"-----END EC PRIVATE KEY-----\n";

	tls_pair_certificates();
	CHECK_INT(async_run(load_bad_client_files, (void *)temp_file("secret.key", secret)), 0);
}

static int trust_a_directory(void *arg)
{
	struct tls_pair pair = { .server_side = tls_pair_server(tls_pair_good) };
	const char *directory = temp_path("trusted"), *junk = temp_path("trusted/junk.crt");

	(void)arg;
	refuse(&(struct net_tls_options){ .ca_dir = directory }, directory, "No such file");
	CHECK_INT(mkdir(directory, 0700), 0);
	refuse(&(struct net_tls_options){ .ca_dir = directory }, directory, "no CA certificates");
	temp_file("trusted/README", "not a certificate\n");
	CHECK_INT(symlink(tls_pair_ca.cert, temp_path("trusted/ours.pem")), 0);
	pair.client_side = tls_pair_client_with(&(struct net_tls_options){ .ca_dir = directory });
	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	tls_pair_end(&pair);
	temp_file("trusted/junk.crt", "not a certificate\n");
	refuse(&(struct net_tls_options){ .ca_dir = directory }, junk, "no certificate");
	return 0;
}

TEST(a_directory_names_the_trusted)
{
	tls_pair_certificates();
	CHECK_INT(async_run(trust_a_directory, NULL), 0);
}

static int load_weak_key(void *arg)
{
	struct certs_pair *weak = arg;

	refuse_server(weak->cert, weak->key, "too small");
	return 0;
}

TEST(a_key_too_short_is_refused)
{
	struct certs_pair weak =
		certs_make(&(struct certs_request){ .name = "weak", .rsa_bits = 1024 });

	CHECK_INT(async_run(load_weak_key, &weak), 0);
}

static int trust_the_environment(void *arg)
{
	struct tls_pair pair = { .server_side = tls_pair_server(tls_pair_good) };

	(void)arg;
	CHECK_INT(net_tls_client(&pair.client_side, NULL), 0);
	CHECK_INT(tls_pair_meet(&pair, "localhost"), 0);
	tls_pair_end(&pair);
	return 0;
}

TEST(ssl_cert_file_names_the_trusted)
{
	tls_pair_certificates();
	setenv("SSL_CERT_FILE", tls_pair_ca.cert, 1);
	CHECK_INT(async_run(trust_the_environment, NULL), 0);
}

static int trust_nothing(void *arg)
{
	refuse_client(NULL, arg);
	return 0;
}

TEST(an_environment_that_names_nothing_usable_is_an_error)
{
	setenv("SSL_CERT_FILE", temp_path("none.pem"), 1);
	CHECK_INT(async_run(trust_nothing, "none.pem"), 0);
	unsetenv("SSL_CERT_FILE");
	setenv("SSL_CERT_DIR", temp_dir(), 1);
	CHECK_INT(async_run(trust_nothing, "no CA certificates in the directory"), 0);
}

static int look_for_a_bundle(void *arg)
{
	(void)arg;
	fail_call("open", 0, ENOENT); /* as on a bare machine */
	refuse_client(NULL, "install the package ca-certificates");
	fail_none();
	return 0;
}

TEST(without_any_ca_the_message_names_the_package)
{
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	CHECK_INT(async_run(look_for_a_bundle, NULL), 0);
}

static int need_no_ca(void *arg)
{
	struct net_tls_context *context;

	(void)arg;
	fail_call("open", 0, ENOENT);
	CHECK_INT(net_tls_client(&context, &(struct net_tls_options){ .insecure = true }), 0);
	fail_none();
	net_tls_context_free(context);
	net_tls_context_free(NULL);
	return 0;
}

TEST(insecure_needs_no_ca)
{
	CHECK_INT(async_run(need_no_ca, NULL), 0);
}

static int load(void *arg)
{
	struct net_tls_context *context = NULL;
	int rc = net_tls_client(&context, &(struct net_tls_options){ .ca_file = arg });

	net_tls_context_free(context);
	return rc;
}

static int cancel_loading(void *arg)
{
	struct async_task *task = async_create_task(load, (void *)tls_pair_ca.cert);

	(void)arg;
	CHECK(task != NULL);
	CHECK_INT(async_sleep(0), 0);
	CHECK(async_cancel(task));
	CHECK_INT(async_await(task), ASYNC_ECANCELED);
	return 0;
}

TEST(a_cancelled_load_leaves_nothing)
{
	tls_pair_certificates();
	CHECK_INT(async_run(cancel_loading, NULL), 0);
}

static int mix_up(void *arg)
{
	struct tls_pair pair = tls_pair_settings();

	(void)arg;
	pair.client_side = pair.server_side;
	return tls_pair_meet(&pair, "localhost");
}

TEST(a_servers_settings_in_a_client_are_misuse)
{
	tls_pair_certificates();
	EXPECT_ABORT(async_run(mix_up, NULL), "tls_pair.c", "a server's TLS context in a client");
}
