#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

// libpng and libjpeg report errors by longjmp, which must not cross Swift frames; these functions
// contain it. They read no byte outside `bytes` and write none outside the caller's buffers.

enum image_status {
  image_ok = 0,
  image_truncated,  // the data end early
  image_corrupt,    // the data break a rule of the format, or the codec warned of lost data
  image_mismatch,   // the codec sees another size or kind than the caller
  image_no_memory,
};

/// What went wrong, in the codec's own words.
struct image_failure {
  enum image_status status;
  size_t offset;  // how far the codec had read
  char message[256];
};

/// Decodes a PNG file of the given size to the given channels, row-major, `channels * width *
/// height` bytes. 3 channels: RGB; samples of fewer than 8 bits are scaled up, those of 16 bits
/// lose their low byte, grey is repeated, alpha is dropped. 1 channel: the indices of a file with a
/// palette. Ancillary chunks are ignored; every other warning is an error.
enum image_status image_png_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int channels,
    uint8_t *samples, struct image_failure *failure);

/// Bytes that the callee allocated and the caller frees.
struct image_bytes {
  uint8_t *start;
  size_t count;
};
void image_bytes_free(struct image_bytes *bytes);

/// Encodes rows of big-endian samples as a PNG file.
enum image_status image_png_encode(
    const uint8_t *rows, uint32_t width, uint32_t height, int channels, int bit_depth,
    struct image_bytes *file, struct image_failure *failure);

/// Decodes a JPEG file of the given size and components to grey, RGB or CMYK, row-major,
/// `components * width * height` bytes. Every warning except that of an unknown JFIF revision is an
/// error, and so are more than `maximum_scans` scans.
enum image_status image_jpeg_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int components,
    int maximum_scans, uint8_t *samples, struct image_failure *failure);

/// CRC-32 as PNG uses it.
uint32_t image_crc32(const uint8_t *bytes, size_t count);

/// Inflates a whole zlib stream. Returns its size, or -1 where it is corrupt or does not fit.
ptrdiff_t image_inflate(const uint8_t *bytes, size_t count, uint8_t *result, size_t capacity);

#endif
