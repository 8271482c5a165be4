#include "Products.h"

extern const dvla_product_kernels dvla_float_portable[], dvla_bf16_portable,
    dvla_int8_portable;
#if defined(__x86_64__)
extern const dvla_product_kernels dvla_float_avx2[], dvla_float_avx512[], dvla_bf16_avx512,
    dvla_int8_avx2, dvla_int8_avx_vnni, dvla_int8_avx512_vnni, dvla_int8_avx512_inner;

static int has_avx2(void) {
  // The builtin also asks the operating system whether it saves the registers.
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2");
}

static int has_avx2_and_fma(void) {
  return has_avx2() && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
         && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static int has_avx512_vnni(void) {
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#elif defined(__aarch64__)
#include <sys/auxv.h>
// Of Linux' asm/hwcap.h, older versions of which do not have both.
enum { HWCAP_SDOT = 1 << 20, HWCAP2_BFDOT = 1 << 14 };
extern const dvla_product_kernels dvla_bf16_neon, dvla_int8_neon_dot;
#endif

/// The kernels for one type of weights.
static const dvla_product_kernels *kernels_of(dvla_product_path path) {
  switch (path) {
    case DVLA_BF16_PORTABLE:
      return &dvla_bf16_portable;
    case DVLA_INT8_PORTABLE:
      return &dvla_int8_portable;
#if defined(__x86_64__)
    case DVLA_BF16_AVX512:
      return has_avx512() && __builtin_cpu_supports("avx512bf16") ? &dvla_bf16_avx512 : 0;
    case DVLA_INT8_AVX2:
      return has_avx2() ? &dvla_int8_avx2 : 0;
    case DVLA_INT8_AVX_VNNI:
      return has_avx2() && __builtin_cpu_supports("avxvnni") ? &dvla_int8_avx_vnni : 0;
    case DVLA_INT8_AVX512_VNNI:
      return has_avx512_vnni() ? &dvla_int8_avx512_vnni : 0;
    case DVLA_INT8_AVX512_INNER:
      return has_avx512_vnni() ? &dvla_int8_avx512_inner : 0;
#elif defined(__aarch64__)
    case DVLA_BF16_NEON:
      return getauxval(AT_HWCAP2) & HWCAP2_BFDOT ? &dvla_bf16_neon : 0;
    case DVLA_INT8_NEON_DOT:
      return getauxval(AT_HWCAP) & HWCAP_SDOT ? &dvla_int8_neon_dot : 0;
#endif
    default:
      return 0;
  }
}

const dvla_product_kernels *dvla_product_kernels_for(
    dvla_product_path path, dvla_weight_type weights) {
  switch (path) {
    case DVLA_F32_PORTABLE:
      return &dvla_float_portable[weights];
#if defined(__x86_64__)
    case DVLA_F32_AVX2:
      return has_avx2_and_fma() ? &dvla_float_avx2[weights] : 0;
    case DVLA_F32_AVX512:
      return has_avx512() && has_avx2_and_fma() ? &dvla_float_avx512[weights] : 0;
#endif
    default: {
      const dvla_product_kernels *kernels = kernels_of(path);
      // No other path multiplies half precision or float32.
      size_t bytes = weights == DVLA_BF16_WEIGHTS ? 2 : weights == DVLA_INT8_WEIGHTS ? 1 : 0;
      return kernels && kernels->element_bytes == bytes ? kernels : 0;
    }
  }
}

static _Bool is_available(dvla_product_path path) {
  for (int weights = 0; weights < DVLA_WEIGHT_TYPES; weights++) {
    if (dvla_product_kernels_for(path, (dvla_weight_type)weights)) return 1;
  }
  return 0;
}

_Bool dvla_product_path_is_fast(dvla_product_path path) {
  if (!is_available(path)) return 0;
  switch (path) {
#if defined(__x86_64__)
    case DVLA_BF16_AVX512:
      // AMD's take as many VDPBF16PS as FMA instructions in a cycle, Intel's half as many.
    case DVLA_INT8_AVX512_INNER:
      // AMD's add on twice as many ports as they multiply on, Intel's on the same ones.
      return __builtin_cpu_is("amd") != 0;
#elif defined(__aarch64__)
    // Every such processor has fused multiply-adds, and the compiler uses them.
    case DVLA_F32_PORTABLE:
#endif
    case DVLA_F32_AVX2:
    case DVLA_F32_AVX512:
    case DVLA_BF16_NEON:
    case DVLA_INT8_AVX2:
    case DVLA_INT8_AVX_VNNI:
    case DVLA_INT8_AVX512_VNNI:
    case DVLA_INT8_NEON_DOT:
      return 1;
    default:
      return 0;
  }
}
