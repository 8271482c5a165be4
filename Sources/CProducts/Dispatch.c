#include "Products.h"

extern const dvla_product_kernels dvla_bf16_portable, dvla_int8_portable;
#if defined(__x86_64__)
extern const dvla_product_kernels dvla_bf16_avx512, dvla_int8_avx512_vnni;
#endif

#if defined(__x86_64__)
static int has_avx512(void) {
  // The builtin also asks the operating system whether it saves the registers.
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("avx512f")
         && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
         && __builtin_cpu_supports("avx512vl");
}
#endif

const dvla_product_kernels *dvla_product_kernels_for(dvla_product_path path) {
  switch (path) {
    case DVLA_BF16_PORTABLE: return &dvla_bf16_portable;
    case DVLA_INT8_PORTABLE: return &dvla_int8_portable;
#if defined(__x86_64__)
    case DVLA_BF16_AVX512:
      return has_avx512() && __builtin_cpu_supports("avx512bf16") ? &dvla_bf16_avx512 : 0;
    case DVLA_INT8_AVX512_VNNI:
      return has_avx512() && __builtin_cpu_supports("avx512vnni") ? &dvla_int8_avx512_vnni : 0;
#endif
    default: return 0;
  }
}
