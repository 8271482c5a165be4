// Loaded before the C library (LD_PRELOAD): counts the calls by which a program reads and writes
// files, and lets one of them fail. What it does is said by the environment:
//
//   FAULT_AT=N      the call that is struck, counted from 1; none where absent
//   FAULT_CALLS=W   the calls that count, such as "pwrite,fsync"; all where absent
//   FAULT_KIND=K    an errno by name; "short" (the call moves half of its bytes); "wrong" (pwrite
//                   writes another byte in the middle and says that all is well); "signal:NUMBER"
//                   (the process gets the signal before the call); "change:PATH" or "cut:PATH" (before
//                   the call the middle byte of that file is another, or the file half as long);
//                   "covert:PATH" (as change, and the time of the write is set back); "touch:PATH"
//                   (only the times are set, to what they are)
//   FAULT_FOLDER=P  only calls on files in that folder count, and what lies below
//   FAULT_LOG=P     gets one line for each call that counted: its number and its name
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic long calls;

static bool is_named(const char *name) {
  const char *list = getenv("FAULT_CALLS");
  if (list == NULL) return true;
  size_t length = strlen(name);
  for (const char *at = list; (at = strstr(at, name)) != NULL; at += length) {
    bool begins = at == list || at[-1] == ',';
    if (begins && (at[length] == ',' || at[length] == 0)) return true;
  }
  return false;
}

static bool is_below(const char *path) {
  const char *folder = getenv("FAULT_FOLDER");
  if (folder == NULL) return true;
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool is_watched(int descriptor, const char *path) {
  if (path != NULL && path[0] == '/') return is_below(path);
  char link[64], folder[PATH_MAX];
  if (descriptor == AT_FDCWD) return getenv("FAULT_FOLDER") == NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, folder, sizeof folder - 1);
  if (length < 0) return false;
  folder[length] = 0;
  return is_below(folder);
}

static int number_of(const char *name) {
  static const struct { const char *name; int number; } known[] = {
    {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT}, {"EACCES", EACCES},
    {"EMFILE", EMFILE}, {"ENOSYS", ENOSYS},
  };
  for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(name, known[i].name) == 0) return known[i].number;
  }
  abort();
}

static bool begins(const char *text, const char *word) {
  return strncmp(text, word, strlen(word)) == 0;
}

// Whether that was a kind of change.
static bool spoil(const char *kind) {
  bool cut = begins(kind, "cut:"), covert = begins(kind, "covert:"), touch = begins(kind, "touch:");
  if (!cut && !covert && !touch && !begins(kind, "change:")) return false;
  int file = (int)syscall(SYS_openat, AT_FDCWD, strchr(kind, ':') + 1, O_RDWR);
  off_t size = lseek(file, 0, SEEK_END);
  struct stat before;
  unsigned char byte;
  if (file < 0 || size < 1 || syscall(SYS_fstat, file, &before) != 0) abort();
  if (cut) {
    if (syscall(SYS_ftruncate, file, size / 2) != 0) abort();
  } else if (!touch) {
    if (syscall(SYS_pread64, file, &byte, 1, size / 2) != 1) abort();
    byte ^= 1;
    if (syscall(SYS_pwrite64, file, &byte, 1, size / 2) != 1) abort();
  }
  if (covert || touch) {
    // The system's clock for files advances every few milliseconds.
    usleep(20000);
    struct timespec times[] = {before.st_atim, before.st_mtim};
    if (futimens(file, times) != 0) abort();
  }
  close(file);
  return true;
}

enum { PROCEED = 0, SHORT = -1, WRONG = -2 };

// What is to be done with a call: PROCEED, SHORT, WRONG, or the errno it fails with.
static int verdict(const char *name, int descriptor, const char *path) {
  if (!is_named(name) || !is_watched(descriptor, path)) return PROCEED;
  int before = errno;
  long number = atomic_fetch_add(&calls, 1) + 1;
  const char *log = getenv("FAULT_LOG");
  if (log != NULL) {
    char line[128];
    int length = snprintf(line, sizeof line, "%ld %s\n", number, name);
    int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (syscall(SYS_write, file, line, length) != length) abort();
    syscall(SYS_close, file);
  }
  errno = before;
  const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
  if (at == NULL || kind == NULL || number != atol(at)) return PROCEED;
  if (strcmp(kind, "short") == 0) return SHORT;
  if (strcmp(kind, "wrong") == 0) return WRONG;
  if (spoil(kind)) return PROCEED;
  if (strncmp(kind, "signal:", 7) != 0) return number_of(kind);
  int sent = atoi(kind + 7);
  kill(getpid(), sent);
  // The process ends on this thread at once, or on another soon; for which that one may wait for this
  // call to return, as the handler does for files that are being created.
  for (int i = 0; i < 200; i++) usleep(1000);
  return PROCEED;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define FAIL_OR(result, name, descriptor, path)                            \
  int verdict_ = verdict(name, descriptor, path);                          \
  if (verdict_ > 0) {                                                      \
    errno = verdict_;                                                      \
    return result;                                                         \
  }

static size_t halved(int verdict, size_t count) {
  return verdict == SHORT && count > 1 ? count / 2 : count;
}

ssize_t pread(int fd, void *buffer, size_t count, off_t offset) {
  FAIL_OR(-1, "pread", fd, NULL)
  return REAL(pread)(fd, buffer, halved(verdict_, count), offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t count, off_t offset) {
  FAIL_OR(-1, "pwrite", fd, NULL)
  if (verdict_ == WRONG && count > 0) {
    unsigned char *changed = malloc(count);
    if (changed == NULL) abort();
    memcpy(changed, buffer, count);
    changed[count / 2] ^= 1;
    ssize_t done = REAL(pwrite)(fd, changed, count, offset);
    free(changed);
    return done;
  }
  return REAL(pwrite)(fd, buffer, halved(verdict_, count), offset);
}

ssize_t preadv(int fd, const struct iovec *pieces, int count, off_t offset) {
  FAIL_OR(-1, "preadv", fd, NULL)
  if (verdict_ != SHORT || count < 1 || pieces[0].iov_len < 2) {
    return REAL(preadv)(fd, pieces, count, offset);
  }
  struct iovec half = {pieces[0].iov_base, pieces[0].iov_len / 2};
  return REAL(preadv)(fd, &half, 1, offset);
}

int fsync(int fd) {
  FAIL_OR(-1, "fsync", fd, NULL)
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  FAIL_OR(-1, "fdatasync", fd, NULL)
  return REAL(fdatasync)(fd);
}

int sync_file_range(int fd, off_t offset, off_t length, unsigned flags) {
  FAIL_OR(-1, "sync_file_range", fd, NULL)
  return REAL(sync_file_range)(fd, offset, length, flags);
}

int ftruncate(int fd, off_t length) {
  FAIL_OR(-1, "ftruncate", fd, NULL)
  return REAL(ftruncate)(fd, length);
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  FAIL_OR(-1, "fallocate", fd, NULL)
  return REAL(fallocate)(fd, mode, offset, length);
}

int flock(int fd, int operation) {
  FAIL_OR(-1, "flock", fd, NULL)
  return REAL(flock)(fd, operation);
}

int fstat(int fd, struct stat *status) {
  FAIL_OR(-1, "fstat", fd, NULL)
  return REAL(fstat)(fd, status);
}

int fstatat(int folder, const char *path, struct stat *status, int flags) {
  FAIL_OR(-1, "fstatat", folder, path)
  return REAL(fstatat)(folder, path, status, flags);
}

int openat(int folder, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = va_arg(list, mode_t);
  va_end(list);
  FAIL_OR(-1, "openat", folder, path)
  return REAL(openat)(folder, path, flags, mode);
}

int mkdirat(int folder, const char *path, mode_t mode) {
  FAIL_OR(-1, "mkdirat", folder, path)
  return REAL(mkdirat)(folder, path, mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  FAIL_OR(-1, "renameat", from_folder, from)
  return REAL(renameat)(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  FAIL_OR(-1, "renameat2", from_folder, from)
  return REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int unlinkat(int folder, const char *path, int flags) {
  FAIL_OR(-1, "unlinkat", folder, path)
  return REAL(unlinkat)(folder, path, flags);
}
