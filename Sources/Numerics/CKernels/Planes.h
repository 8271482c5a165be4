// Included once for every instruction set.
//
// A word is rotated left by one, which puts the sign last and the whole exponent of a bfloat16
// or float32 into the first byte; plane 0 then holds the highest byte of every word.

static void K(split16)(const void *words, void *planes, size_t count) {
  const uint8_t *in = words;
  uint8_t *high = planes, *low = high + count;
  size_t index = 0;
  for (; index + 32 <= count; index += 32) {
    u16x32 word;
    DVLA_COPY(&word, in + index * 2, 64);
    word = (word << 1) | (word >> 15);
    u8x32 upper = __builtin_convertvector(word >> 8, u8x32);
    u8x32 lower = __builtin_convertvector(word & 0xFF, u8x32);
    DVLA_COPY(high + index, &upper, 32);
    DVLA_COPY(low + index, &lower, 32);
  }
  for (; index < count; index++) {
    uint16_t word;
    DVLA_COPY(&word, in + index * 2, 2);
    word = (uint16_t)(word << 1 | word >> 15);
    high[index] = (uint8_t)(word >> 8);
    low[index] = (uint8_t)word;
  }
}

static void K(merge16)(const void *planes, void *words, size_t count) {
  const uint8_t *high = planes, *low = high + count;
  uint8_t *out = words;
  size_t index = 0;
  for (; index + 32 <= count; index += 32) {
    u8x32 upper, lower;
    DVLA_COPY(&upper, high + index, 32);
    DVLA_COPY(&lower, low + index, 32);
    u16x32 word = __builtin_convertvector(upper, u16x32) << 8;
    word |= __builtin_convertvector(lower, u16x32);
    word = (word >> 1) | (word << 15);
    DVLA_COPY(out + index * 2, &word, 64);
  }
  for (; index < count; index++) {
    uint16_t word = (uint16_t)(high[index] << 8 | low[index]);
    word = (uint16_t)(word >> 1 | word << 15);
    DVLA_COPY(out + index * 2, &word, 2);
  }
}

static void K(split32)(const void *words, void *planes, size_t count) {
  const uint8_t *in = words;
  uint8_t *out = planes;
  size_t index = 0;
  for (; index + 16 <= count; index += 16) {
    u32x16 word;
    DVLA_COPY(&word, in + index * 4, 64);
    word = (word << 1) | (word >> 31);
    for (int plane = 0; plane < 4; plane++) {
      u8x16 bytes = __builtin_convertvector((word >> (24 - 8 * plane)) & 0xFF, u8x16);
      DVLA_COPY(out + (size_t)plane * count + index, &bytes, 16);
    }
  }
  for (; index < count; index++) {
    uint32_t word;
    DVLA_COPY(&word, in + index * 4, 4);
    word = word << 1 | word >> 31;
    for (int plane = 0; plane < 4; plane++) {
      out[(size_t)plane * count + index] = (uint8_t)(word >> (24 - 8 * plane));
    }
  }
}

static void K(merge32)(const void *planes, void *words, size_t count) {
  const uint8_t *in = planes;
  uint8_t *out = words;
  size_t index = 0;
  for (; index + 16 <= count; index += 16) {
    u32x16 word = {0};
    for (int plane = 0; plane < 4; plane++) {
      u8x16 bytes;
      DVLA_COPY(&bytes, in + (size_t)plane * count + index, 16);
      word |= __builtin_convertvector(bytes, u32x16) << (24 - 8 * plane);
    }
    word = (word >> 1) | (word << 31);
    DVLA_COPY(out + index * 4, &word, 64);
  }
  for (; index < count; index++) {
    uint32_t word = 0;
    for (int plane = 0; plane < 4; plane++) {
      word |= (uint32_t)in[(size_t)plane * count + index] << (24 - 8 * plane);
    }
    word = word >> 1 | word << 31;
    DVLA_COPY(out + index * 4, &word, 4);
  }
}
