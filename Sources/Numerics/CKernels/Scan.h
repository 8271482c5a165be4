// Included once for every instruction set.

/// Blocks small enough that a 16-bit lane counter cannot overflow.
#define DVLA_SCAN_BLOCK 4096

#define DVLA_SCAN(name, word, vector, signed_vector, lanes, infinity)                     \
  static void K(name)(const void *source, size_t count, dvla_scan_result *result) {       \
    const uint8_t *in = source;                                                           \
    const word magnitude = (word)((word) ~(word)0 >> 1);                                  \
    dvla_scan_result found = {0, 0, -1};                                                  \
    for (size_t start = 0; start < count; start += DVLA_SCAN_BLOCK) {                     \
      size_t rest = count - start;                                                        \
      size_t end = start + (rest < DVLA_SCAN_BLOCK ? rest : DVLA_SCAN_BLOCK);             \
      signed_vector nan_lanes = {0}, special_lanes = {0};                                 \
      size_t index = start;                                                               \
      for (; index + lanes <= end; index += lanes) {                                      \
        vector bits;                                                                      \
        DVLA_COPY(&bits, in + index * sizeof(word), sizeof bits);                         \
        bits &= magnitude;                                                                \
        nan_lanes += (signed_vector)bits > infinity;                                      \
        special_lanes += (signed_vector)bits >= infinity;                                 \
      }                                                                                   \
      size_t nan = 0, special = 0;                                                        \
      for (int lane = 0; lane < lanes; lane++) {                                          \
        nan += (size_t)-nan_lanes[lane];                                                  \
        special += (size_t)-special_lanes[lane];                                          \
      }                                                                                   \
      for (; index < end; index++) {                                                      \
        word bits;                                                                        \
        DVLA_COPY(&bits, in + index * sizeof(word), sizeof bits);                         \
        bits &= magnitude;                                                                \
        nan += bits > infinity;                                                           \
        special += bits >= infinity;                                                      \
      }                                                                                   \
      for (size_t at = start; special > 0 && found.first < 0; at++) {                     \
        word bits;                                                                        \
        DVLA_COPY(&bits, in + at * sizeof(word), sizeof bits);                            \
        if ((bits & magnitude) >= infinity) found.first = (ptrdiff_t)at;                  \
      }                                                                                   \
      found.nan_count += nan;                                                             \
      found.infinity_count += special - nan;                                              \
    }                                                                                     \
    *result = found;                                                                      \
  }

DVLA_SCAN(scan_f32, uint32_t, u32x16, i32x16, 16, 0x7F800000)
DVLA_SCAN(scan_bf16, uint16_t, u16x32, i16x32, 32, 0x7F80)
DVLA_SCAN(scan_f16, uint16_t, u16x32, i16x32, 32, 0x7C00)
#undef DVLA_SCAN
#undef DVLA_SCAN_BLOCK
