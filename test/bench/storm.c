/*
 * storm COUNT PROGRAM: starts PROGRAM this many times, each as soon as the one before runs, and prints a line
 * for each: exit code, and microseconds from its start to its end.
 */
#include "now.h"

struct run {
  pid_t pid;
  int status;
  long long started, ended;
};

/* Collects children that have ended. Waits for one if asked to. */
static int reap(struct run *runs, int count, int options) {
  int status, reaped = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, reaped == 0 ? options : WNOHANG)) > 0; reaped++)
    for (int i = 0; i < count; i++)
      if (runs[i].pid == pid && runs[i].ended == 0) {
        runs[i].ended = now_us();
        runs[i].status = status;
      }
  return reaped;
}

int main(int argc, char **argv) {
  int count = argc == 3 ? atoi(argv[1]) : 0;
  struct run *runs = calloc((size_t)count + 1, sizeof *runs);
  posix_spawn_file_actions_t actions;
  if (count < 1 || runs == NULL || posix_spawn_file_actions_init(&actions) != 0 ||
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0) {
    fputs("usage: storm COUNT PROGRAM\n", stderr);
    return 2;
  }
  int left = count;
  for (int i = 0; i < count; i++) {
    char *arguments[] = {argv[2], NULL};
    runs[i].started = now_us();
    if (posix_spawn(&runs[i].pid, argv[2], &actions, NULL, arguments, environ) != 0) {
      fprintf(stderr, "cannot start %s\n", argv[2]);
      return 1;
    }
    left -= reap(runs, i + 1, WNOHANG);
  }
  while (left > 0) left -= reap(runs, count, 0);
  for (int i = 0; i < count; i++)
    printf("%d %lld\n", WIFEXITED(runs[i].status) ? WEXITSTATUS(runs[i].status) : 256, runs[i].ended - runs[i].started);
  return 0;
}
