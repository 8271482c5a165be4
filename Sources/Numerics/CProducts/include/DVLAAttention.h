#ifndef DVLA_ATTENTION_H
#define DVLA_ATTENTION_H

#include "DVLACProducts.h"

#pragma clang assume_nonnull begin

// The two products of attention in float32, by a float32 path: scores = query keyᵀ and
// result = scores value, of one head. Sums are those of DVLACProducts.h, over the head's width and
// over the keys: every path gives the same bits. Keys and values are arranged once and then serve
// all queries, some of them at a time, so that their scores stay in a cache.
//
//   Domain: every float32; a NaN or an infinity spreads as in IEEE 754.
//   Error: at most about (128 + parts) 2^-24 of the sum of all |products|, in parts of 128 of them.

typedef struct dvla_attention_shape {
  size_t keys;
  size_t head_dim;      // of queries, keys, values and results
  size_t query_stride;  // floats from one query to the next, and from one result to the next
  size_t key_stride;    // floats from one key to the next, and from one value to the next
} dvla_attention_shape;

enum { DVLA_ATTENTION_PART = 64 };

/// Bytes of a head's keys and values as they are arranged.
size_t dvla_attention_arranged_bytes(dvla_attention_shape shape);

/// Arranges a part of a head's keys and values: DVLA_ATTENTION_PART keys, or as many as are left.
/// Parts may be arranged by several threads.
///
/// - path: an available one of float32, likewise of the other functions.
/// - key, value: float32, from the head's first element to the last key's last one.
/// - arranged: room for all parts, at a multiple of 64 bytes.
void dvla_attention_arrange(
    dvla_product_path path, dvla_attention_shape shape, const void *key, const void *value,
    size_t part, void *arranged);

/// Floats from one query's scores to the next one's, more than there are keys.
size_t dvla_attention_score_stride(dvla_attention_shape shape);

/// Bytes of scratch memory for so many queries.
size_t dvla_attention_scratch_bytes(dvla_attention_shape shape, size_t queries);

/// Scores of some queries, of each `keys` and then padding.
///
/// - scratch: at a multiple of 64 bytes.
/// - scores: room for all queries' strides.
void dvla_attention_scores(
    dvla_product_path path, dvla_attention_shape shape, const void *query, size_t queries,
    const void *arranged, void *scratch, void *scores);

/// Sums of values, each times its score. The padding of the scores does not matter.
///
/// - result: from the first query's first element to the last one's last; what lies between them
///   is not touched.
void dvla_attention_values(
    dvla_product_path path, dvla_attention_shape shape, const void *scores, size_t queries,
    const void *arranged, void *scratch, void *result);

#pragma clang assume_nonnull end

#endif
