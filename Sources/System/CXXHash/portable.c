// SSE2 on x86-64, Advanced SIMD on arm64: what every processor of the architecture has.
#define DVLA_NAME dvla_xxh3_64_portable
#include "parts.inc"

uint64_t dvla_xxh64(dvla_bytes bytes) { return XXH64(bytes.start, bytes.count, 0); }

#if defined(__x86_64__)
uint64_t dvla_xxh3_64_avx2(const dvla_bytes *parts, size_t count);
#endif

uint64_t dvla_xxh3_64(const dvla_bytes *parts, size_t count) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) return dvla_xxh3_64_avx2(parts, count);
#endif
  return dvla_xxh3_64_portable(parts, count);
}
