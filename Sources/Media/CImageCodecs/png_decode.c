#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

// Everything that changes after setjmp lives here, in the caller's frame, so that a longjmp leaves
// it unchanged.
struct reader {
  const uint8_t *bytes;
  size_t count, position;
  uint8_t **rows;
  int is_out_of_memory;
  struct image_failure *failure;
};

static png_voidp allocate(png_structp png, png_alloc_size_t count) {
  void *memory = malloc(count);
  if (memory == NULL) ((struct reader *)png_get_mem_ptr(png))->is_out_of_memory = 1;
  return memory;
}

static void release(png_structp png, png_voidp memory) {
  (void)png;
  free(memory);
}

static void fail(png_structp png, enum image_status status, const char *message) {
  struct reader *reader = png_get_error_ptr(png);
  reader->failure->status = reader->is_out_of_memory ? image_no_memory : status;
  reader->failure->offset = reader->position;
  snprintf(reader->failure->message, sizeof reader->failure->message, "%s", message);
  png_longjmp(png, 1);
}

static void on_error(png_structp png, png_const_charp message) {
  fail(png, image_corrupt, message);
}

static void read_bytes(png_structp png, png_bytep destination, size_t count) {
  struct reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->position) fail(png, image_truncated, "the data end early");
  memcpy(destination, reader->bytes + reader->position, count);
  reader->position += count;
}

static void decode(
    png_structp png, png_infop info, struct reader *reader, uint32_t width, uint32_t height,
    int channels, uint8_t *samples) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  png_set_read_fn(png, reader, read_bytes);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, (const png_byte *)"tRNS", 1);
  png_read_info(png, info);
  if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height)
    fail(png, image_mismatch, "another size than the header says");

  if (channels == 1) {
    png_set_packing(png);
  } else {
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
  }
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  size_t row_size = png_get_rowbytes(png, info);
  if (row_size != (size_t)channels * width)
    fail(png, image_mismatch, "another kind of row than the header says");

  reader->rows = malloc(height * sizeof *reader->rows);
  if (reader->rows == NULL) {
    reader->is_out_of_memory = 1;
    fail(png, image_no_memory, "no memory for row pointers");
  }
  for (uint32_t row = 0; row < height; row++) reader->rows[row] = samples + row * row_size;
  png_read_image(png, reader->rows);
  png_read_end(png, NULL);
  reader->failure->status = image_ok;
}

enum image_status image_png_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int channels,
    uint8_t *samples, struct image_failure *failure) {
  struct reader reader = {.bytes = bytes, .count = count, .failure = failure};
  *failure = (struct image_failure){.status = image_no_memory};
  // Warnings share the handler of errors: those left, once ancillary chunks are set aside, mean
  // that data are lost or superfluous.
  png_structp png = png_create_read_struct_2(
      PNG_LIBPNG_VER_STRING, &reader, on_error, on_error, &reader, allocate, release);
  if (png == NULL) return image_no_memory;
  png_infop info = png_create_info_struct(png);
  if (info != NULL) decode(png, info, &reader, width, height, channels, samples);
  png_destroy_read_struct(&png, &info, NULL);
  free(reader.rows);
  return failure->status;
}
