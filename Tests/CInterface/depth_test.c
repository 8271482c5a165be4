/* Depth of single pictures. */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dvla_picture decode(const char *name, dvla_image *image) {
  size_t size;
  uint8_t *file = read_file(fixture(name), &size);
  DONE(dvla_image_decode(file, size, image, &failure));
  free(file);
  dvla_picture picture = {sizeof picture};
  DONE(dvla_image_picture(*image, &picture, &failure));
  return picture;
}

static void check_file(dvla_depth_map map, const char *format, const char *expected) {
  size_t length = 0, size;
  DONE(dvla_depth_map_file(map, format, NULL, 0, &length, &failure));
  uint8_t *bytes = malloc(length), *file = read_file(fixture(expected), &size);
  REFUSED(64, "buffer.size", dvla_depth_map_file(map, format, bytes, length - 1, &length, &failure));
  DONE(dvla_depth_map_file(map, format, bytes, length, &length, &failure));
  CHECK_EQUAL(length, size);
  CHECK(length == size && memcmp(bytes, file, size) == 0);
  free(bytes);
  free(file);
}

/* The command wrote the files. */
static void check_depth(const char *bundle_name, const char *prefix, const char *meaning) {
  dvla_bundle bundle = open_bundle(bundle_name);
  dvla_depth_estimator estimator = NULL;
  DONE(dvla_depth_estimator_create(bundle, NULL, &estimator, &failure));
  close_bundle(bundle);
  dvla_image image = NULL;
  dvla_picture picture = decode("images/baseline-420.jpg", &image);
  dvla_depth_map map = NULL;
  DONE(dvla_depth_estimate(estimator, &picture, &map, &failure));
  DONE(dvla_depth_estimator_close(estimator, &failure));
  dvla_depth_info info = {sizeof info};
  DONE(dvla_depth_map_describe(map, &info, &failure));
  CHECK_TEXT(info.meaning, meaning);
  CHECK_EQUAL(info.height, picture.height);
  CHECK_EQUAL(info.width, picture.width);
  CHECK(info.model_height % 14 == 0 && info.model_width % 14 == 0);
  CHECK((info.maximum_metres > 0) == (strcmp(meaning, "metres") == 0));
  CHECK((info.steps_per_metre > 0) == (strcmp(meaning, "metres") == 0));
  size_t count = info.height * info.width;
  float *values = malloc(count * sizeof *values), least = INFINITY, greatest = -INFINITY;
  uint16_t *grey = malloc(count * sizeof *grey);
  DONE(dvla_depth_map_values(map, values, count, &failure));
  DONE(dvla_depth_map_grey16(map, grey, count, &failure));
  for (size_t i = 0; i < count; i++) {
    least = fminf(least, values[i]);
    greatest = fmaxf(greatest, values[i]);
  }
  CHECK(least == info.least && greatest == info.greatest);
  for (size_t i = 0; i < count; i++) {
    double step = info.steps_per_metre > 0
                      ? fmin(fmax(values[i] * info.steps_per_metre, 0), 65535)
                      : (double)(values[i] - least) / (double)(greatest - least) * 65535;
    if (!CHECK(fabs(grey[i] - step) <= 0.51)) break;
  }
  for (size_t wrong = 0; wrong < 2; wrong++) {
    size_t number = wrong ? count + 1 : count - 1;
    REFUSED(64, "buffer.size", dvla_depth_map_values(map, values, number, &failure));
    REFUSED(64, "buffer.size", dvla_depth_map_grey16(map, grey, number, &failure));
  }
  REFUSED(64, "argument.null", dvla_depth_map_values(map, NULL, count, &failure));
  REFUSED(64, "argument.null", dvla_depth_map_grey16(map, NULL, count, &failure));
  size_t length;
  REFUSED(64, "argument.range", dvla_depth_map_file(map, "tiff", NULL, 0, &length, &failure));
  REFUSED(64, "argument.null", dvla_depth_map_file(map, NULL, NULL, 0, &length, &failure));
  REFUSED(64, "argument.null", dvla_depth_map_file(map, "png", NULL, 0, NULL, &failure));
  char name[100];
  strcat(strcpy(name, prefix), "-16.png");
  check_file(map, "png16", name);
  strcat(strcpy(name, prefix), ".npy");
  check_file(map, "npy", name);
  strcat(strcpy(name, prefix), ".png");
  check_file(map, "png", name);
  free(values);
  free(grey);
  DONE(dvla_depth_map_close(map, &failure));
  DONE(dvla_image_close(image, &failure));
}

TEST(relative_depth_is_that_of_the_command) {
  check_depth("depth.dvla.safetensors", "expected/depth", "relative");
}

TEST(metric_depth_is_that_of_the_command) {
  check_depth("depth-metric.dvla.safetensors", "expected/depth-metric", "metres");
}

TEST(rows_may_have_gaps) {
  dvla_bundle bundle = open_bundle("depth.dvla.safetensors");
  dvla_depth_options options = {sizeof options, .threads = 2, .products = "exact", .input_size = 42};
  dvla_depth_estimator estimator = NULL;
  DONE(dvla_depth_estimator_create(bundle, &options, &estimator, &failure));
  close_bundle(bundle);
  dvla_image image = NULL;
  dvla_picture picture = decode("images/baseline-420.jpg", &image);
  size_t row = 3 * picture.width, stride = row + 17, count = picture.height * picture.width;
  /* Without a gap behind the last row. */
  uint8_t *gaps = malloc(stride * (picture.height - 1) + row);
  memset(gaps, 0xAB, stride * (picture.height - 1) + row);
  for (size_t y = 0; y < picture.height; y++) memcpy(gaps + y * stride, picture.rgb + y * row, row);
  dvla_picture same = picture;
  same.rgb = gaps;
  same.row_stride = stride;
  float *values[2] = {malloc(4 * count), malloc(4 * count)};
  const dvla_picture *both[] = {&picture, &same};
  for (int i = 0; i < 2; i++) {
    dvla_depth_map map = NULL;
    DONE(dvla_depth_estimate(estimator, both[i], &map, &failure));
    DONE(dvla_depth_map_values(map, values[i], count, &failure));
    DONE(dvla_depth_map_close(map, &failure));
  }
  CHECK(memcmp(values[0], values[1], 4 * count) == 0);
  free(values[0]);
  free(values[1]);
  free(gaps);
  DONE(dvla_image_close(image, &failure));
  DONE(dvla_depth_estimator_close(estimator, &failure));
}

TEST(pictures_of_impossible_sizes_are_refused) {
  dvla_bundle bundle = open_bundle("depth.dvla.safetensors");
  dvla_depth_estimator estimator = NULL;
  DONE(dvla_depth_estimator_create(bundle, NULL, &estimator, &failure));
  static const uint8_t pixel[3] = {1, 2, 3};
  dvla_depth_map map = NULL;
  const struct {
    size_t height, width, stride;
    int32_t status;
    const char *code;
  } cases[] = {
      {0, 1, 0, 65, "image.zero-size"},
      {1, 0, 0, 65, "image.zero-size"},
      {1, SIZE_MAX, 0, 65, "image.zero-size"},
      {SIZE_MAX / 2, SIZE_MAX / 2, 0, 65, "image.too-large"},
      {1, SIZE_MAX / 2, 0, 65, "image.too-large"},
      {SIZE_MAX / 6 + 1, 1, 0, 65, "image.too-large"},
      {1 << 20, 1 << 20, 0, 65, "image.too-large"},
      {1, 1, 2, 64, "argument.range"},
      {1, 1, SIZE_MAX, 64, "argument.range"},
      {1, 1, (1 << 24) + 1, 64, "argument.range"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dvla_picture picture = {sizeof picture, pixel, cases[i].height, cases[i].width, cases[i].stride, NULL};
    REFUSED(cases[i].status, cases[i].code, dvla_depth_estimate(estimator, &picture, &map, &failure));
  }
  dvla_picture picture = {sizeof picture, NULL, 1, 1, 0, NULL};
  REFUSED(64, "argument.null", dvla_depth_estimate(estimator, &picture, &map, &failure));
  picture.struct_size = sizeof picture - 1;
  picture.rgb = pixel;
  REFUSED(64, "structure.size", dvla_depth_estimate(estimator, &picture, &map, &failure));
  CHECK(map == NULL);
  /* The least there is. */
  picture.struct_size = sizeof picture;
  DONE(dvla_depth_estimate(estimator, &picture, &map, &failure));
  DONE(dvla_depth_map_close(map, &failure));
  DONE(dvla_depth_estimator_close(estimator, &failure));
  close_bundle(bundle);
}

TEST(estimators_that_cannot_be_made_are_refused) {
  dvla_bundle bundle = open_bundle("dinov2.dvla.safetensors");
  dvla_depth_estimator estimator = NULL;
  REFUSED(64, "depth.family", dvla_depth_estimator_create(bundle, NULL, &estimator, &failure));
  close_bundle(bundle);
  bundle = open_bundle("depth.dvla.safetensors");
  dvla_depth_options options = {sizeof options, .products = "quick"};
  REFUSED(64, "argument.range", dvla_depth_estimator_create(bundle, &options, &estimator, &failure));
  options = (dvla_depth_options){sizeof options, .threads = 257};
  REFUSED(64, "argument.range", dvla_depth_estimator_create(bundle, &options, &estimator, &failure));
  options = (dvla_depth_options){sizeof options, .input_size = 16385};
  REFUSED(64, "argument.range", dvla_depth_estimator_create(bundle, &options, &estimator, &failure));
  options = (dvla_depth_options){sizeof options, .input_size = UINT32_MAX};
  REFUSED(64, "argument.range", dvla_depth_estimator_create(bundle, &options, &estimator, &failure));
  CHECK(estimator == NULL);
  close_bundle(bundle);
}
