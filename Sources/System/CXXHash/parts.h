// Included once for every instruction set, with DVLA_NAME and XXH_VECTOR defined. All of xxhash.h
// becomes functions of the file that includes it.

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "CXXHash.h"

uint64_t DVLA_NAME(const dvla_bytes *parts, size_t count) {
  if (count == 1) return XXH3_64bits(parts[0].start, parts[0].count);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (size_t index = 0; index < count; index++) {
    XXH3_64bits_update(&state, parts[index].start, parts[index].count);
  }
  return XXH3_64bits_digest(&state);
}
