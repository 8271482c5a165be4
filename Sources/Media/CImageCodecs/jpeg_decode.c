#include <setjmp.h>
#include <stdio.h>
#include <string.h>

// After stdio.h, which it needs.
#include <jerror.h>
#include <jpeglib.h>

#include "CImageCodecs.h"

// Everything that changes after setjmp lives here, in the caller's frame, so that a longjmp leaves
// it unchanged.
struct reader {
  struct jpeg_decompress_struct codec;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  const uint8_t *bytes;
  int maximum_scans;
  struct image_failure *failure;
};

static void leave(struct reader *reader, enum image_status status) {
  reader->failure->status = status;
  if (reader->codec.src != NULL && reader->codec.src->next_input_byte != NULL)
    reader->failure->offset = reader->codec.src->next_input_byte - reader->bytes;
  longjmp(reader->escape, 1);
}

static void fail(struct reader *reader, enum image_status status, const char *message) {
  snprintf(reader->failure->message, sizeof reader->failure->message, "%s", message);
  leave(reader, status);
}

static void on_error(j_common_ptr codec) {
  struct reader *reader = codec->client_data;
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  enum image_status status = image_corrupt;
  switch (codec->err->msg_code) {
    case JERR_OUT_OF_MEMORY: status = image_no_memory; break;
    case JERR_INPUT_EMPTY:
    case JERR_INPUT_EOF:
    case JWRN_JPEG_EOF: status = image_truncated; break;
  }
  fail(reader, status, message);
}

static void on_message(j_common_ptr codec, int level) {
  // libjpeg makes up samples for what is missing and says so in a warning, level -1.
  if (level < 0 && codec->err->msg_code != JWRN_JFIF_MAJOR) on_error(codec);
}

static void on_progress(j_common_ptr codec) {
  struct reader *reader = codec->client_data;
  if (reader->codec.input_scan_number > reader->maximum_scans)
    fail(reader, image_corrupt, "more scans than any encoder makes");
}

static void decode(
    struct reader *reader, size_t count, uint32_t width, uint32_t height, int components,
    uint8_t *samples) {
  struct jpeg_decompress_struct *codec = &reader->codec;
  if (setjmp(reader->escape) != 0) return;
  jpeg_create_decompress(codec);
  codec->client_data = reader;
  codec->progress = &reader->progress;
  jpeg_mem_src(codec, reader->bytes, count);
  jpeg_read_header(codec, TRUE);
  if (codec->image_width != width || codec->image_height != height
      || codec->num_components != components)
    fail(reader, image_mismatch, "another size than the frame header says");

  codec->out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  codec->dct_method = JDCT_ISLOW;
  jpeg_start_decompress(codec);
  size_t row_size = (size_t)width * components;
  if (codec->output_width != width || codec->output_height != height
      || codec->output_components != components)
    fail(reader, image_mismatch, "another kind of row than asked for");
  while (codec->output_scanline < height) {
    JSAMPROW row = samples + codec->output_scanline * row_size;
    jpeg_read_scanlines(codec, &row, 1);
  }
  // Reads on to the end marker, and warns where there is none.
  jpeg_finish_decompress(codec);
  reader->failure->status = image_ok;
}

enum image_status image_jpeg_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int components,
    int maximum_scans, uint8_t *samples, struct image_failure *failure) {
  struct reader reader;
  memset(&reader, 0, sizeof reader);
  *failure = (struct image_failure){.status = image_corrupt};
  reader.bytes = bytes;
  reader.maximum_scans = maximum_scans;
  reader.failure = failure;
  reader.codec.err = jpeg_std_error(&reader.errors);
  reader.codec.client_data = &reader;
  reader.errors.error_exit = on_error;
  reader.errors.emit_message = on_message;
  reader.progress.progress_monitor = on_progress;
  decode(&reader, count, width, height, components, samples);
  jpeg_destroy_decompress(&reader.codec);
  return failure->status;
}
