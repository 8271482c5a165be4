#define _GNU_SOURCE
#include "memory_file.h"
#include <sys/mman.h>

int memory_file_create(void) { return memfd_create("fuzz", MFD_CLOEXEC); }
