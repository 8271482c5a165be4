#define _GNU_SOURCE 1  // pipe2

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "CFiles.h"

// The end to write to. It is set before the first handler is.
static int pipe_end = -1;

static void note(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe holds more signals than anyone waits for.
  if (write(pipe_end, &byte, 1) < 0) { /* nothing can be done in a handler */
  }
  errno = before;
}

int file_access_await_signals(void) {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -errno;
  pipe_end = ends[1];
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  const int numbers[] = {SIGHUP, SIGINT, SIGTERM};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (sigaction(numbers[i], &action, NULL) != 0) return -errno;
  }
  return ends[0];
}
