#ifndef DVLA_CSHA256_H
#define DVLA_CSHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The eight words of SHA-256 (FIPS 180-4) between two blocks.
typedef struct dvla_sha256_state {
  uint32_t words[8];
} dvla_sha256_state;

/// Whether this processor has the instructions that the functions below need.
bool dvla_sha256_is_available(void);

/// Adds `count` blocks of 64 bytes each to a state.
void dvla_sha256_add(dvla_sha256_state *state, const void *blocks, size_t count);

/// Adds `count` blocks to each of two states, which is done in little more than the time of one:
/// the instructions of one fill the waits of the other.
void dvla_sha256_add_pair(
  dvla_sha256_state *a, const void *a_blocks, dvla_sha256_state *b, const void *b_blocks,
  size_t count);

#pragma clang assume_nonnull end

#endif
