#ifndef DVLA_CXXHASH_H
#define DVLA_CXXHASH_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct dvla_bytes {
  const void *_Nullable start;  // null only where there are no bytes
  size_t count;
} dvla_bytes;

/// XXH3 with 64 bits and seed 0 of the concatenated parts. The same number with and without AVX2.
uint64_t dvla_xxh3_64(const dvla_bytes *parts, size_t count);
/// The same without AVX2.
uint64_t dvla_xxh3_64_portable(const dvla_bytes *parts, size_t count);

/// XXH64, seed 0.
uint64_t dvla_xxh64(dvla_bytes bytes);

#pragma clang assume_nonnull end

#endif
