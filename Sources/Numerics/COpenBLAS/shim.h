#include <cblas.h>
#include <stdbool.h>

// Exported by builds of OpenBLAS for several processors, as Debian's are, and declared in no
// header. Null in builds for one processor.
__attribute__((weak)) void gotoblas_dynamic_quit(void);
__attribute__((weak)) void gotoblas_dynamic_init(void);

/// Whether OpenBLAS can choose its kernels again.
static inline bool dvla_openblas_can_choose(void) {
  return gotoblas_dynamic_quit && gotoblas_dynamic_init;
}

/// Chooses the kernels again: those that OPENBLAS_CORETYPE names or, where it is not set, those
/// that OpenBLAS considers right for this processor.
static inline void dvla_openblas_choose(void) {
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
}

/// What OpenBLAS's Haswell kernels need.
static inline bool dvla_has_avx2_and_fma(void) {
#if defined(__x86_64__)
  // The builtin also asks the operating system whether it saves the registers.
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

/// What OpenBLAS's SkylakeX kernels need.
static inline bool dvla_has_avx512(void) {
#if defined(__x86_64__)
  return dvla_has_avx2_and_fma() && __builtin_cpu_supports("avx512f")
         && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
         && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

/// Whether AVX-512 runs through halves of its width, as on AMD's Zen 4.
static inline bool dvla_halves_avx512(void) {
#if defined(__x86_64__)
  // Of the family's generations, Zen 3 has no AVX-512. The name znver4 is newer than some of the
  // libraries that answer this question.
  __builtin_cpu_init();
  return __builtin_cpu_is("amdfam19h") && dvla_has_avx512();
#else
  return false;
#endif
}
