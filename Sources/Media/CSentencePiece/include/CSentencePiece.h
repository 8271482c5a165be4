#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The two calls of the SentencePiece library that we need. It is C++, and reports errors by status
// and by exception; neither leaves these functions.

/// A loaded model. Encoding only reads it, so any number of threads may share one.
struct sentencepiece_model;

/// What went wrong, in the library's own words, ended by a zero byte.
struct sentencepiece_failure {
  char message[256];
};

/// Loads a serialised ModelProto, whose bytes are copied. Returns null if it is refused.
///
/// The library trusts what a ModelProto says about its tables, so the bytes must be checked first.
struct sentencepiece_model *sentencepiece_load(
    const uint8_t *bytes, size_t count, struct sentencepiece_failure *failure);

void sentencepiece_free(struct sentencepiece_model *model);

/// Encodes UTF-8 text. Writes at most `capacity` ids and returns how many, or -1 on failure or if
/// there are more.
ptrdiff_t sentencepiece_encode(
    const struct sentencepiece_model *model, const char *text, size_t count, int32_t *ids,
    size_t capacity, struct sentencepiece_failure *failure);

#ifdef __cplusplus
}
#endif

#endif
