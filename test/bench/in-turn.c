/*
 * in-turn ROUNDS PROGRAM...: runs the programs one after the other, this many times, and prints a line for
 * each run: which program, microseconds from its start to its end, and microseconds of CPU, as the kernel
 * counts them for it and for the children that it has waited for. If a program exits with a code other than 0,
 * this exits too: the program may have been quick because it failed.
 */
#include "now.h"
#include <sys/resource.h>

static long long us_of(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0;
  posix_spawn_file_actions_t actions;
  if (rounds < 1 || posix_spawn_file_actions_init(&actions) != 0 ||
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
      posix_spawn_file_actions_adddup2(&actions, 1, 2) != 0) {
    fputs("usage: in-turn ROUNDS PROGRAM...\n", stderr);
    return 2;
  }
  for (int round = 0; round < rounds; round++)
    for (int i = 2; i < argc; i++) {
      char *arguments[] = {argv[i], NULL};
      struct rusage used;
      int status;
      pid_t pid;
      long long started = now_us();
      if (posix_spawn(&pid, argv[i], &actions, NULL, arguments, environ) != 0 || wait4(pid, &status, 0, &used) != pid) {
        fprintf(stderr, "cannot run %s\n", argv[i]);
        return 1;
      }
      long long ended = now_us();
      if (status != 0) {
        fprintf(stderr, "%s ended with status %d\n", argv[i], status);
        return 1;
      }
      printf("%d %lld %lld\n", i - 2, ended - started, us_of(used.ru_utime) + us_of(used.ru_stime));
    }
  return 0;
}
