#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

struct writer {
  struct image_bytes *file;
  size_t capacity;
  struct image_failure *failure;
};

static void on_error(png_structp png, png_const_charp message) {
  struct writer *writer = png_get_error_ptr(png);
  writer->failure->status = image_corrupt;
  snprintf(writer->failure->message, sizeof writer->failure->message, "%s", message);
  png_longjmp(png, 1);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  struct writer *writer = png_get_io_ptr(png);
  struct image_bytes *file = writer->file;
  if (count > writer->capacity - file->count) {
    size_t capacity = 2 * writer->capacity + count;
    uint8_t *grown = realloc(file->start, capacity);
    if (grown == NULL) png_error(png, "no memory for the file");
    file->start = grown;
    writer->capacity = capacity;
  }
  memcpy(file->start + file->count, bytes, count);
  file->count += count;
}

static void flush(png_structp png) { (void)png; }

static void encode(
    png_structp png, png_infop info, struct writer *writer, const uint8_t *rows, uint32_t width,
    uint32_t height, int channels, int bit_depth) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_write_fn(png, writer, write_bytes, flush);
  // The settings decide the bytes: fixed here, so that they do not follow libpng's defaults.
  png_set_compression_level(png, 6);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_set_IHDR(
      png, info, width, height, bit_depth, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(png, info);
  size_t row_size = (size_t)width * channels * bit_depth / 8;
  for (uint32_t row = 0; row < height; row++) png_write_row(png, rows + row * row_size);
  png_write_end(png, NULL);
  writer->failure->status = image_ok;
}

enum image_status image_png_encode(
    const uint8_t *rows, uint32_t width, uint32_t height, int channels, int bit_depth,
    struct image_bytes *file, struct image_failure *failure) {
  struct writer writer = {.file = file, .failure = failure};
  *file = (struct image_bytes){0};
  *failure = (struct image_failure){.status = image_no_memory};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_error, NULL);
  if (png == NULL) return image_no_memory;
  png_infop info = png_create_info_struct(png);
  if (info != NULL) encode(png, info, &writer, rows, width, height, channels, bit_depth);
  png_destroy_write_struct(&png, &info);
  return failure->status;
}

void image_bytes_free(struct image_bytes *bytes) {
  free(bytes->start);
  *bytes = (struct image_bytes){0};
}
