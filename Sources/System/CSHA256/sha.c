#include "CSHA256.h"

#include <stdlib.h>

#if defined(__x86_64__)

#include <immintrin.h>

#define SHA __attribute__((target("sha,sse4.1")))

// FIPS 180-4, section 4.2.2.
static const uint32_t constants[64] __attribute__((aligned(16))) = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// The words of a state in the order that sha256rnds2 takes them: A, B, E, F and C, D, G, H, from
// the highest lane down.
typedef struct {
  __m128i abef, cdgh;
} lanes;

SHA static inline lanes load(const dvla_sha256_state *state) {
  __m128i dcba = _mm_loadu_si128((const __m128i *)&state->words[0]);
  __m128i hgfe = _mm_loadu_si128((const __m128i *)&state->words[4]);
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
  return (lanes){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0)};
}

SHA static inline void store(dvla_sha256_state *state, lanes from) {
  __m128i feba = _mm_shuffle_epi32(from.abef, 0x1B), dchg = _mm_shuffle_epi32(from.cdgh, 0xB1);
  _mm_storeu_si128((__m128i *)&state->words[0], _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128((__m128i *)&state->words[4], _mm_alignr_epi8(dchg, feba, 8));
}

// Four words of a block, which are big-endian.
SHA static inline __m128i words(const uint8_t *block, int group) {
  const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * group)), order);
}

// Rounds 4 r to 4 r + 3; `w` has the last 16 words of the schedule and gets the four that follow.
SHA static inline void rounds(lanes *s, __m128i w[4], int r) {
  __m128i now = _mm_add_epi32(w[r & 3], _mm_load_si128((const __m128i *)&constants[4 * r]));
  s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, now);
  if (r < 12) {
    __m128i sum = _mm_sha256msg1_epu32(w[r & 3], w[(r + 1) & 3]);
    sum = _mm_add_epi32(sum, _mm_alignr_epi8(w[(r + 3) & 3], w[(r + 2) & 3], 4));
    w[r & 3] = _mm_sha256msg2_epu32(sum, w[(r + 3) & 3]);
  }
  s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(now, 0x0E));
}

// With a count that the compiler knows, so that all lives in registers.
SHA __attribute__((always_inline)) static inline void add(
  dvla_sha256_state *const *states, const uint8_t *const *data, size_t count, const int width) {
  lanes sums[2];
  for (int i = 0; i < width; i++) sums[i] = load(states[i]);
  for (size_t block = 0; block < count; block++) {
    lanes now[2];
    __m128i w[2][4];
    for (int i = 0; i < width; i++) {
      now[i] = sums[i];
      for (int group = 0; group < 4; group++) w[i][group] = words(data[i] + 64 * block, group);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < 16; r++) {
#pragma clang loop unroll(full)
      for (int i = 0; i < width; i++) rounds(&now[i], w[i], r);
    }
    for (int i = 0; i < width; i++) {
      sums[i].abef = _mm_add_epi32(sums[i].abef, now[i].abef);
      sums[i].cdgh = _mm_add_epi32(sums[i].cdgh, now[i].cdgh);
    }
  }
  for (int i = 0; i < width; i++) store(states[i], sums[i]);
}

bool dvla_sha256_is_available(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sha") && __builtin_cpu_supports("sse4.1");
}

SHA void dvla_sha256_add(dvla_sha256_state *state, const void *blocks, size_t count) {
  dvla_sha256_state *states[] = {state};
  const uint8_t *data[] = {blocks};
  add(states, data, count, 1);
}

SHA void dvla_sha256_add_pair(
  dvla_sha256_state *a, const void *a_blocks, dvla_sha256_state *b, const void *b_blocks,
  size_t count) {
  dvla_sha256_state *states[] = {a, b};
  const uint8_t *data[] = {a_blocks, b_blocks};
  add(states, data, count, 2);
}

#else

// Elsewhere libcrypto is used, one after the other.
bool dvla_sha256_is_available(void) { return false; }

void dvla_sha256_add(dvla_sha256_state *state, const void *blocks, size_t count) { abort(); }

void dvla_sha256_add_pair(
  dvla_sha256_state *a, const void *a_blocks, dvla_sha256_state *b, const void *b_blocks,
  size_t count) {
  abort();
}

#endif
