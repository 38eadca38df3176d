/*
 * Gives the native client replies over a real socket pair, many in one process, under AddressSanitizer and
 * UBSan.
 *
 * stdin: for each case the number of its pieces, then for each piece its length and its bytes; numbers are 16
 * bits, little-endian.
 * stdout: for each case one byte, the code that the client exits with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sanitizer/asan_interface.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_PIECES 64

static struct {
	char *bytes[MAX_PIECES];
	size_t lengths[MAX_PIECES];
	size_t count;
	size_t next;
	int fd;
} pieces;

static jmp_buf exited;
static char said[1024];
static size_t said_length;

/* The system's headers are included already, so only the client's own calls are replaced. */
static ssize_t fuzz_recv(int fd, void *into, size_t room, int flags);
static ssize_t fuzz_write(int fd, const void *text, size_t length);
__attribute__((noreturn)) static void fuzz_exit(int code);
#define recv fuzz_recv
#define write fuzz_write
#define exit fuzz_exit
#define main client_main
#include "../../client/readiness_probe.c"
#undef recv
#undef write
#undef exit
#undef main

static struct reply reply;

__attribute__((noreturn)) static void broken(const char *what)
{
	fprintf(stderr, "harness: %s\n", what);
	abort();
}

/*
 * Sends the next piece once the last one was read, so that the client receives them separately. Then ends the
 * stream.
 */
static void feed(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	if (poll(&readable, 1, 0) != 0)
		return;
	if (pieces.next < pieces.count) {
		size_t at = pieces.next++;
		if (send(pieces.fd, pieces.bytes[at], pieces.lengths[at], 0) != (ssize_t)pieces.lengths[at])
			broken("a piece does not fit into the socket");
	} else if (shutdown(pieces.fd, SHUT_WR) != 0) {
		broken("cannot end the reply");
	}
}

/* Poisons the buffer behind the received bytes, except for the NUL: the client must not read there. */
static ssize_t fuzz_recv(int fd, void *into, size_t room, int flags)
{
	feed(fd);
	ASAN_UNPOISON_MEMORY_REGION(reply.bytes, sizeof reply.bytes);
	ssize_t received = recv(fd, into, room, flags);
	char *behind = (char *)into + (received > 0 ? received : 0) + 1;
	ASAN_POISON_MEMORY_REGION(behind, (size_t)(reply.bytes + sizeof reply.bytes - behind));
	return received;
}

static ssize_t fuzz_write(int fd, const void *text, size_t length)
{
	if (fd != STDOUT_FILENO || said_length + length >= sizeof said)
		broken("the client writes where or what it should not");
	memcpy(said + said_length, text, length);
	said_length += length;
	return (ssize_t)length;
}

/* The client's output must be one line, with the code that it exits with. */
static void fuzz_exit(int code)
{
	said[said_length] = '\0';
	if (atoi(said) != code || strchr(said, '\n') != said + said_length - 1)
		broken("the client says another code than it exits with, or not one line");
	longjmp(exited, code);
}

/* Fills the buffer with what an earlier reply might have left. Read by mistake, it looks like a verdict. */
static void fill(size_t which)
{
	static const char *const left[] = {"0 Ready\n", "0123456789", "\r\n\r\n0 Ready ", "Content-Length: 8\r\n", "AaZz09"};
	const char *text = left[which % (sizeof left / sizeof left[0])];
	size_t length = strlen(text);
	ASAN_UNPOISON_MEMORY_REGION(reply.bytes, sizeof reply.bytes);
	reply = (struct reply){.length = 0};
	for (size_t i = 0; i < sizeof reply.bytes; i++)
		reply.bytes[i] = text[i % length];
}

static int code_of_case(size_t which)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		broken("no socket pair");
	fill(which);
	pieces.fd = fds[1];
	pieces.next = 0;
	said_length = 0;
	int code = setjmp(exited);
	if (code == 0) {
		read_reply(fds[0], &reply, "/run/readinessd.sock");
		code = code_in(&reply);
	}
	close(fds[0]);
	close(fds[1]);
	return code;
}

/* Returns false at the end of the input. */
static bool number(size_t *value)
{
	unsigned char bytes[2];
	if (fread(bytes, 1, 2, stdin) != 2)
		return false;
	*value = bytes[0] | (size_t)bytes[1] << 8;
	return true;
}

int main(void)
{
	(void)client_main;
	for (size_t which = 0; number(&pieces.count); which++) {
		if (pieces.count > MAX_PIECES)
			broken("too many pieces");
		for (size_t i = 0; i < pieces.count; i++) {
			if (!number(&pieces.lengths[i]))
				broken("half a case");
			pieces.bytes[i] = malloc(pieces.lengths[i] + 1);
			if (fread(pieces.bytes[i], 1, pieces.lengths[i], stdin) != pieces.lengths[i])
				broken("half a piece");
		}
		unsigned char code = (unsigned char)code_of_case(which);
		/*
		 * Written at once: if a later case ends the process, the number of codes so far tells which
		 * case it was.
		 */
		if (write(STDOUT_FILENO, &code, 1) != 1)
			broken("nobody reads");
		for (size_t i = 0; i < pieces.count; i++)
			free(pieces.bytes[i]);
	}
	return 0;
}
