/* SPDX-License-Identifier: MIT */
/*
 * test_tls_stack.c - how much of its stack a task needs for TLS. The default size of stacks is
 * chosen from these numbers (runtime/README.md): whoever changes either sees it here.
 *
 * A task paints its stack, connects, talks and closes, and then looks how far down the paint is
 * gone. Each test is a process of its own, so it also pays for OpenSSL's first use of everything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "net/net.h"
#include "runtime/stack.h"
#include "tests/certs.h"
#include "tests/harness.h"

#define PAINT 0x5a
#define MARGIN 512 /* more than the frame of whoever paints */
#define ALLOWED (ASYNC_STACK_DEFAULT / 2)
#define EXCHANGES 3

static struct {
	struct certs_pair shown;
	const char *ca_file;
	struct net_listener *listener;
	struct net_tls_context *server, *client;
	size_t server_used, client_used;
	int resumed;
} scene;

__attribute__((noinline)) static void paint(struct stack_view *view)
{
	unsigned char *top = (unsigned char *)__builtin_frame_address(0) - MARGIN;

	CHECK(stack_find((uintptr_t)__builtin_frame_address(0), view));
	for (volatile unsigned char *at = (unsigned char *)view->low; at < top; at++)
		*at = PAINT;
}

static size_t used(const struct stack_view *view)
{
	const unsigned char *at = (unsigned char *)view->low;

	while (*at == PAINT)
		at++;
	return view->high - (uintptr_t)at;
}

static int serve(void *arg)
{
	struct net_stream *stream;
	struct stack_view view;
	char buffer[64];

	(void)arg;
	paint(&view);
	for (int i = 0; i < EXCHANGES; i++) {
		CHECK_INT(net_accept(scene.listener, &stream), 0);
		CHECK_INT(net_start_tls_server(stream, scene.server), 0);
		CHECK_INT(net_read(stream, buffer, sizeof buffer), 4);
		CHECK_INT(net_write(stream, "pong", 4), 0);
		CHECK_INT(net_read(stream, buffer, sizeof buffer), 0);
		net_close(stream);
	}
	scene.server_used = used(&view);
	return 0;
}

static int visit(void *arg)
{
	struct net_connect_options options = { .tls = scene.client, .tls_name = "localhost" };
	struct net_stream *stream;
	struct stack_view view;
	char buffer[64];

	(void)arg;
	paint(&view);
	for (int i = 0; i < EXCHANGES; i++) {
		CHECK_INT(net_connect(&stream, "127.0.0.1", net_listener_port(scene.listener),
				      &options),
			  0);
		scene.resumed += net_tls_resumed(stream);
		CHECK_INT(net_write(stream, "ping", 4), 0);
		CHECK_INT(net_read(stream, buffer, sizeof buffer), 4);
		CHECK(net_is_quiet(stream));
		net_close(stream);
	}
	scene.client_used = used(&view);
	return 0;
}

static int play(void *arg)
{
	struct async_task *tasks[2];

	(void)arg;
	CHECK_INT(net_tls_server(&scene.server, scene.shown.cert, scene.shown.key), 0);
	CHECK_INT(net_tls_client(&scene.client,
				 &(struct net_tls_options){ .ca_file = scene.ca_file }),
		  0);
	CHECK_INT(net_listen(&scene.listener, "127.0.0.1", 0), 0);
	tasks[0] = async_create_task(serve, NULL);
	tasks[1] = async_create_task(visit, NULL);
	CHECK_INT(async_gather(tasks, 2, ASYNC_RAISE, NULL), 0);
	net_listener_close(scene.listener);
	net_tls_context_free(scene.server);
	net_tls_context_free(scene.client);
	return 0;
}

/* The system's certificates, where there are any, and one of ours: a store of the usual size. */
static const char *bundle_with(const char *own)
{
	FILE *system = fopen("/etc/ssl/certs/ca-certificates.crt", "r");

	if (!system)
		return own;
	fclose(system);
	return temp_file("bundle.pem",
			 format("%s%s", read_file("/etc/ssl/certs/ca-certificates.crt", NULL),
				read_file(own, NULL)));
}

static void measure(int rsa_bits)
{
	struct certs_pair root, middle;

	if (UNDER_ASAN || UNDER_TSAN || under_valgrind())
		NOT_HERE("frames are larger under a sanitizer");
	root = certs_make(
		&(struct certs_request){ .name = "root", .is_ca = true, .rsa_bits = rsa_bits });
	middle = certs_make(&(struct certs_request){
		.name = "middle", .is_ca = true, .rsa_bits = rsa_bits, .issuer = &root });
	scene.shown = certs_make(&(struct certs_request){
		.name = "leaf", .san = "DNS:localhost", .issuer = &middle, .rsa_bits = rsa_bits });
	scene.shown.cert = temp_file("chain.pem", format("%s%s", read_file(scene.shown.cert, NULL),
							 read_file(middle.cert, NULL)));
	scene.ca_file = bundle_with(root.cert);
	CHECK_INT(async_run(play, NULL), 0);
	CHECK_INT(scene.resumed, EXCHANGES - 1);
	printf("%zu bytes of stack for a client, %zu for a server\n", scene.client_used,
	       scene.server_used);
	CHECK(scene.client_used <= ALLOWED);
	CHECK(scene.server_used <= ALLOWED);
}

TEST_WITH_LIMIT(tls_with_ec_keys_leaves_half_of_the_stack, 20)
{
	measure(0);
}

TEST_WITH_LIMIT(tls_with_rsa_2048_leaves_half_of_the_stack, 20)
{
	measure(2048);
}
