// Pairs of 16-bit integers multiplied and added in plain C.

DVLA_INLINE void K(int8_strip)(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units, width = units / strip.stage.blocks;
  for (int v = 0; v < vectors; v++) {
    for (int t = 0; t < tokens; t++) {
      const int16_t *words = (const int16_t *)strip.words + (size_t)t * units * 2;
      const uint32_t *weights = strip.weights + (size_t)v * units * DVLA_LANES;
      float *to = strip.sums + t * DVLA_TILE_OUTPUTS + v * DVLA_LANES;
      f32x16 sums;
      DVLA_COPY(&sums, to, 64);
      for (size_t block = 0; block < strip.stage.blocks; block++) {
        i32x16 total = {0};
        for (size_t unit = 0; unit < width; unit++, words += 2, weights += DVLA_LANES) {
          i32x16 w;
          DVLA_COPY(&w, weights, 64);
          total += (w << 16 >> 16) * words[0] + (w >> 16) * words[1];
        }
        f32x16 scale;
        DVLA_COPY(&scale, strip.scales + block * DVLA_TILE_OUTPUTS + v * DVLA_LANES, 64);
        sums = sums + __builtin_convertvector(total, f32x16) * scale;
      }
      DVLA_COPY(to, &sums, 64);
    }
  }
}
