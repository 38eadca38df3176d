/*
 * storm COUNT PROGRAM: runs PROGRAM so many times at once, and prints a line for each: exit code, microseconds.
 * All wait at a closed gate until the last one is there; the time runs from its opening to the end of the process.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv) {
  int gate[2];
  int count = argc == 3 ? atoi(argv[1]) : 0;
  if (count < 1 || pipe2(gate, O_CLOEXEC) != 0) {
    fputs("usage: storm COUNT PROGRAM\n", stderr);
    return 2;
  }
  for (int i = 0; i < count; i++) {
    pid_t pid = fork();
    if (pid < 0) {
      perror("cannot fork");
      return 1;
    }
    if (pid == 0) {
      char byte;
      int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
      close(gate[1]);
      dup2(null, 1);
      if (read(gate[0], &byte, 1) == 0) execl(argv[2], argv[2], (char *)NULL);
      _exit(126);
    }
  }
  long long opened = now_us();
  close(gate[1]);
  for (int i = 0; i < count; i++) {
    int status;
    if (wait(&status) < 0) return 1;
    printf("%d %lld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 256, now_us() - opened);
  }
  return 0;
}
