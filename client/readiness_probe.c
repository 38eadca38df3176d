/*
 * The native probe client: asks readinessd's socket and exits with the code of the answer.
 * One try, one deadline, no child process, no memory allocation.
 *
 * Rule: it exits 0 only for a whole reply of readinessd that says "0 Ready". The TypeScript client
 * (readiness_probe.ts) obeys the same contract, and one test table runs against both.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "contract.h" /* made by the build from shared/: exit codes, default paths, limits */

#define REPLY_BYTES 8192 /* headers and body; readinessd's are under 1.3 KiB */
#define LAST_LINE_MS 20  /* for the line that says that the deadline is over, if stdout is full */

static const char request[] = PROBE_REQUEST;

struct reply {
	char bytes[REPLY_BYTES + 2]; /* room for one byte too many, to notice a longer reply, and for a NUL */
	size_t length;
	size_t body_at; /* 0 until the headers are whole */
	size_t body_length;
	int status;
};

/*
 * The exit code when SIGALRM arrives: the deadline is over, whatever the client was doing or wherever it was
 * stopped.
 */
static volatile sig_atomic_t code_when_over = CODE_DaemonTimeout;
static char timeout_line[256];

static void set_deadline(int milliseconds)
{
	struct itimerval after = {.it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000}};
	setitimer(ITIMER_REAL, &after, NULL);
}

/* Writes the line. If stdout is full, the next alarm gives up. */
static void over(int signal_number)
{
	(void)signal_number;
	if (timeout_line[0] != '\0') {
		size_t length = strlen(timeout_line);
		char line[sizeof timeout_line];
		memcpy(line, timeout_line, length);
		timeout_line[0] = '\0';
		set_deadline(LAST_LINE_MS);
		if (write(STDOUT_FILENO, line, length) < 0)
			_exit(code_when_over);
	}
	_exit(code_when_over);
}

/* Starts the deadline. Its time also runs while the process is stopped; then the alarm comes before anything else. */
static void begin_deadline(void)
{
	struct sigaction action = {.sa_handler = over, .sa_flags = SA_NODEFER};
	sigset_t alarms;
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	set_deadline(DEFAULT_TIMEOUT_MS);
}

/* Sets the configured deadline, and prepares the line for its end. */
static void keep_deadline(const char *path, int timeout_ms)
{
	int length = snprintf(timeout_line, sizeof timeout_line, "%d DaemonTimeout readinessd at %s gave no whole answer within %d ms\n",
			      CODE_DaemonTimeout, path, timeout_ms);
	for (int i = 0; i < length - 1; i++)
		if ((unsigned char)timeout_line[i] < 0x20 || timeout_line[i] == 0x7f)
			timeout_line[i] = '?';
	set_deadline(timeout_ms);
}

/* Writes everything. What was not written was not said. At the deadline it exits with code_if_over. */
static int write_out(const char *text, size_t length, int code_if_over)
{
	timeout_line[0] = '\0';
	code_when_over = code_if_over;
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, text, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		text += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Prints a line of the client's own and exits. It replaces control characters in what it quotes. */
__attribute__((noreturn, format(printf, 3, 4))) static void say(int code, const char *reason, const char *format, ...)
{
	char line[512];
	size_t length = (size_t)snprintf(line, sizeof line, "%d %s ", code, reason);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line + length, sizeof line - length - 1, format, arguments);
	va_end(arguments);
	length = strlen(line);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[length++] = '\n';
	(void)write_out(line, length, code);
	exit(code);
}

__attribute__((noreturn)) static void unreachable(const char *path, int error)
{
	const char *cause = error == 0              ? "it closed the connection without an answer"
			    : error == ENOENT       ? "no such file"
			    : error == ECONNREFUSED ? "nobody listens"
			    : error == EACCES       ? "permission denied"
						    : NULL;
	char number[32];
	if (cause == NULL) {
		snprintf(number, sizeof number, "error %d", error);
		cause = number;
	}
	say(CODE_DaemonUnreachable, "DaemonUnreachable",
	    "cannot reach readinessd at %s: %s; see \"supervisorctl status readinessd\"", path, cause);
}

/* Waits if the backlog is full. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		unreachable(path, errno);
	memcpy(address.sun_path, path, strlen(path) + 1);
	while (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		if (errno != EINTR)
			unreachable(path, errno);
	return fd;
}

/* Ignores errors: read_reply() notices a peer that is gone. */
static void send_request(int fd)
{
	size_t sent = 0;
	while (sent < sizeof request - 1) {
		ssize_t count = send(fd, request + sent, sizeof request - 1 - sent, MSG_NOSIGNAL);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		sent += (size_t)count;
	}
}

/*
 * The Content-Length of the headers. -1 if there is none or more than one, if it is not plain digits, or if
 * the body is chunked.
 */
static long content_length(const char *headers, const char *end)
{
	static const char name[] = "content-length:";
	long length = -1;
	for (const char *line = headers; line < end;) {
		const char *line_end = memmem(line, (size_t)(end - line), "\r\n", 2);
		if (strncasecmp(line, "transfer-encoding:", 18) == 0)
			return -1;
		if (strncasecmp(line, name, sizeof name - 1) == 0) {
			const char *value = line + sizeof name - 1;
			value += strspn(value, " \t");
			size_t digits = strspn(value, "0123456789");
			if (length != -1 || digits == 0 || digits > 5 || value + digits + strspn(value + digits, " \t") != line_end)
				return -1;
			length = strtol(value, NULL, 10);
		}
		line = line_end + 2;
	}
	return length;
}

/* Parses what has arrived: 1 is a whole reply, 0 the beginning of one, -1 no reply of readinessd. */
static int parse(struct reply *reply)
{
	static const char start[] = "HTTP/1.1 ";
	const size_t start_length = sizeof start - 1;
	reply->bytes[reply->length] = '\0';
	if (memcmp(reply->bytes, start, reply->length < start_length ? reply->length : start_length) != 0)
		return -1;
	if (reply->body_at == 0) {
		const char *end = memmem(reply->bytes, reply->length, "\r\n\r\n", 4);
		if (end == NULL)
			return reply->length < REPLY_BYTES ? 0 : -1;
		const char *status = reply->bytes + start_length;
		if (strspn(status, "0123456789") != 3 || (status[3] != ' ' && memcmp(status + 3, "\r\n", 2) != 0))
			return -1;
		reply->status = atoi(status);
		reply->body_at = (size_t)(end - reply->bytes) + 4;
		const char *headers = (const char *)memmem(status, (size_t)(end + 2 - status), "\r\n", 2) + 2;
		long length = headers > end ? -1 : content_length(headers, end + 2);
		if (length < 0 || (size_t)length > REPLY_BYTES - reply->body_at)
			return -1;
		reply->body_length = (size_t)length;
	}
	size_t whole = reply->body_at + reply->body_length;
	return reply->length == whole ? 1 : reply->length < whole ? 0 : -1;
}

/* The code in the body, by the grammar of shared/reply.ts, or -1. */
static int code_in(const struct reply *reply)
{
	const char *body = reply->bytes + reply->body_at;
	for (size_t i = 0; i < reply->body_length; i++) {
		unsigned char byte = (unsigned char)body[i];
		if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
			return -1;
	}
	size_t digits = strspn(body, "0123456789");
	if (digits < 1 || digits > 3 || (digits > 1 && body[0] == '0') || body[digits] != ' ')
		return -1;
	int code = atoi(body);
	const char *reason = body + digits + 1;
	size_t letters = strspn(reason, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	if (letters == 0 || reason[0] < 'A' || reason[0] > 'Z')
		return -1;
	if (reason[letters] != ' ' && reason[letters] != '\n' && reason[letters] != '\0')
		return -1;
	int says_ready = letters == 5 && memcmp(reason, "Ready", 5) == 0;
	if (code > 255 || (code == CODE_Ready) != says_ready || reply->status != (code == CODE_Ready ? 200 : 503))
		return -1;
	return code;
}

static void read_reply(int fd, struct reply *reply, const char *path)
{
	for (;;) {
		ssize_t count = recv(fd, reply->bytes + reply->length, REPLY_BYTES + 1 - reply->length, 0);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0 && reply->length == 0)
			unreachable(path, count < 0 && errno != ECONNRESET ? errno : 0);
		if (count > 0)
			reply->length += (size_t)count;
		int state = count <= 0 ? -1 : parse(reply);
		if (state == 1 && code_in(reply) >= 0)
			return;
		if (state != 0)
			say(CODE_DaemonBadReply, "DaemonBadReply", "what answers at %s is not readinessd, or its answer was cut short", path);
	}
}

/* The timeout in milliseconds. If the setting is anything else, it exits. */
static int timeout_setting(void)
{
	const char *text = getenv(TIMEOUT_VARIABLE);
	if (text == NULL)
		return DEFAULT_TIMEOUT_MS;
	size_t length = strlen(text);
	int timeout_ms = length > 0 && length <= 5 && strspn(text, "0123456789") == length ? atoi(text) : 0;
	if (timeout_ms < 1 || timeout_ms > MAX_TIMEOUT_MS)
		say(CODE_ClientUsage, "ClientUsage", "cannot use " TIMEOUT_VARIABLE "=%.100s: must be a number of milliseconds from 1 to %d", text,
		    MAX_TIMEOUT_MS);
	return timeout_ms;
}

/* The socket's path: --socket, else the environment's, else the default. --help and --version print and exit. */
static const char *socket_setting(int count, char **arguments)
{
	const char *path = getenv(SOCKET_VARIABLE);
	for (int i = 0; i < count; i++) {
		if (strcmp(arguments[i], "--socket") == 0 && i + 1 < count) {
			path = arguments[++i];
		} else if (strncmp(arguments[i], "--socket=", 9) == 0) {
			path = arguments[i] + 9;
		} else if (strcmp(arguments[i], "--help") == 0) {
			static const char help[] = HELP;
			exit(write_out(help, sizeof help - 1, CODE_ClientBroken) == 0 ? 0 : CODE_ClientBroken);
		} else if (strcmp(arguments[i], "--version") == 0) {
			static const char version[] = "readiness_probe.sh " VERSION "\n";
			exit(write_out(version, sizeof version - 1, CODE_ClientBroken) == 0 ? 0 : CODE_ClientBroken);
		} else if (strcmp(arguments[i], "--socket") == 0) {
			say(CODE_ClientUsage, "ClientUsage", "--socket wants a path; " USAGE);
		} else {
			say(CODE_ClientUsage, "ClientUsage", "unknown argument %.100s; " USAGE, arguments[i]);
		}
	}
	if (path == NULL)
		return DEFAULT_SOCKET;
	if (path[0] != '/' || strlen(path) > MAX_SOCKET_PATH)
		say(CODE_ClientUsage, "ClientUsage", "cannot use socket %.100s: must be an absolute path of at most %d bytes", path, MAX_SOCKET_PATH);
	return path;
}

/*
 * If stdout were closed, the socket would become fd 1 and the answer go back to the daemon. Read-only, so a
 * write fails.
 */
static void occupy_standard_fds(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	static struct reply reply;
	/* readiness_probe.launch starts it: the kernel puts the #! line's argument and that file's name in front. */
	int first = argc > 2 && strcmp(argv[1], "--from-shim") == 0 ? 3 : 1;
	signal(SIGPIPE, SIG_IGN);
	begin_deadline();
	occupy_standard_fds();

	const char *path = socket_setting(argc - first, argv + first);
	keep_deadline(path, timeout_setting());
	int fd = connect_to(path);
	send_request(fd);
	read_reply(fd, &reply, path);

	int code = code_in(&reply);
	if (write_out(reply.bytes + reply.body_at, reply.body_length, code == CODE_Ready ? CODE_ClientBroken : code) == 0 || code != CODE_Ready)
		return code;
	fprintf(stderr, "%d ClientBroken cannot write the answer to stdout: %s\n", CODE_ClientBroken, strerror(errno));
	return CODE_ClientBroken;
}
