#include "CFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// A slot goes FREE -> CREATING -> LIVE -> FREE. The handler may run on any thread at any time, and
// it never returns. Three things keep it right without a lock:
//
// 1. It sets `stopping` before it looks at a slot. Whoever claims a slot looks at `stopping` after
//    the claim, and waits for the end of the process when it is set. All of these are sequentially
//    consistent, so a slot that the handler saw LIVE is never written again.
// 2. Signals are blocked on the thread that is CREATING, so the handler is never on that thread
//    and may wait for it. No file appears after the handler has passed its slot.
// 3. It uses async-signal-safe calls alone. Folders are listed by getdents64, as readdir allocates.
enum { FREE, CREATING, LIVE };
enum { SLOT_COUNT = 256, NAME_SIZE = 256 };

struct slot {
  _Atomic int state;
  pid_t owner;
  int parent;
  bool is_folder;
  _Atomic bool outlives_signals;
  char name[NAME_SIZE];
};

static struct slot slots[SLOT_COUNT];
static _Atomic int stopping;
// How many threads do something that must not be interrupted.
static _Atomic int holders;
static int exit_status;
static const char *kept_message;

static void pause_for(int milliseconds) { poll(NULL, 0, milliseconds); }

static int claim(int parent, const char *name, bool is_folder) {
  if (strlen(name) >= NAME_SIZE) return -ENAMETOOLONG;
  for (int i = 0; i < SLOT_COUNT; i++) {
    int expected = FREE;
    if (!atomic_compare_exchange_strong(&slots[i].state, &expected, CREATING)) continue;
    // With signals blocked here, only another thread can be in the handler, and it ends us.
    while (atomic_load(&stopping)) pause_for(1000);
    slots[i].owner = getpid();
    slots[i].parent = parent;
    slots[i].is_folder = is_folder;
    atomic_store(&slots[i].outlives_signals, false);
    strcpy(slots[i].name, name);
    return i;
  }
  return -EMFILE;
}

int file_access_hold(int descriptor, int parent, const char *name) {
  while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return -errno;
  }
  // It may have lost its name before it was locked.
  struct stat ours, found;
  if (fstat(descriptor, &ours) != 0) return -errno;
  if (fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  return ours.st_dev == found.st_dev && ours.st_ino == found.st_ino ? 0 : -ENOENT;
}

// Marks a new entry as that of a living process. Another process that looks for leftovers may come
// between the creation and this: it then holds the lock or has removed the entry, and the caller
// tries another name.
static int hold_new(int descriptor, int parent, const char *name, bool is_folder) {
  int result = file_access_hold(descriptor, parent, name);
  if (result == 0) return descriptor;
  // On a file system without locks no process can mistake the entry for a leftover either.
  if (result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL || result == -ENOLCK ||
      result == -EBADF) {
    return descriptor;
  }
  if (result == -EWOULDBLOCK || result == -ENOENT) {
    result = -EEXIST;
  } else {
    unlinkat(parent, name, is_folder ? AT_REMOVEDIR : 0);
  }
  close(descriptor);
  return result;
}

static int open_folder(int parent, const char *name) {
  int folder;
  do {
    folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  } while (folder < 0 && errno == EINTR);
  return folder;
}

static int create(int parent, const char *name, mode_t mode, bool is_folder, int *slot) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int descriptor = -1;
  int index = claim(parent, name, is_folder);
  if (index < 0) {
    descriptor = index;
  } else if (is_folder) {
    descriptor = mkdirat(parent, name, mode) == 0 ? open_folder(parent, name) : -1;
    bool made = descriptor >= 0 || (errno != EEXIST && errno != ENOENT);
    if (descriptor < 0) {
      int reason = errno;
      if (made) unlinkat(parent, name, AT_REMOVEDIR);
      descriptor = -reason;
    }
  } else {
    do {
      descriptor = openat(parent, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) descriptor = -errno;
  }
  if (descriptor >= 0) descriptor = hold_new(descriptor, parent, name, is_folder);
  if (index >= 0) atomic_store(&slots[index].state, descriptor >= 0 ? LIVE : FREE);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  *slot = index;
  return descriptor;
}

int file_access_temporary_file(int parent, const char *name, mode_t mode, int *slot) {
  return create(parent, name, mode, false, slot);
}

int file_access_temporary_folder(int parent, const char *name, mode_t mode, int *slot) {
  return create(parent, name, mode, true, slot);
}

int file_access_temporary_adopt(int parent, const char *name) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int index = claim(parent, name, false);
  if (index >= 0) atomic_store(&slots[index].state, LIVE);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return index;
}

void file_access_temporary_outlives_signals(int slot) {
  atomic_store(&slots[slot].outlives_signals, true);
}

void file_access_temporary_keep(int slot) { atomic_store(&slots[slot].state, FREE); }

static void remove_entry(const struct slot *slot) {
  if (slot->is_folder) {
    file_access_remove_folder(slot->parent, slot->name);
  } else {
    unlinkat(slot->parent, slot->name, 0);
  }
}

void file_access_temporary_remove(int slot) {
  remove_entry(&slots[slot]);
  atomic_store(&slots[slot].state, FREE);
}

bool file_access_temporary_remove_all(void) {
  bool is_kept = false;
  for (int i = 0; i < SLOT_COUNT; i++) {
    // A creation that hangs (a dead network mount) must not hold up the end for ever.
    for (int waited = 0; atomic_load(&slots[i].state) == CREATING && waited < 1000; waited++) {
      pause_for(1);
    }
    // A child made by fork inherits the table but not the right to its parent's files.
    if (atomic_load(&slots[i].state) != LIVE || slots[i].owner != getpid()) continue;
    if (atomic_load(&slots[i].outlives_signals)) {
      is_kept = true;
    } else {
      remove_entry(&slots[i]);
    }
  }
  return is_kept;
}

struct entry {
  uint64_t inode;
  int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

static int remove_files(int folder) {
  _Alignas(struct entry) char buffer[4096];
  for (;;) {
    long size = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (size <= 0) return size < 0 ? -errno : 0;
    for (long at = 0; at < size;) {
      const struct entry *entry = (const struct entry *)(buffer + at);
      if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0) {
        unlinkat(folder, entry->name, 0);
      }
      at += entry->size;
    }
  }
}

int file_access_remove_folder(int parent, const char *name) {
  int folder = open_folder(parent, name);
  if (folder < 0) return -errno;
  // Listing while removing may skip entries, and another thread may still be adding some.
  int result = -ENOTEMPTY;
  for (int attempt = 0; attempt < 20 && result != 0; attempt++) {
    if (attempt > 0) pause_for(attempt);
    if (lseek(folder, 0, SEEK_SET) < 0 || (result = remove_files(folder)) < 0) break;
    result = unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
    if (result != 0 && result != -ENOTEMPTY && result != -EEXIST) break;
  }
  close(folder);
  return result;
}

// A holder reads `stopping` after it has counted itself, and the handler does the reverse, so that
// one of them waits for the other.
void file_access_hold_signals(sigset_t *before) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, before);
  atomic_fetch_add(&holders, 1);
  if (!atomic_load(&stopping)) return;
  atomic_fetch_sub(&holders, 1);
  for (;;) pause_for(1000);
}

void file_access_release_signals(const sigset_t *before) {
  atomic_fetch_sub(&holders, 1);
  pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void stop(int number) {
  (void)number;
  atomic_store(&stopping, 1);
  for (int waited = 0; atomic_load(&holders) > 0 && waited < 10000; waited++) pause_for(1);
  // Under a holder that hangs, names may stand for other files: all of them stay for the next run.
  if (atomic_load(&holders) > 0) _exit(exit_status);
  if (file_access_temporary_remove_all() && kept_message != NULL) {
    ssize_t ignored = write(STDERR_FILENO, kept_message, strlen(kept_message));
    (void)ignored;
  }
  _exit(exit_status);
}

int file_access_install_handlers(int status, const char *message) {
  exit_status = status;
  kept_message = message;
  struct sigaction action = {.sa_handler = stop};
  sigfillset(&action.sa_mask);
  const int ending[] = {SIGINT, SIGTERM, SIGHUP};
  for (unsigned i = 0; i < sizeof ending / sizeof ending[0]; i++) {
    struct sigaction before;
    if (sigaction(ending[i], NULL, &before) != 0) return -errno;
    if (before.sa_handler == SIG_IGN) continue;
    if (sigaction(ending[i], &action, NULL) != 0) return -errno;
  }
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  if (sigaction(SIGPIPE, &ignore, NULL) != 0) return -errno;
  if (sigaction(SIGXFSZ, &ignore, NULL) != 0) return -errno;
  return 0;
}
