#include <limits.h>
#include <zlib.h>

#include "CImageCodecs.h"

uint32_t image_crc32(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, count);
}

ptrdiff_t image_inflate(const uint8_t *bytes, size_t count, uint8_t *result, size_t capacity) {
  uLongf size = capacity;
  if (uncompress(result, &size, bytes, count) != Z_OK) return -1;
  return (ptrdiff_t)size;
}
