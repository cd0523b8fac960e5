/* SPDX-License-Identifier: MIT */
/*
 * tls_ca.c - whom a client trusts: the file and the directory that it names, else SSL_CERT_FILE and
 * SSL_CERT_DIR, else the system's bundle.
 *
 * Whatever is named is read as a whole, on a thread: OpenSSL's default would look into a directory
 * in the middle of each handshake, on the loop. It does so only where there is no bundle.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/tls_ca.h"
#include "runtime/base.h"

/* Where systems keep it: Debian and Arch, Fedora, SUSE, Alpine and the BSDs, FreeBSD's port. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/usr/local/share/certs/ca-root-nss.crt",
};

static bool load_file(SSL_CTX *settings, const char *path, char *reason, size_t size)
{
	char text[160];

	ERR_clear_error();
	if (SSL_CTX_load_verify_file(settings, path) == 1)
		return true;
	tls_error_text(text, sizeof text);
	snprintf(reason, size, "cannot load CA certificates from %.256s: %s", path, text);
	return false;
}

static bool is_there(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The name that OpenSSL looks for: a hash and a number. */
static bool is_hash(const char *name)
{
	return strspn(name, "0123456789abcdef") == 8 && name[8] == '.';
}

static bool is_certificate(const char *name)
{
	const char *end = strrchr(name, '.');

	return end && (is_hash(name) || strcmp(end, ".pem") == 0 || strcmp(end, ".crt") == 0 ||
		       strcmp(end, ".cer") == 0);
}

/* All that is there by a certificate's name, now. Twice the same one is no matter. */
static bool load_all(SSL_CTX *settings, const char *path, char *reason, size_t size)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char file[512];
	int found = 0;
	bool good = true;

	if (!directory) {
		snprintf(reason, size, "cannot read the directory %.256s: %s", path,
			 async_strerror(-errno));
		return false;
	}
	while (good && (entry = readdir(directory)) != NULL) {
		if (!is_certificate(entry->d_name))
			continue;
		snprintf(file, sizeof file, "%.250s/%s", path, entry->d_name);
		good = load_file(settings, file, reason, size);
		found++;
	}
	closedir(directory);
	if (good && found == 0)
		snprintf(reason, size, "no CA certificates in the directory %.256s", path);
	return good && found > 0;
}

static bool is_ca_directory(const char *path)
{
	DIR *directory = is_there(path) ? opendir(path) : NULL;
	bool found = false;
	struct dirent *entry;

	if (!directory)
		return false;
	while (!found && (entry = readdir(directory)) != NULL)
		found = is_hash(entry->d_name);
	closedir(directory);
	return found;
}

static bool load_directory(SSL_CTX *settings, const char *path, char *reason, size_t size)
{
	if (is_ca_directory(path) && SSL_CTX_load_verify_dir(settings, path) == 1)
		return true;
	snprintf(reason, size, "no CA certificates in the directory %.256s", path);
	return false;
}

static bool load_system(SSL_CTX *settings, char *reason, size_t size)
{
	if (is_there(X509_get_default_cert_file()))
		return load_file(settings, X509_get_default_cert_file(), reason, size);
	for (size_t i = 0; i < array_size(bundles); i++)
		if (is_there(bundles[i]))
			return load_file(settings, bundles[i], reason, size);
	if (load_directory(settings, X509_get_default_cert_dir(), reason, size))
		return true;
	snprintf(reason, size,
		 "no CA certificates found on this system: install the package ca-certificates, or "
		 "name a file of them (SSL_CERT_FILE, ca_file, --cacert)");
	return false;
}

static bool load_environment_or_system(SSL_CTX *settings, char *reason, size_t size)
{
	const char *file = getenv("SSL_CERT_FILE"), *directory = getenv("SSL_CERT_DIR");

	if (file && *file && !load_file(settings, file, reason, size))
		return false;
	if (directory && *directory && !load_directory(settings, directory, reason, size))
		return false;
	if ((file && *file) || (directory && *directory))
		return true;
	return load_system(settings, reason, size);
}

bool tls_ca_load(struct ssl_ctx_st *settings, const struct net_tls_options *options, char *reason,
		 size_t size)
{
	if (!options->ca_file && !options->ca_dir)
		return load_environment_or_system(settings, reason, size);
	if (options->ca_file && !load_file(settings, options->ca_file, reason, size))
		return false;
	return !options->ca_dir || load_all(settings, options->ca_dir, reason, size);
}
