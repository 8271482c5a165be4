/* Decoding pictures. That the pixels are the right ones is shown by pictures_test.cpp. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(a_picture_is_decoded) {
  size_t size;
  uint8_t *file = read_file(fixture("images/rgb8.png"), &size);
  dvla_image image = NULL;
  DONE(dvla_image_decode(file, size, &image, &failure));
  /* What was passed is not needed any more. */
  memset(file, 0, size);
  free(file);
  dvla_picture picture = {sizeof picture};
  DONE(dvla_image_picture(image, &picture, &failure));
  CHECK_EQUAL(picture.height, 11);
  CHECK_EQUAL(picture.width, 13);
  CHECK_EQUAL(picture.row_stride, 0);
  CHECK(picture.name == NULL);
  DONE(dvla_image_close(image, &failure));
}

TEST(what_is_no_picture_is_refused) {
  dvla_image image = NULL;
  REFUSED(65, "image.unsupported-format", dvla_image_decode("GIF89a", 6, &image, &failure));
  REFUSED(65, "image.empty", dvla_image_decode("", 0, &image, &failure));
  REFUSED(65, "image.empty", dvla_image_decode(NULL, 0, &image, &failure));
  REFUSED(64, "argument.null", dvla_image_decode(NULL, 1, &image, &failure));
  REFUSED(64, "argument.range", dvla_image_decode("x", SIZE_MAX, &image, &failure));
  REFUSED(64, "argument.range", dvla_image_decode("x", SIZE_MAX / 2, &image, &failure));
  CHECK(image == NULL);
}

TEST(a_picture_that_is_cut_anywhere_is_refused) {
  const char *names[] = {"images/rgb8.png", "images/baseline-420.jpg", "images/progressive.jpg"};
  for (size_t i = 0; i < 3; i++) {
    size_t size;
    uint8_t *file = read_file(fixture(names[i]), &size);
    for (size_t cut = 0; cut < size; cut++) {
      /* Memory of exactly that size, so that a read past its end is seen. */
      uint8_t *part = malloc(cut);
      memcpy(part, file, cut);
      dvla_image image = NULL;
      int32_t status = dvla_image_decode(part, cut, &image, &failure);
      free(part);
      if (!CHECK_EQUAL(status, DVLA_MALFORMED) || !CHECK(image == NULL)) break;
    }
    free(file);
  }
}
