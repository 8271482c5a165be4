#include "DVLACKernels.h"

extern const dvla_kernels dvla_kernels_portable;
#if defined(__x86_64__)
extern const dvla_kernels dvla_kernels_avx2, dvla_kernels_avx512;
#elif defined(__aarch64__)
extern const dvla_kernels dvla_kernels_neon;
#endif

const dvla_kernels *dvla_kernels_for(dvla_instruction_set set) {
  switch (set) {
    case DVLA_PORTABLE:
      return &dvla_kernels_portable;
    case DVLA_AVX2:
#if defined(__x86_64__)
      // The builtin also asks the operating system whether it saves the registers.
      __builtin_cpu_init();
      if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")) {
        return &dvla_kernels_avx2;
      }
#endif
      return 0;
    case DVLA_AVX512:
#if defined(__x86_64__)
      __builtin_cpu_init();
      if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c")
          && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
          && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
        return &dvla_kernels_avx512;
      }
#endif
      return 0;
    case DVLA_NEON:
#if defined(__aarch64__)
      return &dvla_kernels_neon;
#else
      return 0;
#endif
  }
  return 0;
}
