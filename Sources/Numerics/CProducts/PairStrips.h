// INT8 on 256-bit registers: pairs of 16-bit integers, multiplied and added by K(add_products).

/// sum += total * scale, rounded at each step.
DVLA_INLINE void K(add_scaled)(float *sum, __m256i total, const float *scale) {
  __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(total), _mm256_load_ps(scale));
  _mm256_store_ps(sum, _mm256_add_ps(_mm256_load_ps(sum), product));
}

/// A whole vector of rows at a time: twelve totals and two vectors of weights fill the registers.
DVLA_INLINE void K(int8_strip)(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units, width = units / strip.stage.blocks;
  for (int v = 0; v < vectors; v++) {
    const uint32_t *weights = strip.weights + (size_t)v * units * DVLA_LANES;
    size_t column = (size_t)v * DVLA_LANES, unit = 0;
    for (size_t block = 0; block < strip.stage.blocks; block++) {
      __m256i low[6], high[6];
      DVLA_UNROLL for (int t = 0; t < tokens; t++) low[t] = high[t] = _mm256_setzero_si256();
      for (size_t end = unit + width; unit < end; unit++) {
        const __m256i *w = (const __m256i *)(weights + unit * DVLA_LANES);
        __m256i w_low = _mm256_load_si256(w), w_high = _mm256_load_si256(w + 1);
        DVLA_UNROLL for (int t = 0; t < tokens; t++) {
          __m256i x =
              _mm256_set1_epi32(((const int32_t *)strip.words)[(size_t)t * units + unit]);
          low[t] = K(add_products)(low[t], x, w_low);
          high[t] = K(add_products)(high[t], x, w_high);
        }
      }
      const float *scale = strip.scales + block * DVLA_TILE_OUTPUTS + column;
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        float *sum = strip.sums + (size_t)t * DVLA_TILE_OUTPUTS + column;
        K(add_scaled)(sum, low[t], scale);
        K(add_scaled)(sum + 8, high[t], scale + 8);
      }
    }
  }
}
