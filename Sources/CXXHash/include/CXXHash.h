#ifndef DVLA_CXXHASH_H
#define DVLA_CXXHASH_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct dvla_bytes {
  const void *start;
  size_t count;
} dvla_bytes;

/// XXH3, 64 bits, seed 0, of the parts as if they stood one after the other. The same number with
/// and without AVX2.
uint64_t dvla_xxh3_64(const dvla_bytes *parts, size_t count);
/// The same without AVX2.
uint64_t dvla_xxh3_64_portable(const dvla_bytes *parts, size_t count);

#pragma clang assume_nonnull end

#endif
