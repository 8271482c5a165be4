#ifndef DVLA_VECTORS_H
#define DVLA_VECTORS_H

// Vector types and macros of CKernels and CProducts, whose files are written once and compiled for
// several instruction sets.

#include <stddef.h>
#include <stdint.h>

// A product that is rounded before it is added gives the same bits on every processor.
#pragma STDC FP_CONTRACT OFF

// Functions that take wide vectors are inlined, so how they would be passed does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

// Sixteen lanes everywhere. The compiler splits a vector into as many registers as the target
// needs, so one source serves all instruction sets and the order of additions never changes.
typedef float f32x16 __attribute__((vector_size(64)));
typedef double f64x16 __attribute__((vector_size(128)));
typedef int64_t i64x16 __attribute__((vector_size(128)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef int16_t i16x16 __attribute__((vector_size(32)));
typedef int16_t i16x32 __attribute__((vector_size(64)));
typedef uint16_t u16x32 __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint8_t u8x32 __attribute__((vector_size(32)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef float f32x8 __attribute__((vector_size(32)));
typedef double f64x8 __attribute__((vector_size(64)));
typedef int64_t i64x8 __attribute__((vector_size(64)));
typedef uint64_t u64x8 __attribute__((vector_size(64)));
typedef int8_t i8x16 __attribute__((vector_size(16)));

// The words, shifts and planes below are those of a little-endian processor.
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian processor");

#define DVLA_INLINE static inline __attribute__((always_inline, unused))
#define DVLA_COPY(to, from, bytes) __builtin_memcpy((to), (from), (bytes))
#define DVLA_UNROLL _Pragma("clang loop unroll(full)")
#define DVLA_PASTE2(a, b) a##_##b
#define DVLA_PASTE(a, b) DVLA_PASTE2(a, b)
/// The name of a function in an .inc file. The file that includes it defines DVLA_SUFFIX, so that
/// every instruction set has functions of its own.
#define K(name) DVLA_PASTE(name, DVLA_SUFFIX)

#endif
