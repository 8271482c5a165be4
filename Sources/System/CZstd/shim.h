// The experimental parameters of the public header choose Huffman-only literals; the frames
// they make are ordinary zstd frames.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>
