#define _GNU_SOURCE 1  // renameat2, fallocate, O_PATH

#include "CFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

const int file_access_lookup_only = O_PATH;

int file_access_rename_new(int parent, const char *from, const char *to) {
  if (renameat2(parent, from, parent, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -errno;
  // File systems without the flag: a hard link also refuses to replace.
  if (linkat(parent, from, parent, to, 0) != 0) return -errno;
  unlinkat(parent, from, 0);
  return 0;
}

int file_access_rename_exchange(int parent, const char *a, const char *b) {
  return renameat2(parent, a, parent, b, RENAME_EXCHANGE) == 0 ? 0 : -errno;
}

void file_access_begin_writing(int descriptor, off_t offset, off_t length) {
  sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE);
}

int file_access_finish_writing(int descriptor, off_t offset, off_t length) {
  const unsigned flags =
    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  while (sync_file_range(descriptor, offset, length, flags) != 0) {
    if (errno == EINTR) continue;
    // Some file systems and sandboxes know the whole file only.
    if (errno != ENOSYS && errno != EINVAL && errno != ESPIPE && errno != EOPNOTSUPP) return -errno;
    while (fdatasync(descriptor) != 0) {
      if (errno == EINVAL) return 0;
      if (errno != EINTR) return -errno;
    }
    return 0;
  }
  return 0;
}

int file_access_reserve(int descriptor, off_t length) {
  while (fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, length) != 0) {
    if (errno != EINTR) return -errno;
  }
  return 0;
}

void file_access_keep_freed_memory(int mapped, int kept) {
  mallopt(M_MMAP_THRESHOLD, mapped);
  mallopt(M_TRIM_THRESHOLD, kept);
}
